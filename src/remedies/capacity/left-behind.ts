/**
 * What a failed create leaves behind. Its size can be changed, but its zone and priority cannot, so it has to be
 * deleted first, which needs the caller's permission.
 */
import { isFailedCreate, machineAt } from "../existing-machine.js";
import type { RemedyContext } from "../remedy.js";
import type { Candidate, MachinePlan } from "./machine-plan.js";
import type { Judged } from "./rank.js";

export interface LeftBehind {
  /** Candidates to try now. */
  readonly open: readonly Judged[];
  /** Candidates that the leftovers block. */
  readonly kept: readonly Judged[];
  /** Deletes what was left behind, if the candidate needs that. */
  readonly remove?: (candidate: Candidate) => Promise<void>;
}

/** Looks at what the failed create left behind, and sorts the candidates by whether that blocks them. */
export async function clearedFor(
  context: RemedyContext,
  plan: MachinePlan,
  candidates: readonly Judged[],
  deleteFailed: boolean,
): Promise<LeftBehind> {
  const moves = ({ zone, spot }: Candidate): boolean => zone !== plan.zone || spot !== plan.spot;
  if (!candidates.some(({ candidate }) => moves(candidate))) return { open: candidates, kept: [] };
  const left = await machineAt(context.send, context.request.url);
  if (!left) return { open: candidates, kept: [] };
  if (deleteFailed && isFailedCreate(left, context.created)) {
    const remove = async (candidate: Candidate): Promise<void> => {
      if (moves(candidate)) await context.send({ method: "DELETE", url: context.request.url });
    };
    return { open: candidates, kept: [], remove };
  }
  const why = deleteFailed
    ? "what has this name was not made by this call, so it is not deleted"
    : "the failed create left a machine behind whose zone and priority cannot be changed; allow { deleteFailed: true } or delete it";
  return {
    open: candidates.filter(({ candidate }) => !moves(candidate)),
    kept: candidates.filter(({ candidate }) => moves(candidate)).map(({ candidate }) => ({ candidate, reason: why })),
  };
}

/**
 * What became of the instances of a scale set that was just made. The set succeeds when its model is applied; that instances
 * found no room shows in the counts of its instance view alone.
 */
import type { RemedyContext } from "../remedy.js";

export interface FailedInstances {
  readonly failed: number;
  readonly all: number;
  /** Codes of the failures, as far as the view names them. */
  readonly codes: readonly string[];
}

interface View {
  readonly virtualMachine?: { readonly statusesSummary?: unknown };
}

/** Reads the instance view once. Gives nothing when no instance has failed. */
export async function failedInstancesOf(
  url: string,
  send: RemedyContext["send"],
): Promise<FailedInstances | undefined> {
  const { body } = await send({ method: "GET", url: url.replace(/\/?(?=\?|$)/, "/instanceView") });
  const { statusesSummary } = ((body ?? {}) as View).virtualMachine ?? {};
  const counts = (Array.isArray(statusesSummary) ? statusesSummary : []).flatMap((entry: unknown) => {
    const { code, count } = (entry ?? {}) as { code?: unknown; count?: unknown };
    const [, state = "", inner] =
      /^ProvisioningState\/(\w+)(?:\/(.+))?$/i.exec(typeof code === "string" ? code : "") ?? [];
    return state !== "" && typeof count === "number" ? [{ isFailed: /^failed$/i.test(state), inner, count }] : [];
  });
  const sum = (list: readonly { readonly count: number }[]): number => list.reduce((all, { count }) => all + count, 0);
  const failed = counts.filter(({ isFailed }) => isFailed);
  if (sum(failed) === 0) return undefined;
  return { failed: sum(failed), all: sum(counts), codes: [...new Set(failed.flatMap(({ inner }) => inner ?? []))] };
}

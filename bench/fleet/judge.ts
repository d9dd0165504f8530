/** Whether what a script says of its machines is true. */
import type { MachineReport, Played } from "./play.js";

export interface Verdict {
  readonly counts: Readonly<Record<string, number>>;
  /** Machines whose state is not what the script says of them, or of which it says nothing. */
  readonly untrue: readonly string[];
  /** Machines on which the script of the night ran more than once. */
  readonly ranTwice: readonly string[];
}

/** The job of the night: each machine is started, and a script, which must not run twice, runs on it. */
export function judge({ machines, statuses }: Played): Verdict {
  const counts: Record<string, number> = {};
  for (const status of statuses.values()) counts[status] = (counts[status] ?? 0) + 1;
  return {
    counts,
    untrue: machines.filter((machine) => !isTrue(statuses.get(machine.name), machine)).map(({ name }) => name),
    ranTwice: machines.filter(({ scripts }) => scripts > 1).map(({ name }) => name),
  };
}

function isTrue(status: string | undefined, { isRunning, starts, scripts }: MachineReport): boolean {
  const isDone = isRunning && scripts > 0;
  switch (status) {
    case "succeeded":
    case "skipped":
      return isDone;
    case "failed":
      return !isDone;
    case "unknown":
      // It says of the machine that nobody knows.
      return true;
    case "notStarted":
      return starts === 0 && scripts === 0;
    default:
      return false;
  }
}

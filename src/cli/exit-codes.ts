import { constants } from "node:os";

/** What the exit codes mean: one place, quoted by `--help`. `run` ends with the code of the command that it ran. */
export const exitCodes = {
  /** It did what it was asked to do. */
  ok: 0,
  /** It worked, and the answer is no: nothing known about the error, nothing found, mistakes in a rule file. */
  no: 1,
  /** Asked in a way that cannot be done: an unknown option, a file that is not there. */
  usage: 2,
  /** A package that the command needs is not installed. */
  missingPackage: 3,
  /** A defect of azure-remedy. */
  defect: 70,
  /** `run`: the command cannot be executed. */
  notExecutable: 126,
  /** `run`: there is no such command. */
  notFound: 127,
} as const;

/** 128 + n, as shells have it. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

export const exitCodesHelp = `
Exit codes:
  0    done
  1    done, and the answer is no: nothing known, nothing found, mistakes in a rule file
  2    asked in a way that cannot be done
  3    a package is missing; the message names it
  70   a defect of azure-remedy
  130  ended by Ctrl-C (128 + the number of the signal)`;

export const runExitCodesHelp = `
Exit codes:
  The command's own, of its last run; 128 + n when signal n ended it or the wait between two runs.
  2    asked in a way that cannot be done; nothing was run
  126  the command cannot be executed
  127  there is no such command`;

export const vmsExitCodesHelp = `
Exit codes:
  0    every machine has done it
  1    some have not; the table says why
  2    no machines, or asked in a way that cannot be done
  3    a package is missing; the message names it
  130  ended by Ctrl-C, after each machine got its result`;

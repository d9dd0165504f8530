import { constants } from "node:os";

/** The exit codes, quoted by `--help`. `run` ends with the code of the command that it ran. */
export const exitCodes = {
  ok: 0,
  /** It worked, but with a negative result: nothing known about the error, nothing found, mistakes in a rule file. */
  no: 1,
  /** Wrong usage: an unknown option, a missing file. */
  usage: 2,
  /** A package that the command needs is not installed. */
  missingPackage: 3,
  /** A bug in azure-remedy. */
  defect: 70,
  /** `run`: the command cannot be executed. */
  notExecutable: 126,
  /** `run`: there is no such command. */
  notFound: 127,
} as const;

/** 128 + n, as in shells. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

export const exitCodesHelp = `
Exit codes:
  0    done
  1    a negative result: nothing known, nothing found, or mistakes in a rule file
  2    wrong usage
  3    a package is missing; the message names it
  70   a bug in azure-remedy
  130  ended by Ctrl-C (128 + the number of the signal)`;

export const runExitCodesHelp = `
Exit codes:
  That of the command's last run; 128 + n if signal n ended it or a wait between runs.
  2    wrong usage; nothing was run
  126  the command cannot be executed
  127  command not found`;

export const vmsExitCodesHelp = `
Exit codes:
  0    every machine is done
  1    some are not; the table says why
  2    no machines, or wrong usage
  3    a package is missing; the message names it
  130  ended by Ctrl-C, after each machine got its result`;

import { exitCodes } from "./exit-codes.js";

/** A mistake of the user, or something missing on the machine. Printed without a stack. */
export class CliError extends Error {
  override readonly name = "CliError";

  /**
   * @param message what is wrong, naming the argument and its value
   * @param advice what to do about it; printed below
   */
  constructor(
    message: string,
    readonly advice: string,
    readonly exitCode: number = exitCodes.usage,
  ) {
    super(message);
  }
}

/** What became of a call that was to fail. */
import { isRemedyError, type RemedyError } from "azure-remedy";

/** The error of a call that must fail with one of ours. */
export async function remedyErrorOf(call: Promise<unknown>): Promise<RemedyError> {
  const error = await thrownBy(call);
  if (!isRemedyError(error)) throw new Error(`The call failed otherwise: ${String(error)}`, { cause: error });
  return error;
}

/** Whatever a call that must fail throws. */
export async function thrownBy(call: Promise<unknown>): Promise<Error> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("value" in outcome) throw new Error(`The call went well: ${JSON.stringify(outcome.value)}`);
  if (!(outcome.error instanceof Error)) throw new Error(`No error was thrown, but ${String(outcome.error)}`);
  return outcome.error;
}

/** The waits of a failed call, in the order of its attempts. */
export const waitsOf = (error: RemedyError): number[] => error.attempts.map(({ waitMs }) => waitMs);

/** Retry libraries as people use them around a call: p-retry and cockatiel, each with its defaults for the waits. */
import { ExponentialBackoff, handleAll, retry } from "cockatiel";
import pRetry from "p-retry";
import type { ProcessContext, Strategy } from "../scenario.js";

const retries = 10;

export const pRetryAlone: Strategy = {
  name: "p-retry",
  start: () => (context) => async () => {
    await pRetry(() => once(context), { retries });
    return true;
  },
};

export const cockatielAlone: Strategy = {
  name: "cockatiel",
  start: () => (context) => {
    const policy = retry(handleAll, { maxAttempts: retries, backoff: new ExponentialBackoff() });
    return async () => {
      await policy.execute(() => once(context));
      return true;
    };
  },
};

async function once({ send }: ProcessContext): Promise<void> {
  const { status } = await send();
  if (status !== 200) throw new Error(`status ${status}`);
}

/** The adaptive retry strategy of the AWS SDK for JavaScript, from its own package, driven as its middleware drives it. */
import { AdaptiveRetryStrategy } from "@smithy/util-retry";
import type { ServiceReply } from "../simulated-service.js";
import { waitIn } from "../simulated-service.js";
import type { Caller, ProcessContext, Strategy } from "../scenario.js";

/** @param maxAttempts 3 is its default */
export function awsAdaptive(name: string, maxAttempts: number): Strategy {
  return {
    name,
    start: () => (context) => caller(context, new AdaptiveRetryStrategy(() => Promise.resolve(maxAttempts))),
  };
}

function caller({ clock, send }: ProcessContext, strategy: AdaptiveRetryStrategy): Caller {
  return async () => {
    const initial = await strategy.acquireInitialRetryToken("");
    for (let token = initial as Parameters<typeof strategy.recordSuccess>[0]; ;) {
      const reply = await send();
      if (reply.status === 200) {
        strategy.recordSuccess(token);
        return true;
      }
      // Throws when the attempts or the quota are used up.
      token = (await strategy.refreshRetryTokenForRetry(token, errorInfo(reply, clock.now()))) as typeof token;
      await clock.sleep(token.getRetryDelay());
    }
  };
}

function errorInfo(
  { status, headers }: ServiceReply,
  now: number,
): Parameters<AdaptiveRetryStrategy["refreshRetryTokenForRetry"]>[1] {
  if (status !== 429) return { errorType: "SERVER_ERROR" };
  const wait = waitIn(headers, now);
  return { errorType: "THROTTLING", ...(wait !== undefined && { retryAfterHint: new Date(now + wait) }) };
}

/** The throttle, with the least of a retry loop around it: a rejected call asks for a permit again, a broken one after a eventTime. */
import { createThrottle } from "../../../src/throttle/local-throttle.js";
import type { Permit, Throttle, ThrottledRequest } from "../../../src/throttle/throttle.js";
import type { Caller, ProcessContext, Strategy } from "../scenario.js";
import { waitIn } from "../simulated-service.js";

const url =
  "https://management.azure.com/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm";
const requestBy = (method: string): ThrottledRequest => ({ method, url, headers: new Map<string, string>() });
const brokenMs = 800;
const mostTries = 9;

const estimates = (name: string, method: string): Strategy => ({
  name,
  start: () => (context) =>
    throttledCaller(createThrottle({ clock: context.clock, random: context.random }), context, method),
});

export const ownEstimates = estimates("azure-remedy", "PUT");
/** Most reads from a full bucket are not counted. */
export const ownEstimatesReading = estimates("azure-remedy, reading", "GET");

export function throttledCaller(throttle: Throttle, { clock, random, send }: ProcessContext, method = "PUT"): Caller {
  const request = requestBy(method);
  return async () => {
    const since = clock.now();
    for (let tries = 0; tries < mostTries;) {
      const admitted = throttle.admit(request, { since });
      const permit: Permit = admitted instanceof Promise ? await admitted : admitted;
      const { status, headers } = await send();
      const retryAfterMs = waitIn(headers, clock.now());
      permit.settle({ status, headers: new Map(Object.entries(headers)), retryAfterMs });
      if (status === 200) return true;
      if (status === 429) continue;
      tries++;
      await clock.sleep(brokenMs * (0.5 + random()));
    }
    return false;
  };
}

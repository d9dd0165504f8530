/**
 * A request whose deadline came between its arrival and the first look at the queue was refused before its caller had a promise
 * to be refused by, and waited for ever.
 */
import { createThrottle, ThrottleDeadlineError } from "azure-remedy";
import { expect, it } from "vitest";
import { operationUrl, readsLeft, reply, request } from "../throttle/support.js";
import { virtualClock } from "../support/virtual-clock.js";

/** @param stepMs what passes between two looks at the clock */
async function outcomeOf(leftMs: number, stepMs: number): Promise<unknown> {
  const still = virtualClock();
  let passed = 0;
  const clock = { now: () => still.now() + (passed += stepMs), sleep: still.sleep.bind(still) };
  const throttle = createThrottle({ clock, random: () => 0.5 });
  const poll = (id: string) => request("GET", operationUrl(id));
  const first = await throttle.admit(poll("1"), { poll: true });
  first.settle(reply(200, readsLeft(20)));
  // With so few reads left, polls are sent slowly: this one waits.
  const now = clock.now();
  const asked = Promise.resolve(throttle.admit(poll("2"), { poll: true, deadlineAt: now + leftMs }, now));
  const ended = asked.then(
    () => "admitted",
    (error: unknown) => error,
  );
  return Promise.race([ended, still.run(still.sleep(60_000)).then(() => "still waiting")]);
}

it.each([1, 20, 50])("no deadline is missed when %i ms pass between two looks at the clock", async (stepMs) => {
  for (let leftMs = 0; leftMs <= 100; leftMs += 1) {
    const outcome = await outcomeOf(leftMs, stepMs);
    expect(outcome === "admitted" || outcome instanceof ThrottleDeadlineError, `${leftMs} ms left`).toBe(true);
  }
});

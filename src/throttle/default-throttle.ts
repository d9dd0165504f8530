/** The throttle that all clients of the process share, unless they have their own. */
import { processWide } from "../process-wide.js";
import { systemClock, type Clock } from "../time/clock.js";
import { createThrottle, type CreatedThrottle } from "./local-throttle.js";

/** Raise it when a policy of another version can no longer use this {@link CreatedThrottle}. */
const throttleFormat = 1;

let processThrottle: CreatedThrottle | undefined;
/** One for each clock, since times of different clocks cannot be compared. */
const byClock = new WeakMap<Clock, CreatedThrottle>();

/** @param clock default the clock of the process */
export function defaultThrottle(clock: Clock = systemClock): CreatedThrottle {
  if (clock === systemClock) return (processThrottle ??= processWide("throttle", throttleFormat, createThrottle));
  let throttle = byClock.get(clock);
  if (throttle === undefined) {
    throttle = createThrottle({ clock });
    byClock.set(clock, throttle);
  }
  return throttle;
}

/** The throttle with a store that all processes share, a millisecond away. */
import { createThrottle } from "../../../src/throttle/local-throttle.js";
import { memoryThrottleStore } from "../../../src/throttle/lease/memory-store.js";
import type { ThrottleStore } from "../../../src/throttle/lease/store.js";
import type { Clock } from "../../../src/time/clock.js";
import type { Strategy } from "../scenario.js";
import { throttledCaller } from "./throttle.js";

const oneWayMs = 0.5;

/** @param counted called for every round trip */
export function withSharedStore(counted: () => void = () => undefined): Strategy {
  return {
    name: "azure-remedy with a store",
    start: (time) => {
      const store = remote(memoryThrottleStore(time), time, counted);
      return (context) => {
        const { clock, random } = context;
        return throttledCaller(createThrottle({ clock, random, store }), context);
      };
    },
  };
}

function remote(store: ThrottleStore, clock: Clock, counted: () => void): ThrottleStore {
  return {
    lease: async (slot, member, asks) => {
      counted();
      await clock.sleep(oneWayMs);
      const leases = await store.lease(slot, member, asks);
      await clock.sleep(oneWayMs);
      return leases;
    },
  };
}

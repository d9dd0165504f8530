/** The words by which faults are planted: `arm.fail`, `arm.reset`, `arm.throttle` and the others. */
import { plantChaos, type ChaosOptions } from "./chaos.js";
import {
  breakEffect,
  failEffect,
  latencyEffect,
  pageEffect,
  throttleEffect,
  type FailOptions,
  type FaultCode,
  type Moment,
  type RetryAfter,
  type ThrottleFaultOptions,
} from "./fault-effects.js";
import type { FaultPlacement, Faults, PlantedFault } from "./faults.js";

/** Where and how often a fault strikes, and whether the service acts on the request before. Default `before-execution`. */
export interface BreakOptions extends FaultPlacement {
  readonly after?: Moment;
}

export interface FaultControls {
  /**
   * Plants a failure: a catalog code (status and words come from the catalog, names from the request), a rule by its id,
   * a transport code (`"ECONNRESET"`, `"EAI_AGAIN"`), or the answer as it should come.
   * Throws a `TypeError` on an unknown code or a target that nothing can match.
   */
  fail(fault: FaultCode, options: FailOptions & FaultPlacement): PlantedFault;
  /** Resets the connection in place of the answer. */
  reset(options: BreakOptions): PlantedFault;
  /** Sends half of the answer's body and closes. The service has acted by then. */
  cutBody(options: FaultPlacement): PlantedFault;
  /** Never answers; with `inBody`, sends half of the answer's body (the service has acted by then) and falls silent. */
  hang(options: BreakOptions & { readonly inBody?: boolean }): PlantedFault;
  /** An HTML page of a gateway, without the headers of Resource Manager. `status` defaults to 502. */
  html(options: BreakOptions & { readonly status?: number; readonly retryAfter?: RetryAfter }): PlantedFault;
  /** 429, with the wait said in one way or another. The true buckets stay as they are. */
  throttle(options: FaultPlacement & ThrottleFaultOptions): PlantedFault;
  /** Answers `ms` milliseconds later. `times` defaults to `Infinity` here. */
  latency(options: FaultPlacement & { readonly ms: number }): PlantedFault;
  /** A mix of faults struck at random, from a seed. */
  chaos(options: ChaosOptions): PlantedFault;
  /** Takes back all planted faults, latencies and chaos. */
  clearFaults(): void;
}

export function faultControls(faults: Faults): FaultControls {
  return {
    fail: (fault, wanted) => faults.plant(wanted, failEffect(fault, wanted, faults.canBeOperation(wanted.on))),
    reset: (wanted) => faults.plant(wanted, breakEffect("reset", wanted.after ?? "before-execution")),
    cutBody: (wanted) => faults.plant(wanted, breakEffect("cut", "after-execution")),
    hang: (wanted) =>
      faults.plant(wanted, breakEffect(wanted.inBody ? "stalled" : "hung", wanted.after ?? "before-execution")),
    html: (wanted) =>
      faults.plant(wanted, pageEffect(wanted.status ?? 502, wanted.after ?? "before-execution", wanted.retryAfter)),
    throttle: (wanted) => faults.plant(wanted, throttleEffect(wanted)),
    latency: (wanted) => faults.plant({ times: Infinity, ...wanted }, latencyEffect(wanted.ms)),
    chaos: (wanted) => plantChaos(faults, wanted),
    clearFaults: () => faults.clear(),
  };
}

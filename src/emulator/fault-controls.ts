/** The functions that inject faults: `arm.fail`, `arm.reset`, `arm.throttle` and the others. */
import { checkNames, print } from "../option-check.js";
import { plantChaos, type ChaosOptions } from "./chaos.js";
import {
  breakEffect,
  failEffect,
  failNames,
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

/**
 * Where and how often a fault applies, and whether the service executes the request first. Default `before-execution`.
 */
export interface BreakOptions extends FaultPlacement {
  readonly after?: Moment;
}

export interface FaultControls {
  /**
   * Injects a failure: a catalog code (status and message from the catalog, names from the request), a rule by its id,
   * a transport code (`"ECONNRESET"`, `"EAI_AGAIN"`), or a complete response. Throws a `TypeError` for an unknown code
   * or a target that nothing can match.
   */
  fail(fault: FaultCode, options: FailOptions & FaultPlacement): PlantedFault;
  /** Resets the connection instead of responding. */
  reset(options: BreakOptions): PlantedFault;
  /** Sends half of the response body and closes the connection. The service has executed the request by then. */
  cutBody(options: FaultPlacement & { readonly after?: "after-execution" }): PlantedFault;
  /**
   * Never responds; with `inBody`, sends half of the response body (the service has executed the request by then) and
   * then nothing.
   */
  hang(options: BreakOptions & { readonly inBody?: boolean }): PlantedFault;
  /** A gateway's HTML error page, without the headers of Resource Manager. `status` defaults to 502. */
  html(options: BreakOptions & { readonly status?: number; readonly retryAfter?: RetryAfter }): PlantedFault;
  /** A 429 that states the wait in one way or another. The real buckets are not changed. */
  throttle(options: FaultPlacement & ThrottleFaultOptions): PlantedFault;
  /** Responds `ms` milliseconds later. `times` defaults to `Infinity` here. */
  latency(options: FaultPlacement & { readonly ms: number }): PlantedFault;
  /** A mix of random faults from a seed. */
  chaos(options: ChaosOptions): PlantedFault;
  /** Removes all injected faults, latencies and chaos. */
  clearFaults(): void;
}

const throttleNames = ["retryAfter", "hint", "from"];

/** @throws TypeError unless it says where the fault applies, with existing names */
function placed<Wanted extends FaultPlacement>(control: string, wanted: Wanted, names: readonly string[] = []): Wanted {
  if (typeof wanted !== "object" || (wanted as unknown) === null) {
    throw new TypeError(
      `${control} needs where it strikes, like { on: "PUT virtualMachines" }; it got ${print(wanted)}.`,
    );
  }
  checkNames(control, wanted, ["on", "times", "when", ...names]);
  return wanted;
}

export function faultControls(faults: Faults): FaultControls {
  return {
    fail: (fault, wanted) => {
      placed("fail", wanted, failNames);
      return faults.plant(wanted, failEffect(fault, wanted, faults.canBeOperation(wanted.on)));
    },
    reset: (wanted) => {
      const { after = "before-execution" } = placed("reset", wanted, ["after"]);
      return faults.plant(wanted, breakEffect("reset", after));
    },
    cutBody: (wanted) => {
      const { after = "after-execution" } = placed<BreakOptions>("cutBody", wanted, ["after"]);
      if (after === "after-execution") return faults.plant(wanted, breakEffect("cut", after));
      throw new TypeError(
        `cutBody: after must be after-execution, not ${print(after)}: an answer is cut when there is one.`,
      );
    },
    hang: (wanted) => {
      const { after = "before-execution", inBody = false } = placed("hang", wanted, ["after", "inBody"]);
      return faults.plant(wanted, breakEffect(inBody ? "stalled" : "hung", after));
    },
    html: (wanted) => {
      const {
        status = 502,
        after = "before-execution",
        retryAfter,
      } = placed("html", wanted, ["status", "after", "retryAfter"]);
      return faults.plant(wanted, pageEffect(status, after, retryAfter));
    },
    throttle: (wanted) => faults.plant(placed("throttle", wanted, throttleNames), throttleEffect(wanted)),
    latency: (wanted) =>
      faults.plant({ times: Infinity, ...placed("latency", wanted, ["ms"]) }, latencyEffect(wanted.ms)),
    chaos: (wanted) => plantChaos(faults, wanted),
    clearFaults: () => faults.clear(),
  };
}

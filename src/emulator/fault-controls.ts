/** The words by which faults are planted: `arm.fail`, `arm.reset`, `arm.throttle` and the others. */
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
  cutBody(options: FaultPlacement & { readonly after?: "after-execution" }): PlantedFault;
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

const throttleNames = ["retryAfter", "hint", "from"];

/** @throws TypeError unless it says where the fault strikes, by names that exist */
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

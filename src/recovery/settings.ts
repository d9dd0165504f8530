/** The options of a client with all defaults, and the time they leave. */
import type { Catalog } from "../catalog/catalog.js";
import type { ResultKind } from "../failure/results.js";
import { print } from "../option-check.js";
import type { Remedy } from "../remedies/remedy.js";
import type { ThrottleListener } from "../throttle/events.js";
import type { Throttle } from "../throttle/throttle.js";
import type { Clock, Random } from "../time/clock.js";
import type { EventReporter } from "./event-reporter.js";
import type { EvidenceSource } from "./evidence.js";
import type { Telemetry } from "./telemetry.js";

/** When a call must have ended: a time, epoch milliseconds, or a function that returns the milliseconds left. */
export type Deadline = Date | number | (() => number);

/**
 * `throw` an error, `return` the response, or `auto`: throw for responses of Resource Manager, return those of other
 * services.
 */
export type FailedResponses = "auto" | "throw" | "return";

export interface Settings {
  readonly maxRetries: number;
  readonly maxElapsedMs: number;
  readonly maxResubmissions: number;
  /** Undefined: a default that depends on the host. */
  readonly attemptTimeoutMs: number | undefined;
  readonly deadline: Deadline | undefined;
  readonly remedies: readonly Remedy[];
  readonly evidence: readonly EvidenceSource[];
  /** Undefined: each source's own. */
  readonly evidenceBudgetMs: number | undefined;
  /** Kinds of results that become errors if something in them failed. */
  readonly failOn: ReadonlySet<ResultKind>;
  readonly throttle: Throttle;
  readonly priority: "foreground" | "background";
  /** What happens to a failed response if the policy was added by hand. */
  readonly failedResponses: FailedResponses;
  readonly circuitBreaker: { readonly failures: number; readonly probeAfterMs: number } | undefined;
  readonly reporter: EventReporter;
  readonly telemetry: Telemetry | undefined;
  /** The throttle does not keep listeners alive; this reference does, as long as the client lives. */
  readonly throttleListener: ThrottleListener | undefined;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Milliseconds left until the deadline; undefined without one. A deadline function that throws or does not return a
 * number counts as none.
 */
export function remainingMs(settings: Settings, now: number): number | undefined {
  const { deadline } = settings;
  if (deadline === undefined) return undefined;
  if (typeof deadline === "number") return deadline - now;
  if (deadline instanceof Date) return deadline.getTime() - now;
  try {
    const left = deadline();
    if (typeof left === "number" && !Number.isNaN(left)) return left;
    settings.reporter.fault("options.deadline", `it gave ${print(left)}, not a number of milliseconds`, now);
  } catch (error) {
    settings.reporter.fault("options.deadline", error, now);
  }
  return undefined;
}

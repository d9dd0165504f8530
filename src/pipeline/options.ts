/** The options of a caller, their defaults, and their check at creation. */
import type { Catalog } from "../catalog/catalog.js";
import { defaultCatalog } from "../catalog/default-catalog.js";
import { defaultBudget } from "../decision/decide.js";
import { resultKinds, type ResultKind } from "../failure/results.js";
import { EventReporter, throttleListenerOf } from "../recovery/event-reporter.js";
import type { RemedyEventListener } from "../recovery/events.js";
import type { EvidenceSource } from "../recovery/evidence.js";
import type { Deadline, FailedResponses, Settings } from "../recovery/settings.js";
import type { Telemetry } from "../recovery/telemetry.js";
import type { Remedy } from "../remedies/remedy.js";
import { check, checkCount, checkMs, checkNames } from "../option-check.js";
import { defaultThrottle } from "../throttle/default-throttle.js";
import type { Throttle } from "../throttle/throttle.js";
import { systemClock, type Clock, type Random } from "../time/clock.js";

export type Mode = "on" | "observe" | "off";

/** All optional: `remedyPolicy({})` is ready for production. */
export interface RemedyOptions {
  /** Retries after the first attempt; waits for throttling do not count. 0 means one attempt. Default 8. */
  maxRetries?: number;
  /**
   * Milliseconds after the first attempt (for a long-running operation: after its first failure) at which retries end.
   * Default 1800000 (30 minutes).
   */
  maxElapsedMs?: number;
  /** How often the first request of a failed long-running operation is sent again. Default 3. */
  maxResubmissions?: number;
  /**
   * Milliseconds that one attempt may take, body included; 0 for no limit. A request with its own `timeout` keeps that
   * instead. Default 300000 for Resource Manager, whose gateway gives up long before, and no limit for other hosts.
   */
  attemptTimeoutMs?: number;
  /** When a call must have ended. A wait that would pass it ends at once, and the error says when to come back. */
  deadline?: Deadline;
  /**
   * The automatic remedies that may run, in the order to try: `[registerProvider(), deallocateFirst({ startAgain: true
   * })]`. Default none.
   */
  remedies?: readonly Remedy[];
  /**
   * What may be read when a call fails: `standardEvidence()` of `azure-remedy/evidence`, or a list of its sources.
   * Default none.
   */
  evidence?: readonly EvidenceSource[];
  /** Milliseconds that gathering evidence for one failure may take. Default 5000, and 15000 for the boot log. */
  evidenceBudgetMs?: number;
  /**
   * Results of successful requests that become errors if something in them failed: `["runCommand", "bulk"]`. Default
   * none: they stay results.
   */
  failOn?: readonly ResultKind[];
  /** An independent throttle, from `createThrottle()`. Default: the one that all clients of the process share. */
  throttle?: Throttle;
  /** `background` calls yield to the others while the service throttles. Default `foreground`. */
  priority?: "foreground" | "background";
  /**
   * What happens to a failed response that cannot be recovered, if `remedyPolicy()` was added by hand. `throw`: a
   * `RemedyError`. `return`: the response, as the SDK's own retry policy would; `diagnose(response)` explains it.
   * `auto`: thrown if Resource Manager responded, returned for any other service, whose clients answer challenges and
   * read statuses themselves (Key Vault, Storage, Microsoft Entra ID). The policy cannot know which statuses an
   * operation declares. It recognizes Resource Manager by its hosts of the public and sovereign clouds and by the
   * headers of its responses. `withRemedy` knows more and ignores this: it throws where the client would have thrown.
   * Default `auto`.
   */
  failedResponses?: FailedResponses;
  /**
   * Opens after this many platform failures of one host in a row, then lets single probes through until one succeeds.
   * `false` for none. Default `{ failures: 20, probeAfterMs: 10000 }`.
   */
  circuitBreaker?: false | { failures?: number; probeAfterMs?: number };
  /**
   * `observe`: the SDK's own retry policy acts, and events say what would have been done. `off`: the client stays as
   * the SDK ships it. The environment variable `AZURE_REMEDY_MODE` overrides this option. Default `on`.
   */
  mode?: Mode;
  /**
   * Called with every event, including those of the throttle. If it throws, the error is logged and the call goes on.
   */
  onEvent?: RemedyEventListener;
  /** Where spans and metrics go: `openTelemetry()` of `azure-remedy/opentelemetry`. Default none. */
  telemetry?: Telemetry;
  /** Your own rules before ours, from `defineCatalog()`. Default the package's catalog. */
  catalog?: Catalog;
  /** Replaces time, for tests. */
  clock?: Clock;
  /** Replaces randomness, for tests: a number in [0, 1). */
  random?: Random;
}

export const defaultOptions = {
  ...defaultBudget,
  maxResubmissions: 3,
  circuitBreaker: { failures: 20, probeAfterMs: 10_000 },
} as const;

/** Typed so that a missing option does not compile. */
const optionNames = Object.keys({
  maxRetries: true,
  maxElapsedMs: true,
  maxResubmissions: true,
  attemptTimeoutMs: true,
  deadline: true,
  remedies: true,
  throttle: true,
  priority: true,
  failedResponses: true,
  circuitBreaker: true,
  mode: true,
  onEvent: true,
  telemetry: true,
  evidence: true,
  evidenceBudgetMs: true,
  failOn: true,
  catalog: true,
  clock: true,
  random: true,
} satisfies Record<keyof RemedyOptions, true>);

/**
 * Fills in the defaults.
 * @throws TypeError or RangeError that names the option and the value
 */
export function settle(options: RemedyOptions): Settings {
  check(isObject(options), "options", options, "an object");
  checkNames("options", options, optionNames);
  const {
    maxRetries = defaultOptions.maxRetries,
    maxElapsedMs = defaultOptions.maxElapsedMs,
    maxResubmissions = defaultOptions.maxResubmissions,
    attemptTimeoutMs,
    deadline,
    remedies = [],
    evidence = [],
    evidenceBudgetMs,
    failOn = [],
    priority = "foreground",
    failedResponses = "auto",
    circuitBreaker = {},
    onEvent,
    telemetry,
    catalog = defaultCatalog,
    clock = systemClock,
    random = Math.random,
  } = options;
  checkCount("maxRetries", maxRetries);
  checkMs("maxElapsedMs", maxElapsedMs);
  checkCount("maxResubmissions", maxResubmissions);
  if (attemptTimeoutMs !== undefined) checkMs("attemptTimeoutMs", attemptTimeoutMs);
  checkDeadline(deadline);
  checkRemedies(remedies);
  checkEvidence(evidence);
  if (evidenceBudgetMs !== undefined) checkMs("evidenceBudgetMs", evidenceBudgetMs);
  checkFailOn(failOn);
  check(["foreground", "background"].includes(priority), "priority", priority, '"foreground" or "background"');
  check(
    ["auto", "throw", "return"].includes(failedResponses),
    "failedResponses",
    failedResponses,
    '"auto", "throw" or "return"',
  );
  check(onEvent === undefined || typeof onEvent === "function", "onEvent", onEvent, "a function");
  check(
    telemetry === undefined || (isObject(telemetry) && typeof telemetry.begin === "function"),
    "telemetry",
    telemetry,
    "the result of openTelemetry() from azure-remedy/opentelemetry",
  );
  check(isObject(catalog) && Array.isArray(catalog.layers), "catalog", catalog, "the result of defineCatalog()");
  check(
    isObject(clock) && typeof clock.now === "function" && typeof clock.sleep === "function",
    "clock",
    clock,
    "{ now(), sleep(ms, signal) }",
  );
  check(typeof random === "function", "random", random, "a function");
  const throttle = options.throttle ?? defaultThrottle(options.clock);
  check(
    isObject(throttle) && typeof throttle.admit === "function",
    "throttle",
    throttle,
    "the result of createThrottle()",
  );
  const reporter = new EventReporter(onEvent);
  watchThrottle(telemetry, throttle, reporter, clock);
  const throttleListener = onEvent && throttleListenerOf(onEvent);
  if (throttleListener) throttle.listen?.(throttleListener);
  return {
    maxRetries,
    maxElapsedMs,
    maxResubmissions,
    attemptTimeoutMs,
    deadline,
    remedies,
    evidence,
    evidenceBudgetMs,
    failOn: new Set(failOn),
    throttle,
    priority,
    failedResponses,
    circuitBreaker: settleBreaker(circuitBreaker),
    reporter,
    telemetry,
    throttleListener,
    catalog,
    clock,
    random,
  };
}

function watchThrottle(
  telemetry: Telemetry | undefined,
  throttle: Throttle,
  reporter: EventReporter,
  clock: Clock,
): void {
  try {
    telemetry?.watch?.(throttle);
  } catch (error) {
    reporter.fault("options.telemetry", error, clock.now());
  }
}

/**
 * The mode. The environment overrides the code, so that it can be switched off without a release.
 * @throws TypeError that names the option or the variable
 */
export function modeOf({ mode = "on" }: RemedyOptions): Mode {
  const set = typeof process === "undefined" ? undefined : process.env["AZURE_REMEDY_MODE"];
  const fromEnvironment = set?.trim().toLowerCase();
  checkMode("mode", mode);
  if (fromEnvironment === undefined || fromEnvironment === "") return mode;
  checkMode("the environment variable AZURE_REMEDY_MODE", fromEnvironment);
  return fromEnvironment;
}

function checkMode(name: string, mode: string): asserts mode is Mode {
  check(["on", "observe", "off"].includes(mode), name, mode, '"on", "observe" or "off"');
}

/** Callers without types pass anything, null included. */
function isObject<Value>(value: Value): value is Value & object {
  return typeof value === "object" && value !== null;
}

function settleBreaker(option: Exclude<RemedyOptions["circuitBreaker"], undefined>): Settings["circuitBreaker"] {
  if (option === false) return undefined;
  check(isObject(option), "circuitBreaker", option, "false or { failures, probeAfterMs }");
  checkNames("circuitBreaker", option, ["failures", "probeAfterMs"]);
  const {
    failures = defaultOptions.circuitBreaker.failures,
    probeAfterMs = defaultOptions.circuitBreaker.probeAfterMs,
  } = option;
  checkCount("circuitBreaker.failures", failures);
  check(failures > 0, "circuitBreaker.failures", failures, "1 or more");
  checkMs("circuitBreaker.probeAfterMs", probeAfterMs);
  return { failures, probeAfterMs };
}

function checkFailOn(kinds: readonly ResultKind[]): void {
  check(Array.isArray(kinds), "failOn", kinds, 'an array, such as ["runCommand"]');
  kinds.forEach((kind: ResultKind, index) =>
    check(resultKinds.includes(kind), `failOn[${index}]`, kind, `one of ${resultKinds.join(", ")}`),
  );
}

function checkRemedies(remedies: readonly Remedy[]): void {
  check(Array.isArray(remedies), "remedies", remedies, "an array of remedies, such as [registerProvider()]");
  const names = new Set<string>();
  remedies.forEach((remedy: Partial<Remedy> | string | undefined, index) => {
    const isRemedy = isObject(remedy) && typeof remedy.name === "string" && typeof remedy.apply === "function";
    check(isRemedy, `remedies[${index}]`, remedy, "a remedy, such as registerProvider()");
    const { name } = remedy as Remedy;
    check(!names.has(name), `remedies[${index}]`, name, "named once");
    names.add(name);
  });
}

function checkEvidence(evidence: readonly EvidenceSource[]): void {
  check(Array.isArray(evidence), "evidence", evidence, "an array of sources, such as standardEvidence()");
  const names = new Set<string>();
  evidence.forEach((source: Partial<EvidenceSource> | string | undefined, index) => {
    const isSource = isObject(source) && typeof source.name === "string" && typeof source.investigate === "function";
    check(isSource, `evidence[${index}]`, source, "a source, such as usages() of azure-remedy/evidence");
    const { name } = source as EvidenceSource;
    check(!names.has(name), `evidence[${index}]`, name, "named once");
    names.add(name);
  });
}

/** March 1973. A smaller number was meant as a duration. */
const earliestDeadline = 100_000_000_000;

function checkDeadline(deadline: Deadline | undefined): void {
  const isDeadline =
    deadline === undefined ||
    typeof deadline === "function" ||
    (typeof deadline === "number" && Number.isFinite(deadline)) ||
    (deadline instanceof Date && Number.isFinite(deadline.getTime()));
  check(
    isDeadline,
    "deadline",
    deadline,
    "a valid Date, epoch milliseconds, or a function giving the milliseconds left",
  );
  const looksLikeDuration = typeof deadline === "number" && deadline > 0 && deadline < earliestDeadline;
  check(!looksLikeDuration, "deadline", deadline, "a time, not a duration: write Date.now() + milliseconds");
}

/** Options of the emulator, their defaults, and a check that names a wrong one. */
import { randomUUID } from "node:crypto";
import { checkNames } from "../option-check.js";
import { systemClock, type Clock } from "../time/clock.js";
import type { BucketSize } from "./buckets.js";

/**
 * How a client follows a long-running operation. `body` sends no link: only the resource's `provisioningState` shows
 * the end. This works only for PUT and PATCH; other requests keep their own style.
 */
export type PollingStyle = "azure-async-operation" | "location" | "both" | "body";

/** A simulated region. A pool is one size family in one zone; its room changes over time. */
export interface CapacityOptions {
  /** Any whole number: the same seed gives the same region. */
  readonly seed: number;
  /** vCPUs that a pool has on average. Default 64. */
  readonly vCPUs?: number;
  /** Milliseconds after which the room of a pool changes. Default 600000. */
  readonly everyMs?: number;
  /** Share of the pools that have no room, 0 to 1. Default 0.3. */
  readonly shortage?: number;
  /** Share of a pool's room that spot machines may take, 0 to 1. Default 0.5. */
  readonly spotShare?: number;
}

/**
 * How long operations run. An operation ends once `durationMs` have passed *and* `polls` looks have found it running.
 */
export interface OperationPace {
  /** Milliseconds by the emulator's clock. Default 0. */
  readonly durationMs: number;
  /** How many looks (polls, or GETs of the resource) find it still running. Default 1. */
  readonly polls: number;
  /**
   * `Retry-After` of the first response and of each poll that finds it running, in milliseconds, rounded up to seconds.
   * Default none; Azure sends 10 to 60 seconds, which tests would have to wait in real time.
   */
  readonly retryAfterMs?: number;
  /** Default: the real service's style for that request. */
  readonly style?: PollingStyle;
}

/** Token buckets of Compute: one for each resource and one for each subscription and region. */
export interface ComputeBucket {
  readonly resource?: BucketSize;
  readonly subscription: BucketSize;
}

export type ComputeGroup =
  "PutVM" | "UpdateVM" | "DeleteVM" | "LowCostGet" | "HighCostGet" | "GetOperation" | "ScaleSetInstanceView";

export interface ThrottlingOptions {
  /** Buckets of Resource Manager for each subscription and principal. Default 250 + 25/s, 200 + 10/s, 200 + 10/s. */
  readonly reads?: BucketSize;
  readonly writes?: BucketSize;
  readonly deletes?: BucketSize;
  /** Buckets of a subscription for all principals together, as a multiple of the three above. Default 15. */
  readonly globalFactor?: number;
  /** Compute's operation groups; `false` for none. Default the documented numbers, refilled once a minute. */
  readonly compute?: false | Partial<Record<ComputeGroup, ComputeBucket>>;
  /**
   * The strict reading of Resource Manager's "a request sent before Retry-After elapsed returns a new retry value": an
   * empty bucket locks for this many milliseconds, and every early request renews the lock. Default off.
   */
  readonly penaltyMs?: number;
}

/** Whether the error of a failed deployment repeats the errors of its resources. */
export type DeploymentErrors = "full" | "bare";

/** What `POST .../runCommand` runs. */
export interface RunCommandInput {
  readonly vmName: string;
  readonly resourceGroup: string;
  readonly commandId: string;
  readonly script: readonly string[];
  readonly parameters: Readonly<Record<string, string>>;
}
/** What the script printed. */
export interface RunCommandOutput {
  readonly stdout?: string;
  readonly stderr?: string;
  /** Default 0. Only managed run commands show it. */
  readonly exitCode?: number;
}

export interface EmulatorOptions {
  /** Default a random GUID, so that emulators in one process never share a throttling scope or an operation. */
  readonly subscriptionId?: string;
  /** Default a random GUID. */
  readonly tenantId?: string;
  /** Resource groups that exist from the start. Default `["rg"]`. */
  readonly resourceGroups?: readonly string[];
  /** Region of resources added without one. Default `westeurope`. */
  readonly location?: string;
  /** Port on 127.0.0.1. Default 0: any free port. */
  readonly port?: number;
  /** The source of time. Default the clock of the process. */
  readonly clock?: Clock;
  /** How long operations (and provider registrations) take. Default: no time, and one look finds them running. */
  readonly operations?: Partial<OperationPace>;
  /** Throttling by token buckets. Default on with the documented numbers; `false` turns it off. */
  readonly throttling?: false | ThrottlingOptions;
  /** Resource provider namespaces that the subscription has not registered. Default none. */
  readonly unregistered?: readonly string[];
  /** `required`: a request without a token gets a 401. Default `optional`, so that curl needs none. */
  readonly authentication?: "optional" | "required";
  /** Lifetime of the tokens of `arm.credential`, in milliseconds. Default one hour. */
  readonly tokenLifetimeMs?: number;
  /** Whether `stop()` rejects after unknown requests. Default `complain`; they always get a 501. */
  readonly onUnknownRequest?: "complain" | "answer";
  /** What a script prints. Default: nothing. */
  readonly runCommand?: (input: RunCommandInput) => RunCommandOutput;
  /**
   * `full`: the error of a failed deployment repeats the errors of its resources. `bare`: only the deployment
   * operations show them. Default `full`.
   */
  readonly deploymentErrors?: DeploymentErrors;
  /**
   * A region whose hardware comes and goes randomly, from a seed: allocations fail if a pool has no room. Default none:
   * there is always enough.
   */
  readonly capacity?: CapacityOptions;
  /** How late the activity log shows an event, in milliseconds. Default 300000; Azure takes 3 to 20 minutes. */
  readonly activityLogLateMs?: number;
  /** How many items a page of a list holds; `nextLink` leads to the next. Default 1000. */
  readonly pageSize?: number;
  /** How many exchanges `arm.exchanges` and `arm.story` keep (the newest). Default 100000. */
  readonly historyLimit?: number;
}

export type ResolvedOptions = Required<Omit<EmulatorOptions, "operations" | "capacity">> & {
  readonly operations: OperationPace;
  readonly capacity: CapacityOptions | undefined;
};

export const defaultPace: OperationPace = { durationMs: 0, polls: 1 };

/** Options with their defaults. Throws a `TypeError` or `RangeError` that names the option and its value. */
export function resolveOptions(options: EmulatorOptions): ResolvedOptions {
  checkNames("startEmulator", options, optionNames);
  checkPace("operations", options.operations ?? {});
  checkNumber("port", options.port, 0, 65_535);
  checkNumber("tokenLifetimeMs", options.tokenLifetimeMs, 1);
  checkNumber("historyLimit", options.historyLimit, 1);
  checkNumber("activityLogLateMs", options.activityLogLateMs, 0);
  checkNumber("pageSize", options.pageSize, 1);
  if (options.capacity) checkCapacity(options.capacity);
  if (options.throttling) checkThrottling(options.throttling);
  return {
    subscriptionId: options.subscriptionId ?? randomUUID(),
    tenantId: options.tenantId ?? randomUUID(),
    resourceGroups: options.resourceGroups ?? ["rg"],
    location: options.location ?? "westeurope",
    port: options.port ?? 0,
    clock: options.clock ?? systemClock,
    operations: { ...defaultPace, ...options.operations },
    throttling: options.throttling ?? {},
    unregistered: options.unregistered ?? [],
    authentication: oneOf("authentication", options.authentication ?? "optional", ["optional", "required"]),
    tokenLifetimeMs: options.tokenLifetimeMs ?? 3_600_000,
    onUnknownRequest: oneOf("onUnknownRequest", options.onUnknownRequest ?? "complain", ["complain", "answer"]),
    runCommand: options.runCommand ?? (() => ({})),
    deploymentErrors: oneOf("deploymentErrors", options.deploymentErrors ?? "full", ["full", "bare"]),
    capacity: options.capacity,
    activityLogLateMs: options.activityLogLateMs ?? 300_000,
    pageSize: options.pageSize ?? 1000,
    historyLimit: options.historyLimit ?? 100_000,
  };
}

export function checkPace(option: string, pace: Partial<OperationPace>): void {
  checkNumber(`${option}.durationMs`, pace.durationMs, 0);
  checkNumber(`${option}.polls`, pace.polls, 0);
  checkNumber(`${option}.retryAfterMs`, pace.retryAfterMs, 0);
  if (pace.style) oneOf(`${option}.style`, pace.style, ["azure-async-operation", "location", "both", "body"]);
}

/** Throws a `RangeError` that names the option unless the value is missing or within the range. */
export function checkNumber(option: string, value: number | undefined, least: number, most = Infinity): void {
  if (value === undefined || (typeof value === "number" && value >= least && value <= most)) return;
  const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new RangeError(`${option} must be a number ${range}, not ${String(value)}.`);
}

/** A misspelt option is refused, not ignored. */
const optionNames = Object.keys({
  subscriptionId: true,
  tenantId: true,
  resourceGroups: true,
  location: true,
  port: true,
  clock: true,
  operations: true,
  throttling: true,
  unregistered: true,
  authentication: true,
  tokenLifetimeMs: true,
  onUnknownRequest: true,
  runCommand: true,
  deploymentErrors: true,
  activityLogLateMs: true,
  capacity: true,
  pageSize: true,
  historyLimit: true,
} satisfies Record<keyof EmulatorOptions, true>);

function checkCapacity({ seed, vCPUs, everyMs, shortage, spotShare }: CapacityOptions): void {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`capacity.seed must be a whole number, not ${seed}.`);
  checkNumber("capacity.vCPUs", vCPUs, 1);
  checkNumber("capacity.everyMs", everyMs, 1);
  checkNumber("capacity.shortage", shortage, 0, 1);
  checkNumber("capacity.spotShare", spotShare, 0, 1);
}

function checkThrottling(throttling: ThrottlingOptions): void {
  for (const name of ["reads", "writes", "deletes"] as const) checkBucket(`throttling.${name}`, throttling[name]);
  checkNumber("throttling.globalFactor", throttling.globalFactor, 1);
  checkNumber("throttling.penaltyMs", throttling.penaltyMs, 1);
  for (const [group, bucket] of Object.entries(throttling.compute === false ? {} : (throttling.compute ?? {}))) {
    checkBucket(`throttling.compute.${group}.resource`, bucket.resource);
    checkBucket(`throttling.compute.${group}.subscription`, bucket.subscription);
  }
}

function checkBucket(option: string, size: BucketSize | undefined): void {
  if (!size) return;
  checkNumber(`${option}.capacity`, size.capacity, 0);
  checkNumber(`${option}.refill`, size.refill, 0);
  checkNumber(`${option}.everyMs`, size.everyMs, 1);
}

function oneOf<const Choice extends string>(option: string, value: Choice, choices: readonly Choice[]): Choice {
  if (choices.includes(value)) return value;
  throw new TypeError(`${option} must be one of ${choices.join(", ")}, not ${value}.`);
}

/** One call of the caller's: a request, its failed attempts, and what the budget has left. */
import type { PipelineRequest, SendRequest } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { decide, type Decision } from "../decision/decide.js";
import { redact } from "../failure/redact.js";
import type { Carrier } from "../lro/errand.js";
import type { PollMode } from "../lro/operation.js";
import type { Clock } from "../time/clock.js";
import type { EventRequest } from "./events.js";
import { remainingMs, type Settings } from "./options.js";
import type { Attempt } from "./remedy-error.js";

export interface Call {
  readonly request: PipelineRequest;
  readonly next: SendRequest;
  /** Epoch milliseconds of the first send. */
  readonly startedAt: number;
  readonly failures: Attempt[];
  sends: number;
  /** Retries that count against `maxRetries`. */
  retries: number;
  /** When the request got its token; a token may be dead two minutes later. */
  authorizedAt: number;
  /** An attempt before may have run: a conflict with our own success is possible. */
  mayHaveRun: boolean;
  readonly remedyRuns: Map<string, number>;
  readonly remedyNotes: Map<string, unknown>;
  readonly afterwards: (() => Promise<void>)[];
  /** Set with the first remedy. */
  carrier?: Carrier;
  /** Calls that a remedy or a reading makes use no remedies themselves. */
  readonly nested: boolean;
  /** The request is a poll; `foreign` of an operation that this process did not begin. By `Location`, only outages are the poll's own failure. */
  readonly poll: PollMode | "foreign" | undefined;
  /** Milliseconds that it may wait to be admitted before it is sent away, to come back later. Default as long as it takes. */
  readonly patienceMs: number | undefined;
  /** Replaces the clock of the settings for the waits of a remedy's call. */
  readonly clock: Clock | undefined;
}

/** What a call is for, where it is not the caller's own. */
export type CallKind = Partial<Pick<Call, "nested" | "poll" | "patienceMs" | "clock" | "startedAt">>;

export function newCall(request: PipelineRequest, next: SendRequest, now: number, kind: CallKind = {}): Call {
  return {
    request,
    next,
    startedAt: kind.startedAt ?? now,
    failures: [],
    sends: 1,
    retries: 0,
    authorizedAt: now,
    mayHaveRun: false,
    remedyRuns: new Map(),
    remedyNotes: new Map(),
    afterwards: [],
    nested: kind.nested ?? false,
    poll: kind.poll,
    patienceMs: kind.patienceMs,
    clock: kind.clock,
  };
}

/** Asks `decide` about a call; `offer` is what the surroundings know of it. */
export function decideCall(
  call: Call,
  diagnosis: Diagnosis,
  settings: Settings,
  offer: { readable: boolean; repeatable: boolean; remedies: readonly string[]; allowance: boolean },
): Decision {
  const now = settings.clock.now();
  const left = remainingMs(settings, now);
  return decide(diagnosis, {
    method: call.request.method,
    url: call.request.url,
    attempt: call.sends,
    retries: call.retries,
    elapsedMs: now - call.startedAt,
    ...(left !== undefined && { remainingMs: left }),
    maxRetries: settings.maxRetries,
    maxElapsedMs: settings.maxElapsedMs,
    ...offer,
    random: settings.random(),
  });
}

/** A poll of an operation that this process began, whose end the throttle learns how long such operations take from. */
export const isFollowed = (call: Call): call is Call & { poll: PollMode } =>
  call.poll !== undefined && call.poll !== "foreign";

/** Whether a wait ends before the deadline, and before the call has taken all the time it may. */
export function fitsBudget(call: Call, delayMs: number, settings: Settings): boolean {
  const now = settings.clock.now();
  const left = remainingMs(settings, now);
  if (left !== undefined && delayMs >= left) return false;
  return now - call.startedAt + delayMs <= settings.maxElapsedMs;
}

/** Notes a failed send. */
export function noteFailure(failures: Attempt[], diagnosis: Diagnosis, decision: Decision, now: number): void {
  const { status, code } = diagnosis;
  failures.push({
    at: now,
    ...(status !== undefined && { status }),
    ...(code !== undefined && { code }),
    waitMs: "delayMs" in decision ? decision.delayMs : 0,
    reason: decision.reason,
  });
}

/** A request as events show it: the signature of a SAS URL is cut. */
export function eventRequest(request: {
  method: string;
  url: string;
  headers?: { get?(name: string): string | undefined };
}): EventRequest {
  const clientRequestId = request.headers?.get?.("x-ms-client-request-id");
  return {
    method: request.method,
    url: redact(request.url),
    ...(clientRequestId !== undefined && { clientRequestId }),
  };
}

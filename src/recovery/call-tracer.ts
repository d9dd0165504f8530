/**
 * Carries what happens in a call to `options.telemetry`, and keeps the call safe from it. A call is found by the `next` that its
 * requests are sent by: whatever is sent on behalf of a call is sent by its `next`.
 */
import type { PipelinePolicy, PipelineRequest, PipelineResponse, SendRequest } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import type { Decision } from "../decision/decide.js";
import type { Operation } from "../lro/operation.js";
import { sharedOperations } from "../lro/operations.js";
import { aboutRequest, type EventSubject, type RemedyEvent } from "./events.js";
import type { Settings } from "./settings.js";
import type { CallEnd, CallTelemetry, WaitCause } from "./telemetry.js";

export const telemetryPolicyName = "remedyTelemetryPolicy";
export const attemptPolicyName = "remedyAttemptPolicy";

const callsByNext = new WeakMap<SendRequest, TracedCall>();
const callsByOperation = new WeakMap<Operation, TracedCall>();

/** The call that sends by `next`; undefined where nobody wants to know. */
export const callOf = (next: SendRequest): TracedCall | undefined => callsByNext.get(next);

/** The call that began an operation. */
export const callOfOperation = (operation: Operation): TracedCall | undefined => callsByOperation.get(operation);

/** One call, as telemetry hears of it. */
export class TracedCall {
  readonly #call: CallTelemetry;
  readonly #settings: Settings;
  #goesOn = false;

  constructor(call: CallTelemetry, settings: Settings) {
    this.#call = call;
    this.#settings = settings;
  }

  /** Whether it goes on as a long-running operation. */
  get goesOn(): boolean {
    return this.#goesOn;
  }

  /** `next`, with the call as the parent of what it sends. */
  around(next: SendRequest): SendRequest {
    const send: SendRequest = (request) => this.run(() => next(request), request);
    callsByNext.set(send, this);
    return send;
  }

  /** Runs one attempt within the call. Whatever telemetry does, it runs once. */
  async run<Result>(work: () => Promise<Result>, request?: PipelineRequest): Promise<Result> {
    const { tracingOptions } = request ?? {};
    let attempt: Promise<Result> | undefined;
    const runOnce = (): Promise<Result> => (attempt ??= begin(work));
    this.#tell((call) => call.inContext(() => void runOnce(), request));
    try {
      const result = await runOnce();
      this.#tell((call) => call.attempted(request ? { request, response: result as PipelineResponse } : {}));
      return result;
    } catch (error) {
      this.#tell((call) => call.attempted({ ...(request && { request }), error }));
      throw error;
    } finally {
      if (request && request.tracingOptions !== tracingOptions) Object.assign(request, { tracingOptions });
    }
  }

  decided(diagnosis: Diagnosis, decision: Decision): void {
    this.#tell((call) => call.decided(diagnosis, decision));
  }

  waited(waitMs: number, cause: WaitCause): void {
    if (waitMs > 0) this.#tell((call) => call.waited(waitMs, cause));
  }

  onEvent(event: RemedyEvent): void {
    this.#tell((call) => call.onEvent(event));
  }

  /** The operation that it has begun goes on. */
  suspend(operation: Operation): void {
    callsByOperation.set(operation, this);
    this.#goesOn = true;
    this.#tell((call) => call.suspend());
  }

  resume(): void {
    this.#tell((call) => call.resume());
  }

  end(end: CallEnd): void {
    this.#goesOn = false;
    this.#tell((call) => call.end(end));
  }

  #tell(say: (call: CallTelemetry) => unknown): void {
    guard(this.#settings, () => say(this.#call));
  }
}

/** A promise for the work even where it throws at once. */
function begin<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return work();
  } catch (error) {
    const thrown = error as Error;
    return Promise.reject(thrown);
  }
}

/** Calls into `options.telemetry`. What goes wrong there is a fault, and nothing else. */
function guard<Result>({ reporter, clock }: Settings, work: () => Result): Result | undefined {
  const report = (error: unknown): void => reporter.fault("options.telemetry", error, clock.now());
  try {
    const given = work();
    // A hook may well be async, whatever its type says.
    if (given instanceof Promise) given.catch(report);
    return given;
  } catch (error) {
    report(error);
    return undefined;
  }
}

/** Begins a call that is traced; undefined where nobody wants to know, or where telemetry fails. */
export function beginCall(settings: Settings, about: EventSubject, request?: PipelineRequest): TracedCall | undefined {
  const call = guard(settings, () => settings.telemetry?.begin(about, request));
  return call && new TracedCall(call, settings);
}

/** The calls of one client, from the moment they come in until their caller has what came of them. */
export class CallTracer {
  readonly #settings: Settings;
  readonly #calls = new WeakMap<PipelineRequest, TracedCall>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** The call that a request of the caller's is. */
  callOf(request: PipelineRequest): TracedCall | undefined {
    return this.#calls.get(request);
  }

  /** Stands outside of everything, so that a call ends with what its caller gets. */
  get policy(): PipelinePolicy {
    return { name: telemetryPolicyName, sendRequest: (request, next) => this.trace(request, next) };
  }

  /** Sends a request as a call of its own, unless it polls a known operation. */
  async trace(request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> {
    const isPoll = request.method === "GET" && sharedOperations.find(request.url) !== undefined;
    const call = isPoll ? undefined : beginCall(this.#settings, aboutRequest(request), request);
    if (!call) return next(request);
    this.#calls.set(request, call);
    try {
      const response = await next(request);
      if (!call.goesOn) call.end({ response });
      return response;
    } catch (error) {
      call.end({ error });
      throw error;
    } finally {
      this.#calls.delete(request);
    }
  }
}

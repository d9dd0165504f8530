/**
 * Runs an allowed remedy: within its limits, with its events, and with a context that sends through the caller's own
 * pipeline.
 */
import type { PipelineRequest, PipelineResponse, SendRequest } from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import type {
  LookAfter,
  Remedy,
  RemedyCall,
  RemedyContext,
  RemedyOutcome,
  RemedyResponse,
  OperationSuccess,
} from "../remedies/remedy.js";
import { jsonOf } from "../lro/json-body.js";
import { noRemedies, type AddedRequests, type Cleanup, type PollMode, type RemedyProgress } from "../lro/operation.js";
import type { SendContext } from "../lro/poll-driven-task.js";
import { followUpOf } from "../lro/operations.js";
import { askedWaitMs, progressOf } from "../lro/poll.js";
import type { AbortSignalLike, Clock } from "../time/clock.js";
import { Principals } from "../throttle/scope/principal.js";
import { formatDuration } from "../time/format-duration.js";
import { callOf } from "./call-tracer.js";
import { diagnoseResponse } from "./diagnosing.js";
import type { ErrorFactory } from "./error-factory.js";
import { messageOf } from "./event-reporter.js";
import { redact } from "../failure/secrets/redact.js";
import { aboutRequest } from "./events.js";
import { failedRequestOf, type SentRequest } from "./fitting-remedies.js";
import { ownRequest } from "./own-request.js";
import { newRequestState, type RequestEnd, type RequestState } from "./request-state.js";
import { remainingMs, type Settings } from "./settings.js";
import type { Tokens } from "./tokens.js";

/** What a remedy works on: the request or operation that it repairs. */
export interface RemedyTarget extends RemedyProgress {
  /** What is sent again, with the remedy's changes. */
  readonly request: PipelineRequest;
  readonly context: SendContext;
  readonly startedAt: number;
  /** The body in which the service said that this request created the resource. */
  readonly created?: string | undefined;
}

type EventRequestLike = Parameters<typeof aboutRequest>[0];
type Phase = "started" | "done" | "failed";

const principals = new Principals();

/** Nobody who has succeeded is kept waiting longer than this for a look at what was made. */
const longestLookMs = 10_000;

export class RemedyRunner {
  readonly #settings: Settings;
  readonly #tokens: Tokens;
  readonly #errors: ErrorFactory;
  readonly #run: (state: RequestState) => Promise<RequestEnd>;
  readonly #listening: readonly Remedy[];
  readonly #preparing: readonly Remedy[];

  /** @param run sends a request and recovers it until it ends */
  constructor(
    settings: Settings,
    tokens: Tokens,
    errors: ErrorFactory,
    run: (state: RequestState) => Promise<RequestEnd>,
  ) {
    this.#settings = settings;
    this.#tokens = tokens;
    this.#errors = errors;
    this.#run = run;
    this.#listening = settings.remedies.filter((remedy) => remedy.succeeded !== undefined);
    this.#preparing = settings.remedies.filter((remedy) => remedy.prepare !== undefined);
  }

  /** Runs what remedies left to do at the end, the last one first. What fails there is reported and hides nothing. */
  async runCleanups(cleanups: Cleanup[]): Promise<void> {
    const { clock, reporter } = this.#settings;
    // Each stays in the list until it is done: an abort may come in the middle of it.
    for (let cleanup = cleanups.at(-1); cleanup; cleanup = cleanups.at(-1)) {
      await cleanup.run().catch((error: unknown) => {
        const left = cleanup.abandon();
        const told = left === undefined ? error : new Error(`${messageOf(error)} (${left})`, { cause: error });
        reporter.fault("a remedy's last step", told, clock.now());
      });
      const at = cleanups.indexOf(cleanup);
      if (at >= 0) cleanups.splice(at, 1);
    }
  }

  /** The caller has aborted, and nothing more is sent. Adds to the error how remedies left things. */
  abandoned(progress: RemedyProgress, request: EventRequestLike, error: unknown): unknown {
    const left = this.abandon(progress, request);
    if (left.length > 0 && error instanceof Error) error.message = [error.message, ...left].join("\n  ");
    return error;
  }

  /** Reports, as events, how remedies left things. Returns the same in words. */
  abandon(progress: RemedyProgress, request: EventRequestLike): readonly string[] {
    const { cleanups, context } = progress;
    return cleanups
      .splice(0)
      .reverse()
      .flatMap(({ remedy, abandon }) => {
        const change = abandon();
        if (change === undefined) return [];
        this.#report(request, remedy, "failed", change, context?.next);
        return [change];
      });
  }

  /** @param next leads to the traced call that it happens in */
  #report(request: EventRequestLike, remedy: string, phase: Phase, change?: string, next?: SendRequest): void {
    const { clock, reporter } = this.#settings;
    const about = { at: clock.now(), ...aboutRequest(request) };
    const what = { remedy, phase, ...(change !== undefined && { change }) };
    reporter.emit({ type: "remedy", ...about, ...what }, next && callOf(next));
  }

  /** Runs the remedy and puts its changes on the request. Gives the failure, or undefined when it went well. */
  async apply(
    name: string,
    diagnosis: Diagnosis,
    target: RemedyTarget,
  ): Promise<{ message: string; cause: unknown } | undefined> {
    const settings = this.#settings;
    const remedy = settings.remedies.find((candidate) => candidate.name === name);
    if (!remedy) return { message: "it is not known", cause: undefined };
    target.runs.set(name, (target.runs.get(name) ?? 0) + 1);
    const report = (phase: Phase, change?: string): void => {
      this.#report(target.request, name, phase, change, target.context.next);
    };
    report("started");
    try {
      const outcome = await remedy.apply(this.#contextOf(name, diagnosis, target));
      change(target.request, outcome);
      report("done", outcome.change);
      return undefined;
    } catch (error) {
      if (target.context.request.abortSignal?.aborted) throw error;
      report("failed", messageOf(error));
      return { message: messageOf(error).split("\n", 1)[0] ?? "", cause: error };
    }
  }

  /**
   * Asks the remedies that remember for a better first request, and applies their change. Returns a promise only if one
   * of them has a change.
   */
  prepare(request: PipelineRequest, next: SendRequest): Promise<void> | undefined {
    for (const [index, remedy] of this.#preparing.entries()) {
      const coming = this.#consult(remedy, request, next);
      if (coming) return this.#putOn(request, next, remedy, coming, this.#preparing.slice(index + 1));
    }
    return undefined;
  }

  /** Tells remedies of an operation that succeeded. Gives the work of those that want to look at what was made. */
  succeeded(
    first: SentRequest,
    how: Pick<OperationSuccess, "startedAt" | "created">,
    added: AddedRequests,
  ): ((context: SendContext) => Promise<void>) | undefined {
    const looks: { readonly name: string; readonly look: LookAfter }[] = [];
    for (const remedy of this.#listening) {
      const look = this.#tell(remedy, first, how);
      if (look) looks.push({ name: remedy.name, look });
    }
    if (looks.length === 0) return undefined;
    return async (context) => {
      for (const { name, look } of looks) await this.#lookAfter(name, look, first, context, added);
    };
  }

  #tell(
    remedy: Remedy,
    first: SentRequest,
    how: Pick<OperationSuccess, "startedAt" | "created">,
  ): LookAfter | undefined {
    const { clock, reporter } = this.#settings;
    try {
      return remedy.succeeded?.(failedRequestOf(first), { ...how, now: clock.now() });
    } catch (error) {
      reporter.fault(`remedy ${remedy.name}`, error, clock.now());
      return undefined;
    }
  }

  async #lookAfter(
    name: string,
    look: LookAfter,
    first: SentRequest,
    context: SendContext,
    added: AddedRequests,
  ): Promise<void> {
    const { clock, reporter } = this.#settings;
    const begunAt = clock.now();
    try {
      const leftMs = (): number => Math.min(this.#leftMs(begunAt), begunAt + longestLookMs - clock.now());
      const bounded = boundedBy(context, leftMs);
      const found = await look((call) => this.#send(bounded, call, added, leftMs));
      if (found === undefined) return;
      this.#report(first, name, "failed", found);
    } catch (error) {
      if (context.request.abortSignal?.aborted) throw error;
      reporter.fault(`remedy ${name}`, error, clock.now());
    }
  }

  #consult(remedy: Remedy, request: PipelineRequest, next: SendRequest): ReturnType<NonNullable<Remedy["prepare"]>> {
    const { clock, reporter } = this.#settings;
    const { method, url } = request;
    const { added } = noRemedies();
    const asked = { method, url, body: () => failedRequestOf(request).body };
    const context = { request, next, clock };
    try {
      return remedy.prepare?.(asked, clock.now(), (call) => this.#send(context, call, added, () => this.#leftMs()));
    } catch (error) {
      reporter.fault(`remedy ${remedy.name}`, error, clock.now());
      return undefined;
    }
  }

  async #putOn(
    request: PipelineRequest,
    next: SendRequest,
    { name }: Remedy,
    coming: Promise<RemedyOutcome | undefined>,
    rest: readonly Remedy[],
  ): Promise<void> {
    const { clock, reporter } = this.#settings;
    try {
      const outcome = await coming;
      if (outcome) {
        change(request, outcome);
        this.#report(request, name, "done", outcome.change, next);
      }
    } catch (error) {
      if (request.abortSignal?.aborted) throw error;
      reporter.fault(`remedy ${name}`, error, clock.now());
    }
    for (const [index, remedy] of rest.entries()) {
      const later = this.#consult(remedy, request, next);
      if (later) return this.#putOn(request, next, remedy, later, rest.slice(index + 1));
    }
  }

  #contextOf(remedy: string, diagnosis: Diagnosis, target: RemedyTarget): RemedyContext {
    const { request, context, notes, startedAt, cleanups, created, added } = target;
    const { clock } = this.#settings;
    let begunAt = clock.now();
    const leftMs = (): number => this.#leftMs(begunAt);
    const createdBody = created === undefined ? undefined : jsonOf({ bodyAsText: created });
    return {
      diagnosis,
      request: failedRequestOf(request),
      clock: {
        now: () => clock.now(),
        sleep: (ms, signal, options) => sleepWithin(context, ms, leftMs(), signal, options),
      },
      get signal() {
        return context.request.abortSignal;
      },
      startedAt,
      notes,
      ...(createdBody !== undefined && { created: createdBody }),
      principal: principals.of(context.request.headers.get("authorization")),
      remainingMs: leftMs,
      send: (call) => this.#send(context, call, added, leftMs),
      afterwards: (action, onAbort) => {
        cleanups.push({
          remedy,
          run: () => {
            begunAt = clock.now();
            return action();
          },
          abandon: () => onAbort?.(),
        });
      },
    };
  }

  /** Milliseconds that a remedy has left: until the deadline, and at most `maxElapsedMs` from its start. */
  #leftMs(begunAt?: number): number {
    const settings = this.#settings;
    const now = settings.clock.now();
    return Math.min(settings.maxElapsedMs - (now - (begunAt ?? now)), remainingMs(settings, now) ?? Infinity);
  }

  /** A remedy's call, followed to the end of its long-running operation. */
  async #send(
    context: BoundedContext,
    call: RemedyCall,
    added: AddedRequests,
    leftMs: () => number,
  ): Promise<RemedyResponse> {
    const first = await this.#sendOnce(context, call, added);
    const followUp = followUpOf(first.request, first.response);
    if (!followUp) return toRemedyResponse(first.response);
    for (let { response } = first; ;) {
      await sleepWithin(context, Math.min(askedWaitMs(response) ?? 2_000, 60_000), leftMs());
      ({ response } = await this.#sendOnce(
        context,
        { method: "GET", url: followUp.operationUrl },
        added,
        followUp.mode,
      ));
      const progress = progressOf(response, followUp.mode);
      if (progress === "succeeded") return toRemedyResponse(response);
      if (progress === "failed") {
        const { code, explanation } = diagnoseResponse(response, this.#settings);
        throw new Error(`${call.method} ${redact(call.url)} failed: ${code ?? ""} ${explanation}`);
      }
    }
  }

  async #sendOnce(
    context: BoundedContext,
    target: RemedyCall,
    added: AddedRequests,
    poll?: PollMode,
  ): Promise<{ request: PipelineRequest; response: PipelineResponse }> {
    // A repair takes minutes, in which the failed request's token ages too.
    const credentials = await this.#tokens.fresh(context.request);
    const request = ownRequest(context.request, { ...target, headers: { ...target.headers, ...credentials } });
    const { next, clock, maxQueueWaitMs } = context;
    const state = newRequestState(request, next, this.#settings.clock.now(), {
      nested: true,
      countedIn: added,
      poll,
      clock,
      maxQueueWaitMs,
    });
    const end = await this.#run(state);
    if (end.kind === "failed") throw this.#errors.ofRequest(state, end);
    return { request, response: end.response };
  }
}

/** A context in which no wait is longer than the time that is left, be it for a retry or in the line of the throttle. */
interface BoundedContext extends SendContext {
  readonly maxQueueWaitMs?: number;
}

function boundedBy(context: SendContext, leftMs: () => number): BoundedContext {
  const { clock } = context;
  const bounded: Clock = {
    now: () => clock.now(),
    sleep: (ms, signal, options) => sleepWithin(context, ms, leftMs(), signal, options),
  };
  // Not a copy: the poll that drives the work puts its own request and way out into the context.
  return Object.create(context, {
    clock: { value: bounded },
    maxQueueWaitMs: { value: longestLookMs },
  }) as BoundedContext;
}

/** A wait past the remaining time would be too late to help. */
function sleepWithin(
  context: SendContext,
  ms: number,
  leftMs: number,
  signal: AbortSignalLike | undefined = context.request.abortSignal,
  options?: Parameters<Clock["sleep"]>[2],
): Promise<void> {
  if (ms >= leftMs) return Promise.reject(new Error(`no time is left: the next step is due in ${formatDuration(ms)}`));
  return context.clock.sleep(ms, signal, options);
}

function toRemedyResponse(response: {
  status: number;
  headers: { get(name: string): string | undefined };
  bodyAsText?: string | null;
}): RemedyResponse {
  const body = jsonOf(response);
  return { status: response.status, headers: response.headers, ...(body !== undefined && { body }) };
}

/** Applies a remedy's changes to the request that is sent again. */
export function change(request: PipelineRequest, outcome: RemedyOutcome): void {
  const { url, body, headers } = outcome.request ?? {};
  if (url !== undefined) request.url = url;
  if (body !== undefined) {
    request.body = JSON.stringify(body);
    // Set by the first send and kept by the next: a longer body would be cut at the old length.
    request.headers.delete("content-length");
  }
  for (const [name, value] of Object.entries(headers ?? {})) request.headers.set(name, value);
  // ARM replays its earlier response to a known id: "not registered" although it is by now.
  request.headers.set("x-ms-client-request-id", crypto.randomUUID());
}

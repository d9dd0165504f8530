/** One logical call as a span: its attempts are the children, and what was done about failures are its events. */
import type { PipelineRequest } from "@azure/core-rest-pipeline";
import {
  context,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type Tracer,
} from "@opentelemetry/api";
import type { Diagnosis } from "../../catalog/diagnosis.js";
import type { Decision } from "../../decision/decide.js";
import { redact } from "../../failure/secrets/redact.js";
import type { CallEvent, EventFailure, EventSubject, RemedyEvent } from "../../recovery/events.js";
import { isRemedyError } from "../../recovery/remedy-error.js";
import type { AttemptEnd, CallEnd, CallTelemetry, WaitCause } from "../../recovery/telemetry.js";
import { errorTypeOf } from "./attempt-policy.js";
import type { Instruments } from "./instruments.js";
import { azureAttributes, own, spanNameOf, standard, targetOf, type AzureNames, type Target } from "./names.js";

/** Where spans and metrics of calls go. */
export interface Sink {
  readonly tracer: Tracer;
  readonly instruments: () => Instruments;
  readonly names: AzureNames;
  /** Milliseconds. */
  readonly abandonedAfterMs: number;
  /** Every span that is made. */
  readonly spans: WeakSet<Span>;
}

export class CallSpan implements CallTelemetry {
  readonly #sink: Sink;
  readonly #name: string;
  readonly #method: string | undefined;
  readonly #target: Target;
  readonly #about: Attributes;
  #span: Span;
  #ended = false;
  /** It is an operation in flight, and is counted as such. */
  #isActive = false;
  #abandoned: ReturnType<typeof setTimeout> | undefined;
  #requests = 0;
  #waitedMs = 0;
  #failures = 0;

  constructor(sink: Sink, { request: asked, name = "", resource }: EventSubject, request?: PipelineRequest) {
    this.#sink = sink;
    this.#method = asked?.method;
    this.#target = targetOf(asked?.url ?? "");
    this.#name = asked ? spanNameOf(asked.method, this.#target) : name;
    const { namespace, resourceGroup } = this.#target;
    this.#about = clean({
      ...azureAttributes(sink.names, { namespace, resourceGroup }),
      "cloud.resource_id": resource,
    });
    this.#span = this.#start(parentOf(request));
  }

  #start(parent: Context, before?: Span): Span {
    const links = before ? [{ context: before.spanContext() }] : [];
    const attributes = before ? { ...this.#about, [own.resumed]: true } : this.#about;
    const span = this.#sink.tracer.startSpan(this.#name, { kind: SpanKind.INTERNAL, attributes, links }, parent);
    this.#sink.spans.add(span);
    return span;
  }

  inContext(work: () => void, request?: PipelineRequest): void {
    const inside = trace.setSpan(parentOf(request), this.#span);
    // The SDK's tracing policy prefers what the request carries; everything else goes by the active context.
    if (request) request.tracingOptions = { ...request.tracingOptions, tracingContext: inside };
    context.with(inside, work);
  }

  attempted({ request, response, error }: AttemptEnd): void {
    this.#requests += 1;
    const status = response?.status;
    const failed =
      error !== undefined ? errorTypeOf(error) : status !== undefined && status >= 400 ? `${status}` : undefined;
    this.#sink.instruments().attempts.add(
      1,
      clean({
        [standard.method]: request?.method,
        [standard.status]: status,
        [standard.errorType]: failed,
        [own.resourceType]: request && targetOf(request.url).operation,
      }),
    );
    const ids = {
      serviceRequestId: response?.headers.get("x-ms-request-id"),
      ...(this.#requests === 1 && { clientRequestId: request?.headers.get("x-ms-client-request-id") }),
    };
    const correlation = this.#requests === 1 ? response?.headers.get("x-ms-correlation-request-id") : undefined;
    this.#span.setAttributes(clean({ ...azureAttributes(this.#sink.names, ids), [own.correlationId]: correlation }));
  }

  decided(diagnosis: Diagnosis, decision: Decision): void {
    this.#failures += 1;
    this.#sink.instruments().decisions.add(1, decisionAttributes(diagnosis, decision));
  }

  waited(waitMs: number, cause: WaitCause): void {
    this.#waitedMs += waitMs;
    this.#sink.instruments().waits.record(waitMs / 1_000, {
      [own.waitCause]: cause,
      ...(this.#method !== undefined && { [standard.method]: this.#method }),
    });
    // Another send or reading has an event of its own, which tells its wait and the reason.
    if (cause === "queue") this.#span.addEvent("azure_remedy.wait", { [own.waitMs]: waitMs, [own.waitCause]: cause });
  }

  onEvent(event: RemedyEvent): void {
    const told = spanEventOf(event);
    if (told) this.#span.addEvent(told.name, told.attributes);
    if (event.type === "recovered" || event.type === "failed")
      this.#span.setAttribute(own.addedRequests, event.addedRequests);
  }

  suspend(): void {
    this.#count(true);
    clearTimeout(this.#abandoned);
    const timer = setTimeout(() => this.#close("left running"), this.#sink.abandonedAfterMs);
    (timer as { unref?: () => void }).unref?.();
    this.#abandoned = timer;
  }

  resume(): void {
    clearTimeout(this.#abandoned);
    this.#count(true);
    if (!this.#ended) return;
    this.#ended = false;
    this.#span = this.#start(context.active(), this.#span);
  }

  end(end: CallEnd): void {
    if (!("error" in end)) {
      this.#span.setAttributes(clean({ [own.status]: end.response?.status }));
      this.#close(this.#failures > 0 ? "recovered" : "succeeded");
      return;
    }
    const { error } = end;
    if (error instanceof Error && error.name === "AbortError") {
      this.#close("aborted");
      return;
    }
    this.#fail(error);
    this.#close(isRemedyError(error) ? error.outcome : "failed");
  }

  #fail(error: unknown): void {
    if (!isRemedyError(error)) {
      this.#span.setAttribute(standard.errorType, errorTypeOf(error));
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
      return;
    }
    const { code, status, disposition, category, rule, explanation } = error.diagnosis;
    this.#span.setAttributes(
      clean({
        [standard.errorType]: code ?? `${status ?? "_OTHER"}`,
        [own.code]: code,
        [own.status]: status,
        [own.disposition]: disposition,
        [own.category]: category,
        [own.rule]: rule?.id,
        [own.retryAt]: error.retryAt?.toISOString(),
      }),
    );
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: redact(explanation) });
  }

  #close(outcome: string): void {
    clearTimeout(this.#abandoned);
    this.#count(false);
    if (this.#ended) return;
    this.#ended = true;
    this.#span.setAttributes({
      [own.outcome]: outcome,
      [own.requests]: this.#requests,
      [own.waitMs]: Math.round(this.#waitedMs),
    });
    this.#span.end();
  }

  #count(isActive: boolean): void {
    if (isActive === this.#isActive) return;
    this.#isActive = isActive;
    const { operation } = this.#target;
    const attributes = clean({ [standard.method]: this.#method, [own.resourceType]: operation });
    this.#sink.instruments().operations.add(isActive ? 1 : -1, attributes);
  }
}

/** What the caller gave the request as its context goes before what is active. */
const parentOf = (request?: PipelineRequest): Context =>
  (request?.tracingOptions?.tracingContext as Context | undefined) ?? context.active();

/** A code that no rule knows may be anything, and would be a series of its own. */
export function decisionAttributes(
  { code, basis, disposition, category }: Diagnosis,
  { action }: Decision,
): Attributes {
  const isKnown = basis === "message" || basis === "code";
  return {
    [own.action]: action,
    [own.disposition]: disposition,
    [own.category]: category,
    [standard.errorType]: (isKnown ? code : undefined) ?? "_OTHER",
  };
}

function spanEventOf(event: RemedyEvent): { name: string; attributes: Attributes } | undefined {
  switch (event.type) {
    case "retry":
      return spanEvent("retry", event, { [own.attempt]: event.attempt, [own.waitMs]: event.delayMs });
    case "resubmit":
      return spanEvent("resubmit", event, { [own.submission]: event.submission, [own.waitMs]: event.delayMs });
    case "readBack":
      return spanEvent("read_back", event, { [own.lastSeen]: event.lastSeen });
    case "remedy":
      return spanEvent("remedy", event, {
        [own.remedy]: event.remedy,
        [own.phase]: event.phase,
        [own.change]: event.change,
      });
    case "evidence":
      return spanEvent("evidence", event, {
        [own.finding]: event.findings.map(({ source, says }) => redact(`${source}: ${says}`)),
      });
    case "recovered":
      return spanEvent("recovered", event, { [own.attempt]: event.attempts });
    case "failed":
      return spanEvent("failed", event, { [own.attempt]: event.attempts });
    default:
      return undefined;
  }
}

function spanEvent(name: string, event: CallEvent, more: Attributes): { name: string; attributes: Attributes } {
  const { reason, failure } = event as CallEvent & { readonly reason?: string; readonly failure?: EventFailure };
  const attributes = clean({
    ...(failure && {
      [own.code]: failure.code,
      [own.status]: failure.status,
      [own.disposition]: failure.disposition,
      [own.category]: failure.category,
      [own.rule]: failure.rule,
    }),
    [own.reason]: reason,
    ...more,
  });
  return { name: `azure_remedy.${name}`, attributes };
}

/** Without what has no value, and secrets cut. */
function clean(attributes: Attributes): Attributes {
  const kept: Attributes = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) kept[name] = typeof value === "string" ? redact(value) : value;
  }
  return kept;
}

/**
 * `azure-remedy/opentelemetry`: a span for each logical call and long-running operation, above the spans that the SDK makes for its
 * attempts, and metrics of what was decided and waited for.
 */
import type { PipelinePolicy, PipelineRequest } from "@azure/core-rest-pipeline";
import { metrics, trace, type MeterProvider, type Span, type TracerProvider } from "@opentelemetry/api";
import type { Diagnosis } from "../../catalog/diagnosis.js";
import type { Decision } from "../../decision/decide.js";
import { check, checkMs, checkNames } from "../../option-check.js";
import type { EventSubject } from "../../recovery/events.js";
import type { CallTelemetry, Telemetry } from "../../recovery/telemetry.js";
import type { Throttle } from "../../throttle/throttle.js";
import { attemptSpanPolicy } from "./attempt-policy.js";
import { CallSpan, decisionAttributes, type Sink } from "./call-span.js";
import { makeInstruments, Throttles, type Instruments } from "./instruments.js";
import { own, type AzureNames } from "./names.js";

export interface OpenTelemetryOptions {
  /**
   * Names of Azure's attributes. `az`: those that the Azure SDK uses today (`az.namespace`). `azure`: those of OpenTelemetry's
   * conventions, to which the SDK will move (`azure.resource_provider.namespace`). Default `az`.
   */
  azureNames?: AzureNames;
  /** Default the global one, looked up at each call. */
  tracerProvider?: TracerProvider;
  /** Default the global one, looked up at each call. */
  meterProvider?: MeterProvider;
  /** Milliseconds without a poll after which the span of a long-running operation ends as `left running`. Default 300000. */
  abandonedAfterMs?: number;
}

/** What `openTelemetry()` gives: for `options.telemetry`, and for a pipeline to which `remedyPolicy()` was added by hand. */
export interface OpenTelemetry extends Telemetry {
  /**
   * Puts `http.request.resend_count` and `error.type` on the spans that the SDK makes for attempts. `withRemedy` adds it; by hand:
   * `pipeline.addPolicy(telemetry.attemptPolicy, { afterPhase: "Retry", afterPolicies: ["tracingPolicy"] })`.
   */
  readonly attemptPolicy: PipelinePolicy;
}

/** The instrumentation scope. */
const scopeName = "azure-remedy";

/**
 * Spans and metrics by OpenTelemetry.
 *
 * ```ts
 * const compute = withRemedy(client, { telemetry: openTelemetry() });
 * ```
 * @throws TypeError or RangeError that names a bad option and its value
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): OpenTelemetry {
  checkNames("openTelemetry()", options, ["azureNames", "tracerProvider", "meterProvider", "abandonedAfterMs"]);
  const { azureNames = "az", tracerProvider, meterProvider, abandonedAfterMs = 300_000 } = options;
  check(["az", "azure", "both"].includes(azureNames), "azureNames", azureNames, '"az", "azure" or "both"');
  checkMs("abandonedAfterMs", abandonedAfterMs);
  check(
    tracerProvider === undefined || typeof tracerProvider.getTracer === "function",
    "tracerProvider",
    tracerProvider,
    "a TracerProvider",
  );
  check(
    meterProvider === undefined || typeof meterProvider.getMeter === "function",
    "meterProvider",
    meterProvider,
    "a MeterProvider",
  );
  const throttles = new Throttles();
  const spans = new WeakSet<Span>();
  const instruments = instrumentsOf(meterProvider, throttles);
  const sinkNow = (): Sink => ({
    tracer: (tracerProvider ?? trace.getTracerProvider()).getTracer(scopeName),
    instruments,
    names: azureNames,
    abandonedAfterMs,
    spans,
  });
  return {
    begin: (about: EventSubject, request?: PipelineRequest): CallTelemetry => new CallSpan(sinkNow(), about, request),
    attemptPolicy: attemptSpanPolicy((span) => spans.has(span)),
    observed: (diagnosis: Diagnosis, decision: Decision): void => {
      instruments().decisions.add(1, { ...decisionAttributes(diagnosis, decision), [own.mode]: "observe" });
    },
    watch: (throttle: Throttle): void => {
      throttles.add(throttle);
      instruments();
    },
  };
}

/** Made again when another provider has become the global one: a program may set its up after it has made its clients. */
function instrumentsOf(given: MeterProvider | undefined, throttles: Throttles): () => Instruments {
  let made: { provider: MeterProvider; instruments: Instruments } | undefined;
  return () => {
    const provider = given ?? metrics.getMeterProvider();
    if (made?.provider !== provider) made = { provider, instruments: makeInstruments(provider, scopeName, throttles) };
    return made.instruments;
  };
}

export type { AzureNames } from "./names.js";

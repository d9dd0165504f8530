/** The real OpenTelemetry SDK with exporters in memory, and the Azure SDK's own instrumentation: what they saw, as text. */
import { createRequire } from "node:module";
import { createAzureSdkInstrumentation } from "@azure/opentelemetry-instrumentation-azure-sdk";
import { metrics, SpanKind, SpanStatusCode, trace, type Attributes } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type Histogram,
} from "@opentelemetry/sdk-metrics";
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
  type ReadableSpan,
} from "@opentelemetry/sdk-trace-node";

/** A point of a metric: a sum or a level as it is, a histogram as what was recorded in all. */
export interface Point {
  readonly attributes: Attributes;
  readonly value: number;
}

export interface Traces {
  readonly spans: readonly ReadableSpan[];
  /** Spans without a parent and what hangs below them, in the order of their beginning; events after a dot. */
  readonly tree: string[];
  /** Reads a metric back from the exporter. */
  points(name: string): Promise<Point[]>;
  reset(): void;
  stop(): Promise<void>;
}

/** Installs both SDKs for the process of the test. Call it in real time: the reader of metrics has a timer. */
export function startTraces(): Traces {
  // It patches what is required, and the state behind it is the one that ES modules use too.
  createAzureSdkInstrumentation();
  createRequire(createRequire(import.meta.url).resolve("@azure/core-rest-pipeline"))("@azure/core-tracing");
  const spanExporter = new InMemorySpanExporter();
  const tracerProvider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spanExporter)] });
  tracerProvider.register();
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(meterProvider);
  return {
    get spans() {
      return spanExporter.getFinishedSpans();
    },
    get tree() {
      return treeOf(spanExporter.getFinishedSpans());
    },
    async points(name) {
      metricExporter.reset();
      await reader.forceFlush();
      const [collected] = metricExporter.getMetrics();
      const data = collected?.scopeMetrics.flatMap((scope) => scope.metrics);
      const points = data?.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
      return points.map(({ attributes, value }) => ({
        attributes,
        value: typeof value === "number" ? value : ((value as Histogram).sum ?? 0),
      }));
    },
    reset: () => spanExporter.reset(),
    async stop() {
      await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
      trace.disable();
      metrics.disable();
    },
  };
}

function treeOf(spans: readonly ReadableSpan[]): string[] {
  const ids = new Set(spans.map((span) => span.spanContext().spanId));
  const below = (parent: string | undefined): ReadableSpan[] =>
    spans
      .filter(({ parentSpanContext: above }) =>
        parent === undefined ? !above || !ids.has(above.spanId) : above?.spanId === parent,
      )
      .sort(byBeginning);
  const print = (span: ReadableSpan, indent: string): string[] => [
    `${indent}${lineOf(span)}`,
    ...span.events.map(
      ({ name, attributes }) => `${indent}  . ${name.replace("azure_remedy.", "")} ${wordsOf(attributes ?? {})}`,
    ),
    ...below(span.spanContext().spanId).flatMap((child) => print(child, `${indent}  `)),
  ];
  return below(undefined).flatMap((root) => print(root, ""));
}

const byBeginning = (left: ReadableSpan, right: ReadableSpan): number =>
  left.startTime[0] - right.startTime[0] || left.startTime[1] - right.startTime[1];

function lineOf({ name, kind, status, attributes }: ReadableSpan): string {
  const words = [
    name,
    SpanKind[kind],
    attributes["http.status_code"],
    attributes["azure_remedy.outcome"],
    attributes["http.request.resend_count"] === undefined
      ? undefined
      : `resend ${Number(attributes["http.request.resend_count"])}`,
    attributes["error.type"],
    status.code === SpanStatusCode.ERROR ? "ERROR" : undefined,
  ];
  return words.filter((word) => word !== undefined).join(" ");
}

function wordsOf(attributes: Attributes): string {
  const { ["azure_remedy.code"]: code, ["azure_remedy.wait_ms"]: waitMs, ["azure_remedy.reason"]: reason } = attributes;
  const { ["azure_remedy.remedy"]: remedy, ["azure_remedy.phase"]: phase } = attributes;
  return [code, remedy, phase, waitMs === undefined ? undefined : `${Number(waitMs)} ms`, reason]
    .filter((word) => word !== undefined)
    .join(", ");
}

/** `azure-remedy/opentelemetry` out of the tarball, as ES module and as CommonJS, beside the real SDK of OpenTelemetry. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freshProject, pack, run, type FreshProject } from "./packed.js";

let project: FreshProject;
beforeAll(() => {
  const packed = pack();
  project = freshProject(packed, [
    "@azure/core-tracing",
    "@azure/opentelemetry-instrumentation-azure-sdk",
    "@opentelemetry/sdk-metrics",
    "@opentelemetry/sdk-trace-node",
  ]);
  packed.remove();
}, 60_000);
afterAll(() => project.remove());

/** A start that is throttled once; prints the spans as they end, with their parents, and what the counter of attempts says. */
const story = `
  async function tell(load) {
    const { createAzureSdkInstrumentation } = await load("@azure/opentelemetry-instrumentation-azure-sdk");
    createAzureSdkInstrumentation();
    require("@azure/core-tracing");
    const { metrics } = await load("@opentelemetry/api");
    const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = await load("@opentelemetry/sdk-trace-node");
    const { InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } = await load("@opentelemetry/sdk-metrics");
    const { ComputeManagementClient } = await load("@azure/arm-compute");
    const { withRemedy } = await load("azure-remedy");
    const { openTelemetry } = await load("azure-remedy/opentelemetry");
    const { startEmulator } = await load("azure-remedy/emulator");

    const exporter = new InMemorySpanExporter();
    new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
    const metricExporter = new InMemoryMetricExporter(1);
    const reader = new PeriodicExportingMetricReader({ exporter: metricExporter });
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

    const arm = await startEmulator();
    arm.addVm({ name: "web-01" });
    arm.throttle({ on: "GET virtualMachines", retryAfter: 1 });
    const client = new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions);
    await withRemedy(client, { telemetry: openTelemetry() }).virtualMachines.get("rg", "web-01");

    await reader.forceFlush();
    const spans = exporter.getFinishedSpans();
    const nameOf = (id) => spans.find((span) => span.spanContext().spanId === id)?.name;
    for (const { name, parentSpanContext, attributes, events } of spans) {
      const resent = attributes["http.request.resend_count"];
      console.log([nameOf(parentSpanContext?.spanId), name, attributes["error.type"], resent && "resent " + resent,
        ...events.map((event) => event.name).filter((event) => event !== "azure_remedy.wait")].filter(Boolean).join(" | "));
    }
    const [{ scopeMetrics }] = metricExporter.getMetrics();
    const attempts = scopeMetrics.flatMap((scope) => scope.metrics).find(({ descriptor }) => descriptor.name === "azure_remedy.attempts");
    console.log("attempts", attempts.dataPoints.reduce((sum, { value }) => sum + value, 0));
    await arm.stop();
    process.exit(0);
  }
`;

const programs = {
  "traces.mjs": `import { createRequire } from "node:module"; const require = createRequire(import.meta.url); ${story}
    await tell((name) => import(name));`,
  "traces.cjs": `${story} tell(require);`,
};

it.each(Object.entries(programs))(
  "%s: the attempts are children of the call, and are counted",
  (file, text) => {
    writeFileSync(join(project.folder, file), text);
    expect(run(process.execPath, [file], project.folder).trim().split("\n")).toEqual([
      "GET Microsoft.Compute/virtualMachines | HTTP GET | 429",
      "GET Microsoft.Compute/virtualMachines | HTTP GET | resent 1",
      "GET Microsoft.Compute/virtualMachines | azure_remedy.retry | azure_remedy.recovered",
      "attempts 2",
    ]);
  },
  60_000,
);

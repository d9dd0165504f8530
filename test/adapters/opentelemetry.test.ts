/** Calls as the real OpenTelemetry SDK sees them, beside the spans of the Azure SDK's own instrumentation. */
import { context, ROOT_CONTEXT, trace, type Context } from "@opentelemetry/api";
import {
  createPipelineFromOptions,
  createPipelineRequest,
  createHttpHeaders,
  type PipelinePolicy,
} from "@azure/core-rest-pipeline";
import {
  createThrottle,
  registerProvider,
  remedyPolicy,
  retryOperation,
  withRemedy,
  type CallTelemetry,
  type RemedyEvent,
  type Telemetry,
} from "azure-remedy";
import { standardEvidence } from "azure-remedy/evidence";
import { openTelemetry } from "azure-remedy/opentelemetry";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { generations } from "../support/clients.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { begin, resume } from "../support/pollers.js";
import { scene } from "../support/scene.js";
import { startTraces, type Traces } from "../support/traces.js";

let traces: Traces;
beforeAll(() => {
  traces = startTraces();
});
beforeEach(() => traces.reset());
afterAll(() => traces.stop());

/** Work in a span of the caller's own. */
const inSpan = <Result>(name: string, work: () => Promise<Result>): Promise<Result> =>
  trace.getTracer("caller").startActiveSpan(name, (span) => work().finally(() => span.end()));

const spanNamed = (name: string) => {
  const span = traces.spans.find((candidate) => candidate.name === name);
  if (!span) throw new Error(`No span ${name} among ${traces.spans.map((other) => other.name).join(", ")}.`);
  return span;
};

/** How much a metric has grown for points with these attributes, while work was done. */
async function growth(
  metric: string,
  attributes: Readonly<Record<string, unknown>>,
  work: () => Promise<unknown>,
): Promise<number> {
  const sum = async (): Promise<number> =>
    (await traces.points(metric))
      .filter((point) => Object.entries(attributes).every(([name, value]) => point.attributes[name] === value))
      .reduce((total, { value }) => total + value, 0);
  const before = await sum();
  await work();
  return (await sum()) - before;
}

const tooBusy = {
  status: 503,
  body: { error: { code: "ServiceUnavailable", message: "The service is unavailable." } },
};

describe.each(generations)("spans, with arm-compute %s", (generation) => {
  it("a healed create is one span above its attempts, with what was done as events", () =>
    scene(generation, async ({ arm, client }) => {
      arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      const compute = client({ telemetry: openTelemetry() });

      await inSpan("nightly", () => compute.create("web-01"));

      expect(traces.tree).toEqual([
        "nightly INTERNAL",
        "  PUT Microsoft.Compute/virtualMachines INTERNAL recovered",
        "    . resubmit StorageAccountTooBusy, 5000 ms, transient: again in 5 s, storage backoff",
        "    . recovered tried again after StorageAccountTooBusy",
        "    HTTP PUT CLIENT 201",
        "    HTTP GET CLIENT 200",
        "    HTTP PUT CLIENT 200",
        "    HTTP GET CLIENT 200",
        "  GET Microsoft.Compute/virtualMachines INTERNAL succeeded",
        "    HTTP GET CLIENT 200",
      ]);
      const [put] = arm.exchanges;
      expect(spanNamed("PUT Microsoft.Compute/virtualMachines").attributes).toMatchObject({
        "az.namespace": "Microsoft.Compute",
        "az.client_request_id": put?.clientRequestId,
        "cloud.resource_id": `/subscriptions/${arm.subscriptionId}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01`,
        "azure_remedy.requests": 4,
        "azure_remedy.wait_ms": 5_000,
      });
    }));

  it.each(["active", "given as tracingOptions"])(
    "without the option, all that is sent is in the caller's trace (%s)",
    (how) =>
      scene(
        generation,
        async ({ arm, client }) => {
          const sent: { method: string; header: string | undefined }[] = [];
          const policy: PipelinePolicy = {
            name: "noting",
            sendRequest: async (request, next) => {
              const response = await next(request);
              sent.push({ method: request.method, header: request.headers.get("traceparent") });
              return response;
            },
          };
          arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines", as: "operation" });
          const setup = { additionalPolicies: [{ policy, position: "perRetry" as const }] };
          const compute = client({ remedies: [registerProvider()] }, setup);
          const span = trace.getTracer("caller").startSpan("nightly");
          const tracingContext = trace.setSpan(ROOT_CONTEXT, span);
          if (how === "active") await context.with(tracingContext, () => compute.create("web-01"));
          else await compute.create("web-01", {}, { tracingOptions: { tracingContext } } as object);
          span.end();

          const { traceId } = span.spanContext();
          // The SDK sends the polls of 24 without the caller's options.
          const isLeftToSdk = generation === "24" && how !== "active";
          const ours = isLeftToSdk ? sent.filter(({ method }) => method !== "GET") : sent;
          expect(ours.map(({ method }) => method)).toEqual(expect.arrayContaining(["PUT", "POST", "PUT", "PUT"]));
          for (const { header } of ours) expect(header).toContain(`00-${traceId}-`);
        },
        { unregistered: ["Microsoft.Compute"] },
      ),
  );

  it("attempts are told apart by how often the request had been sent, and by their error", () =>
    scene(generation, async ({ arm, client }) => {
      arm.addVm({ name: "web-01" });
      arm.fail(tooBusy, { on: "GET virtualMachines", times: 2 });

      await client({ telemetry: openTelemetry() }).get("web-01");

      expect(traces.tree).toEqual([
        "GET Microsoft.Compute/virtualMachines INTERNAL recovered",
        expect.stringMatching(/^ {2}\. retry ServiceUnavailable, \d+ ms, transient: again in/),
        expect.stringMatching(/^ {2}\. retry ServiceUnavailable, \d+ ms, transient: again in/),
        "  . recovered tried again after ServiceUnavailable",
        "  HTTP GET CLIENT 503 503 ERROR",
        "  HTTP GET CLIENT 503 resend 1 503 ERROR",
        "  HTTP GET CLIENT 200 resend 2",
      ]);
    }));

  it("a remedy's own requests, and the two events around them, belong to the call", () =>
    scene(
      generation,
      async ({ arm, client }) => {
        arm.addVm({ name: "web-01", powerState: "deallocated" });
        await client({ telemetry: openTelemetry(), remedies: [registerProvider()] }).start("web-01");

        expect(traces.tree.slice(0, 4)).toEqual([
          "POST Microsoft.Compute/virtualMachines/start INTERNAL recovered",
          "  . remedy registerProvider, started",
          "  . remedy registerProvider, done",
          "  . recovered tried again after MissingSubscriptionRegistration",
        ]);
        expect(traces.tree[4]).toBe("  HTTP POST CLIENT 409 409 ERROR");
        expect(traces.tree).toContain("  HTTP POST CLIENT 202 resend 1");
      },
      { unregistered: ["Microsoft.Compute"] },
    ));

  it("a failure ends the span with its root code, and what was found around it is an event", () =>
    scene(generation, async ({ arm, client }) => {
      arm.fail("QuotaExceeded", { on: "PUT virtualMachines", as: "answer" });
      const compute = client({ telemetry: openTelemetry(), evidence: standardEvidence() });

      const { diagnosis } = await remedyErrorOf(compute.create("web-02"));

      const name = "PUT Microsoft.Compute/virtualMachines";
      expect(traces.tree[0]).toBe(`${name} INTERNAL failed QuotaExceeded ERROR`);
      const { attributes, status, events } = spanNamed(name);
      expect(events.map((event) => event.name)).toEqual(["azure_remedy.evidence", "azure_remedy.failed"]);
      expect(status.message).toBe(diagnosis.explanation);
      expect(attributes).toMatchObject({
        "azure_remedy.disposition": diagnosis.disposition,
        "azure_remedy.category": "quota",
        "azure_remedy.rule": diagnosis.rule?.id,
      });
    }));

  it("an unknown outcome is read back within the call", () =>
    scene(generation, async ({ arm, client }) => {
      arm.addVm({ name: "web-01", powerState: "deallocated" });
      arm.longRunning({ on: "POST virtualMachines/start", durationMs: 20_000 });
      arm.fail("VMStartTimedOut", { on: "POST virtualMachines/start", completesAnyway: true });

      await client({ telemetry: openTelemetry() }).start("web-01");

      expect(traces.tree.slice(0, 5)).toEqual([
        "POST Microsoft.Compute/virtualMachines/start INTERNAL recovered",
        "  . read_back VMStartTimedOut, indeterminate: it may have run or still finish; reading the resource",
        "  . read_back VMStartTimedOut, not known yet",
        "  . read_back VMStartTimedOut, not known yet",
        "  . recovered read back: power state running",
      ]);
    }));

  it("a wait in the queue of the throttle is an event of the call that waits", () =>
    scene(generation, async ({ arm, client, time }) => {
      arm.addVm({ name: "web-01" });
      arm.throttle({ on: "GET virtualMachines", retryAfter: 20 });
      const compute = client({ telemetry: openTelemetry(), throttle: createThrottle({ random: () => 0 }) });

      const first = compute.get("web-01");
      await time.sleep(5_000);
      const queued = await growth("azure_remedy.wait.duration", { "azure_remedy.wait.cause": "queue" }, () =>
        Promise.all([first, compute.get("web-01")]),
      );

      const waits = traces.spans.flatMap(({ events }) => events.filter(({ name }) => name === "azure_remedy.wait"));
      const waitsMs = waits.map(({ attributes }) => Number(attributes?.["azure_remedy.wait_ms"]));
      expect(Math.max(...waitsMs)).toBeGreaterThanOrEqual(15_000);
      expect(queued).toBeCloseTo(waitsMs.reduce((sum, ms) => sum + ms, 0) / 1_000);
    }));

  it("the caller's context is the parent, given with the request where none is active", () =>
    scene(generation, async ({ arm, client }) => {
      arm.addVm({ name: "web-01" });
      const compute = client({ telemetry: openTelemetry() });
      const parent = trace.getTracer("caller").startSpan("given", {}, ROOT_CONTEXT);
      const tracingContext: Context = trace.setSpan(ROOT_CONTEXT, parent);

      await compute.get("web-01", { tracingOptions: { tracingContext } } as object);
      parent.end();

      expect(traces.tree).toEqual([
        "given INTERNAL",
        "  GET Microsoft.Compute/virtualMachines INTERNAL succeeded",
        "    HTTP GET CLIENT 200",
      ]);
    }));

  it("an abort ends the span, and is no error; a poller that comes back goes on in a span of its own", () =>
    scene(
      generation,
      async ({ arm, client, time }) => {
        arm.addVm({ name: "web-01", powerState: "deallocated" });
        const compute = client({ telemetry: openTelemetry() });
        const poller = await begin(compute, "start", "web-01");
        const saved = await poller.state();
        const controller = new AbortController();
        setTimeout(() => controller.abort(), 15_000);
        await thrownBy(poller.done({ abortSignal: controller.signal }));
        await time.sleep(600_000);
        await (await resume(compute, "start", "web-01", saved)).done();

        const name = "POST Microsoft.Compute/virtualMachines/start";
        const [first, second] = traces.spans.filter((span) => span.name === name);
        expect(first?.attributes["azure_remedy.outcome"]).toMatch(/aborted|left running/);
        expect(first?.status.code).toBe(0);
        expect(second?.attributes["azure_remedy.outcome"]).toBe("succeeded");
        expect(second?.links[0]?.context.spanId).toBe(first?.spanContext().spanId);
      },
      { operations: { durationMs: 60_000 } },
    ));

  it("an operation that nobody polls ends its span as left running", () =>
    scene(
      generation,
      async ({ arm, client, time }) => {
        arm.addVm({ name: "web-01", powerState: "deallocated" });
        const active = (): Promise<number> =>
          traces.points("azure_remedy.operations.active").then((all) => all.reduce((sum, { value }) => sum + value, 0));
        const before = await active();
        await begin(client({ telemetry: openTelemetry({ abandonedAfterMs: 60_000 }) }), "start", "web-01");

        expect(traces.spans.filter(({ name }) => name.startsWith("POST"))).toEqual([]);
        expect((await active()) - before).toBe(1);
        await time.sleep(61_000);
        expect(traces.tree[0]).toBe("POST Microsoft.Compute/virtualMachines/start INTERNAL left running");
        expect((await active()) - before).toBe(0);
      },
      { operations: { durationMs: 60_000 }, left: "some" },
    ));

  it("secrets are in no name, attribute, event or status", () =>
    scene(generation, async ({ arm, client }) => {
      const signature = "c2VjcmV0LXNpZ25hdHVyZQ%3D%3D";
      const password = "Pa55-w0rd-of-the-admin";
      const sas = `https://store.blob.core.windows.net/vhds/os.vhd?sv=2023-11-03&sig=${signature}`;
      const body = {
        error: { code: "DiskBlobNotFound", message: `Unable to find VHD blob with URI ${sas} for disk os.` },
      };
      arm.fail({ status: 400, body }, { on: "PUT virtualMachines" });

      const osProfile = { computerName: "c", adminUsername: "u", adminPassword: password };
      await remedyErrorOf(client({ telemetry: openTelemetry() }).create("web-02", { osProfile }));

      const seen = JSON.stringify(
        traces.spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
      );
      expect(seen).toContain("DiskBlobNotFound");
      for (const secret of [signature, decodeURIComponent(signature), password]) expect(seen).not.toContain(secret);
    }));
});

describe("metrics, read back from the SDK's exporter", () => {
  it("count attempts, waited seconds and decisions of a healed create", () =>
    scene("24", async ({ arm, client }) => {
      const compute = client({ telemetry: openTelemetry() });
      arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      const heal = (): Promise<unknown> => compute.create("web-01");
      const decided = {
        "azure_remedy.action": "retry",
        "azure_remedy.disposition": "transient",
        "azure_remedy.category": "storage",
        "error.type": "StorageAccountTooBusy",
      };
      const waited = { "azure_remedy.wait.cause": "backoff", "http.request.method": "PUT" };
      const puts = {
        "http.request.method": "PUT",
        "azure_remedy.resource_type": "Microsoft.Compute/virtualMachines",
      };
      let waits = 0;
      let attempts = 0;
      const decisions = await growth("azure_remedy.decisions", decided, async () => {
        waits = await growth("azure_remedy.wait.duration", waited, async () => {
          attempts = await growth("azure_remedy.attempts", puts, heal);
        });
      });
      expect({ decisions, waits, attempts }).toEqual({ decisions: 1, waits: 5, attempts: 2 });
    }));

  it("a code that no rule knows makes no series of its own", () =>
    scene("24", async ({ arm, client }) => {
      const body = { error: { code: "Xk42Unheard", message: "Something." } };
      arm.fail({ status: 400, body }, { on: "PUT virtualMachines" });
      await remedyErrorOf(client({ telemetry: openTelemetry() }).create("web-01"));

      const types = (await traces.points("azure_remedy.decisions")).map(({ attributes }) => attributes["error.type"]);
      expect(types).toContain("_OTHER");
      expect(types).not.toContain("Xk42Unheard");
    }));

  it("show the level and the queue of a throttle's scopes, and of no single resource", () =>
    scene("24", async ({ arm, client, time }) => {
      arm.addVm({ name: "web-01" });
      arm.throttle({ on: "GET virtualMachines", retryAfter: 20 });
      const throttle = createThrottle({ random: () => 0 });
      const compute = client({ telemetry: openTelemetry(), throttle });

      const waiting = [compute.get("web-01"), time.sleep(1_000).then(() => compute.get("web-01"))];
      await time.sleep(5_000);
      const scope = throttle.snapshot().scopes.find((candidate) => candidate.waiting > 0);
      const queue = await traces.points("azure_remedy.throttle.queue");
      const level = await traces.points("azure_remedy.throttle.level");
      await Promise.all(waiting);

      const of = (points: typeof queue): number | undefined =>
        points.find(({ attributes }) => attributes["azure_remedy.throttle.scope"] === scope?.scope)?.value;
      expect(scope).toBeDefined();
      expect(of(queue)).toBe(scope?.waiting);
      expect(of(level)).toBe(scope?.level);
      expect(
        queue.filter(({ attributes }) => String(attributes["azure_remedy.throttle.scope"]).includes("web-01")),
      ).toEqual([]);
    }));

  it("with mode observe count what would have been decided", () =>
    scene("24", async ({ arm, client }) => {
      arm.addVm({ name: "web-01" });
      arm.fail(tooBusy, { on: "GET virtualMachines" });
      const observed = await growth("azure_remedy.decisions", { "azure_remedy.mode": "observe" }, () =>
        client({ telemetry: openTelemetry(), mode: "observe" }).get("web-01"),
      );
      expect(observed).toBe(1);
    }));
});

describe("names of Azure's attributes", () => {
  const namesOf = async (azureNames: "az" | "azure" | "both"): Promise<string[]> => {
    traces.reset();
    await scene("24", async ({ arm, client }) => {
      arm.addVm({ name: "web-01" });
      await client({ telemetry: openTelemetry({ azureNames }) }).get("web-01");
    });
    const { attributes } = spanNamed("GET Microsoft.Compute/virtualMachines");
    return Object.keys(attributes).filter((name) => /^az(?:ure)?\./.test(name));
  };
  const az = ["az.namespace", "az.service_request_id", "az.client_request_id"];
  const azure = [
    "azure.resource_provider.namespace",
    "azure.resource_group.name",
    "azure.service.request.id",
    "azure.client.request.id",
  ];

  it.each([
    ["az", az],
    ["azure", azure],
    ["both", [...az, ...azure]],
  ] as const)("%s", async (wanted, names) => {
    expect((await namesOf(wanted)).sort()).toEqual([...names].sort());
  });
});

describe("beside withRemedy", () => {
  it("a pipeline with the policy added by hand has the same spans", async () => {
    const telemetry = openTelemetry();
    const pipeline = createPipelineFromOptions({});
    pipeline.removePolicy({ name: "defaultRetryPolicy" });
    pipeline.addPolicy(remedyPolicy({ telemetry, throttle: createThrottle(), random: () => 0 }), { phase: "Retry" });
    pipeline.addPolicy(telemetry.attemptPolicy, { afterPhase: "Retry", afterPolicies: ["tracingPolicy"] });
    const url = "https://management.azure.com/subscriptions/s/resourceGroups/rg?api-version=2021-04-01";
    const statuses = [429, 200];
    const request = createPipelineRequest({ url });
    await pipeline.sendRequest(
      {
        sendRequest: (sent) => {
          const headers = createHttpHeaders({ "retry-after-ms": "1" });
          return Promise.resolve({ request: sent, status: statuses.shift() ?? 500, headers, bodyAsText: "{}" });
        },
      },
      request,
    );

    expect(traces.tree.filter((line) => !line.includes(" . "))).toEqual([
      "GET Microsoft.Resources/resourceGroups INTERNAL recovered",
      "  HTTP GET CLIENT 429 429 ERROR",
      "  HTTP GET CLIENT 200 resend 1",
    ]);
    expect(request.tracingOptions).toBeUndefined();
  });

  it("a function of retryOperation has a span, which is active while it runs", async () => {
    let runs = 0;
    await retryOperation(
      () => {
        runs += 1;
        trace.getTracer("caller").startSpan(`run ${runs}`).end();
        const busy = Object.assign(new Error("The service is busy."), { statusCode: 503, code: "ServerBusy" });
        return runs === 1 ? Promise.reject(busy) : Promise.resolve();
      },
      {
        name: "resize",
        telemetry: openTelemetry(),
        idempotent: true,
        clock: { now: () => 0, sleep: () => Promise.resolve() },
      },
    );

    expect(traces.tree.filter((line) => !line.includes(" . "))).toEqual([
      "resize INTERNAL recovered",
      "  run 1 INTERNAL",
      "  run 2 INTERNAL",
    ]);
  });

  it("without the option, a client has no policy for it; made again without, it has none any more", () =>
    scene("24", ({ client }) => {
      const { pipeline } = client().client;
      const names = (): string[] => pipeline.getOrderedPolicies().map(({ name }) => name);
      const plain = names();
      withRemedy({ pipeline }, { telemetry: openTelemetry() });
      expect(names().filter((name) => !plain.includes(name))).toEqual(["remedyTelemetryPolicy", "remedyAttemptPolicy"]);
      expect(names().indexOf("remedyAttemptPolicy")).toBeGreaterThan(names().indexOf("tracingPolicy"));
      withRemedy({ pipeline });
      expect(names()).toEqual(plain);
      return Promise.resolve();
    }));

  it.each([
    [{ azureNames: "new" }, /azureNames must be/],
    [{ abandonedAfterMs: -1 }, /abandonedAfterMs must be/],
    [{ tracerProvider: {} }, /tracerProvider must be/],
    [{ meterProvider: 1 }, /meterProvider must be/],
    [{ provider: {} }, /has no option "provider"/],
  ])("a bad option is named: %o", (options, message) => {
    expect(() => openTelemetry(options as never)).toThrow(message);
  });
});

describe.each(generations)("telemetry that fails, with arm-compute %s", (generation) => {
  const broken = (): never => {
    throw new Error("telemetry is broken");
  };
  const call: CallTelemetry = {
    inContext: broken,
    attempted: broken,
    decided: broken,
    waited: broken,
    onEvent: broken,
    suspend: broken,
    resume: broken,
    end: broken,
  };
  const later = (): Promise<void> => Promise.reject(new Error("telemetry is broken, and says so later"));
  const kinds: Record<string, Telemetry> = {
    "at the beginning": { begin: broken, watch: broken, observed: broken },
    "in every hook": { begin: () => call },
    "after it sent": {
      begin: () => ({
        ...call,
        inContext: (work) => {
          work();
          work();
          broken();
        },
      }),
    },
    "without sending": { begin: () => ({ ...call, inContext: () => undefined }) },
    "in promises": {
      begin: () => Object.fromEntries(Object.keys(call).map((name) => [name, later])) as unknown as CallTelemetry,
    },
  };

  it.each(Object.entries(kinds))("%s breaks no call, doubles no request and is reported", (_, telemetry) =>
    scene(generation, async ({ arm, client }) => {
      arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      const events: RemedyEvent[] = [];
      const vm = await client({ telemetry, onEvent: (event) => events.push(event) }).create("web-01");

      expect(vm.name).toBe("web-01");
      expect(arm.story).toEqual([
        "PUT virtualMachines/web-01 201",
        "GET operations/op-1 200 Failed StorageAccountTooBusy",
        "PUT virtualMachines/web-01 200",
        "GET operations/op-2 200 Succeeded",
        "GET virtualMachines/web-01 200",
      ]);
      const faults = events.filter((event) => event.type === "fault");
      expect(new Set(faults.map(({ where }) => where))).toEqual(new Set(["options.telemetry"]));
    }),
  );
});

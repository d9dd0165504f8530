/**
 * Failures that hide their cause, on the emulator and through the real clients: what evidence names, what it says where the right
 * is missing, and that it ends with an abort and never outlives the deadline.
 */
import { ComputeManagementClient as Compute22 } from "arm-compute-22";
import { ResourceManagementClient } from "arm-resources-5";
import { withRemedy, type RemedyError, type RemedyOptions } from "azure-remedy";
import type { Emulator } from "azure-remedy/emulator";
import { activityLog, standardEvidence } from "azure-remedy/evidence";
import { afterEach, describe, expect, it, vi } from "vitest";
import { generations, type Compute, type VmBody } from "../support/clients.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { scene, type Scene } from "../support/scene.js";

interface Cloud {
  readonly compute: Compute;
  deploy(resources: readonly object[], options?: { abortSignal?: AbortSignal }): Promise<unknown>;
  extend(machine: string, extension: string, options?: { abortSignal?: AbortSignal }): Promise<unknown>;
}

interface Story {
  readonly title: string;
  prepare(arm: Emulator): void | Promise<void>;
  act(cloud: Cloud, options?: { abortSignal: AbortSignal }): Promise<unknown>;
  /** How the root is named, in the message of the error. */
  readonly root: RegExp;
  readonly disposition: string;
  readonly options?: RemedyOptions;
  /** What a look at it needs. */
  readonly right: string;
  /** The request of that look, as the story of the emulator tells it. */
  readonly look: RegExp;
}

const withDiagnostics = { diagnosticsProfile: { bootDiagnostics: { enabled: true } } } as Partial<VmBody>;
const hours = 3_600_000;

const machine = (name: string, tags: object = {}): object => ({
  type: "Microsoft.Compute/virtualMachines",
  apiVersion: "2024-07-01",
  name,
  location: "westeurope",
  tags,
  properties: { hardwareProfile: { vmSize: "Standard_D2s_v5" } },
});
const nested = (name: string, resources: readonly object[]): object => ({
  type: "Microsoft.Resources/deployments",
  apiVersion: "2021-04-01",
  name,
  properties: { mode: "Incremental", template: { resources } },
});

/** What somebody else has asked for. */
async function begin(arm: Emulator, method: string, path: string): Promise<void> {
  const id = `/subscriptions/${arm.subscriptionId}/resourceGroups/rg/providers/Microsoft.Compute/${path}`;
  const response = await fetch(`${arm.endpoint}${id}?api-version=2024-07-01`, { method });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
}

const stories: readonly Story[] = [
  {
    title: "a deployment in a deployment, and a policy in its middle",
    prepare: (arm) =>
      void arm.denyByPolicy({
        name: "locations",
        displayName: "Allowed locations",
        field: "location",
        allowed: ["northeurope"],
        type: "Microsoft.Compute/virtualMachines",
      }),
    act: (cloud, options) => cloud.deploy([nested("outer", [nested("inner", [machine("web-01")])])], options),
    root: /Policy "Allowed locations".*location is westeurope, allowed: northeurope/,
    disposition: "permanent",
    right: "Microsoft.Resources/deployments/operations/read",
    look: /^GET deployments\/main\/operations/,
  },
  {
    title: "an extension that ends with an exit code",
    prepare: (arm) => {
      arm.addVm({ name: "web-01" });
      const message = "VM has reported a failure when processing extension 'setup'.";
      arm.failExtension("setup", { exitCode: 9, stderr: "apt: no space left", message, times: 1_000 });
    },
    act: (cloud, options) => cloud.extend("web-01", "setup", options),
    root: /Extension setup \(\S+\) ended with exit code 9: apt: no space left/,
    disposition: "permanent",
    right: "Microsoft.Compute/virtualMachines/read",
    look: /^GET virtualMachines\/web-01 /,
  },
  {
    title: "a guest that does not come up, whose serial log shows that its data source is missing",
    prepare: (arm) => void arm.sick("web-01", "missing-datasource"),
    act: ({ compute }, options) => compute.create("web-01", withDiagnostics, options),
    root: /The serial log shows: .*provisioning disk.*unknown filesystem type 'udf'/,
    disposition: "permanent",
    right: "Microsoft.Compute/virtualMachines/retrieveBootDiagnosticsData/action",
    look: /^POST virtualMachines\/web-01\/retrieveBootDiagnosticsData/,
  },
  {
    title: "a quota, with its numbers",
    prepare: (arm) => {
      arm.quota("standardDSv5Family", 1);
      const message = "The request exceeds a quota of the subscription.";
      arm.fail("QuotaExceeded", { on: "PUT virtualMachines", message, as: "answer", times: Infinity });
    },
    act: ({ compute }, options) => compute.create("web-01", {}, options),
    root: /Standard DSv5 Family vCPUs in westeurope: 0 of 1 used, 2 more needed: 1 too few/,
    disposition: "permanent",
    right: "Microsoft.Compute/locations/usages/read",
    look: /^GET usages/,
  },
  {
    title: "a locked resource",
    prepare: (arm) => {
      arm.addVm({ name: "web-01", powerState: "deallocated" });
      arm.lock("rg", "ReadOnly", { name: "freeze", notes: "Change freeze until January" });
    },
    act: ({ compute }, options) => compute.start("web-01", options),
    root: /Lock freeze \(ReadOnly\) on \S+\/resourceGroups\/rg; its notes: "Change freeze until January"/,
    disposition: "permanent",
    right: "Microsoft.Authorization/locks/read",
    look: /^GET locks/,
  },
  {
    title: "a restricted size",
    prepare: (arm) => {
      arm.restrict("Standard_D2s_v5");
      const message = "The requested size is currently not available.";
      arm.fail("SkuNotAvailable", { on: "PUT virtualMachines", message, as: "answer", times: Infinity });
    },
    act: ({ compute }, options) => compute.create("web-01", {}, options),
    root: /Standard_D2s_v5 is not available to this subscription in westeurope \(NotAvailableForSubscription\)/,
    disposition: "permanent",
    right: "Microsoft.Compute/skus/read",
    look: /^GET skus/,
  },
  {
    title: "a conflict that does not end in time",
    prepare: (arm) => {
      arm.addVm({ name: "web-01" });
      arm.longRunning({ on: "POST virtualMachines/deallocate", durationMs: 10 * hours });
      return begin(arm, "POST", "virtualMachines/web-01/deallocate");
    },
    act: ({ compute }, options) => compute.start("web-01", options),
    options: { evidence: [activityLog()], maxElapsedMs: 10 * 60_000 },
    root: /virtualMachines\/deallocate\/action has begun at 2026-01-05T08:00:00\.000Z, and its end is not in the log/,
    disposition: "transient",
    right: "Microsoft.Insights/eventtypes/values/read",
    look: /^GET eventtypes/,
  },
  {
    title: "a known outage that does not end in time",
    prepare: (arm) => {
      arm.outage({ lateMs: 0, title: "Errors on create" });
      arm.fail("InternalServerError", { on: "PUT virtualMachines", status: 500, as: "answer", times: Infinity });
    },
    act: ({ compute }, options) => compute.create("web-01", {}, options),
    options: { maxRetries: 2, circuitBreaker: false, maxElapsedMs: 10 * 60_000 },
    root: /Azure reports an outage: Errors on create \(EM00-001/,
    disposition: "transient",
    right: "Microsoft.ResourceHealth/events/read",
    look: /^GET events/,
  },
];

const customScript = {
  location: "westeurope",
  publisher: "Microsoft.Azure.Extensions",
  typePropertiesType: "CustomScript",
  typeHandlerVersion: "2.1",
};

function cloudOf(told: Scene, options: RemedyOptions): Cloud {
  const { arm, time } = told;
  const all: RemedyOptions = { evidence: standardEvidence(), random: () => 0, ...options };
  const compute = told.client(all);
  const additionalPolicies = [time.wire, ...arm.clientOptions.additionalPolicies];
  const resources = new ResourceManagementClient(arm.credential, arm.subscriptionId, { additionalPolicies });
  withRemedy(resources, { onEvent: (event) => told.events.push(event), ...all });
  return {
    compute,
    deploy: (templateResources, callOptions) =>
      resources.deployments.beginCreateOrUpdateAndWait(
        "rg",
        "main",
        { properties: { mode: "Incremental", template: { resources: templateResources } } },
        callOptions,
      ),
    extend: async (name, extension, callOptions) =>
      compute.client instanceof Compute22
        ? compute.client.virtualMachineExtensions.beginCreateOrUpdateAndWait(
            "rg",
            name,
            extension,
            customScript,
            callOptions,
          )
        : compute.client.virtualMachineExtensions.createOrUpdate("rg", name, extension, customScript, callOptions),
  };
}

const play = (
  generation: (typeof generations)[number],
  story: Story,
  tell: (told: Scene, act: (options?: RemedyOptions, signal?: AbortSignal) => Promise<unknown>) => Promise<void>,
): Promise<void> =>
  scene(
    generation,
    async (told) => {
      const { fetch } = globalThis;
      // Reads of a blob pass no pipeline: time stands still for them too.
      vi.stubGlobal("fetch", (...args: Parameters<typeof fetch>) => told.time.track(() => fetch(...args)));
      await story.prepare(told.arm);
      await tell(told, (options = {}, abortSignal) =>
        story.act(cloudOf(told, { ...story.options, ...options }), ...(abortSignal ? [{ abortSignal }] : [])),
      );
    },
    { left: "some", deploymentErrors: "bare", activityLogLateMs: 0 },
  );

/** What anybody could read of the failure. */
const printed = (error: RemedyError, told: Scene): string =>
  JSON.stringify([error.toJSON(), error.message, told.events, told.said]);

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each(generations)("arm-compute %s", (generation) => {
  describe.each(stories.map((story) => [story.title, story] as const))("%s", (_, story) => {
    const looksIn = ({ arm }: Scene): number => arm.story.filter((line) => story.look.test(line)).length;

    const hangLooks = ({ arm }: Scene): unknown =>
      arm.hang({ on: ({ method, name }) => story.look.test(`${method} ${name} `), times: Infinity });

    it("names the root, and prints no secret", () =>
      play(generation, story, async (told, act) => {
        const error = await remedyErrorOf(act());
        expect(error.message).toMatch(story.root);
        expect(error.diagnosis.disposition).toBe(story.disposition);
        expect(looksIn(told)).toBeGreaterThan(0);
        expect(printed(error, told)).not.toMatch(/sig=(?!\[redacted\])|Bearer /);
      }));

    it("says which right is missing, and fails as it would without", async () => {
      const seen: Record<string, unknown>[] = [];
      await play(generation, story, async (_told, act) => {
        const { code, statusCode } = await remedyErrorOf(act({ evidence: [] }));
        seen.push({ code, statusCode });
      });
      await play(generation, story, async (told, act) => {
        told.arm.deny(story.right);
        const error = await remedyErrorOf(act());
        expect(error).toMatchObject(seen[0] ?? {});
        expect(error.message).toContain(`could not look: needs ${story.right}`);
        expect(error.message).not.toMatch(story.root);
        // A finding names nobody; the answer itself may.
        expect(JSON.stringify(error.evidence)).not.toMatch(/emulator-user|object id/);
      });
    });

    it("a look that hangs ends with the deadline, and the failure is reported", () =>
      play(generation, story, async (told, act) => {
        hangLooks(told);
        const begun = Date.now();
        const deadline = begun + 60_000;
        const error = await remedyErrorOf(act({ deadline }));
        expect(Date.now()).toBeLessThanOrEqual(deadline);
        expect(error.message).not.toMatch(story.root);
      }));

    it("an abort ends a look at once, and nothing is sent after it", () =>
      play(generation, story, async (told, act) => {
        const controller = new AbortController();
        hangLooks(told);
        const call = thrownBy(act({ evidenceBudgetMs: 10 * hours }, controller.signal));
        for (let waited = 0; waited < 2_000 && looksIn(told) === 0; waited++) await told.time.sleep(1_000);
        expect(looksIn(told)).toBeGreaterThan(0);
        controller.abort();
        await expect(call).resolves.toMatchObject({ name: "AbortError" });
        const sent = told.arm.exchanges.length;
        await told.time.sleep(10 * 60_000);
        expect(told.arm.exchanges).toHaveLength(sent);
      }));
  });
});

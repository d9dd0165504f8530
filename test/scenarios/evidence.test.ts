/** Evidence on the wire: what a failed call looks at, what its error says then, and what is decided with it. */
import { describe, expect, it } from "vitest";
import { fallbackSizes, type RemedyOptions } from "azure-remedy";
import { defineEvidence, standardEvidence } from "azure-remedy/evidence";
import { generations, type Compute } from "../support/clients.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { storyReplies, type StoryReply } from "../support/replies.js";
import { scene, type Scene } from "../support/scene.js";

const group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg";
const locationless = { location: "westeurope" };

interface Told {
  readonly told: Scene;
  readonly compute: Compute;
  readonly asked: readonly string[];
}

const withEvidence = (
  generation: (typeof generations)[number],
  replies: Readonly<Record<string, StoryReply>>,
  story: (told: Told) => Promise<void>,
  options: RemedyOptions = {},
): Promise<void> =>
  scene(generation, async (told) => {
    const { policy, asked } = storyReplies(replies);
    const compute = told.client({ evidence: standardEvidence(), ...options }, { additionalPolicies: [policy] });
    await story({ told, compute, asked });
  });

const restrictedSize = {
  "GET /skus": {
    body: {
      value: [
        {
          resourceType: "virtualMachines",
          name: "Standard_D2s_v5",
          locations: ["westeurope"],
          restrictions: [
            {
              type: "Location",
              restrictionInfo: { locations: ["westeurope"] },
              reasonCode: "NotAvailableForSubscription",
            },
          ],
        },
      ],
    },
  },
} as const;

describe.each(generations)("arm-compute %s", (generation) => {
  it("a restricted size: the error says so, and keeps the answer's code, status and body", () =>
    withEvidence(generation, restrictedSize, async ({ told, compute, asked }) => {
      told.arm.fail("SkuNotAvailable", { on: "PUT virtualMachines" });
      const error = await remedyErrorOf(compute.create("web-01"));

      expect(asked).toEqual(["GET /skus"]);
      expect(error).toMatchObject({
        code: "SkuNotAvailable",
        statusCode: 409,
        diagnosis: { disposition: "permanent", refinedFrom: { disposition: "adaptable" } },
        evidence: [{ source: "skus", confidence: "high" }],
      });
      expect(error.message).toContain(
        "  Found:\n    skus: Standard_D2s_v5 is closed to this subscription in westeurope",
      );
      expect(error.toJSON().evidence).toHaveLength(1);
      expect(told.said).toEqual(["evidence: skus", expect.stringMatching(/^failed: permanent/)]);
    }));

  it("a size without room is left for another, with nothing looked at", () =>
    withEvidence(
      generation,
      restrictedSize,
      async ({ told, compute, asked }) => {
        told.arm.fail("SkuNotAvailable", { on: "PUT virtualMachines" });
        const vm = await compute.create("web-01");
        expect(vm.hardwareProfile?.vmSize).toBe("Standard_D2as_v5");
        expect(asked).toEqual([]);
      },
      { remedies: [fallbackSizes(["Standard_D2as_v5"])] },
    ));

  it("a spot pool that is used up makes room for another size, where one is allowed", () =>
    withEvidence(
      generation,
      {
        "GET /usages": {
          body: {
            value: [
              {
                currentValue: 3,
                limit: 3,
                name: { value: "standardDSv5Family", localizedValue: "Standard DSv5 Family vCPUs" },
              },
            ],
          },
        },
      },
      async ({ told, compute, asked }) => {
        told.arm.fail("QuotaExceeded", {
          on: "PUT virtualMachines",
          message:
            "Operation could not be completed as it results in exceeding approved standardDSv5Family Cores quota. Additional Required: 2.",
        });
        const vm = await compute.create("web-01");
        expect(vm.hardwareProfile?.vmSize).toBe("Standard_E2s_v5");
        expect(asked).toEqual(["GET /usages"]);
      },
      { remedies: [fallbackSizes(["Standard_E2s_v5"])] },
    ));

  it("a grant that is on its way is waited for", () => {
    const action = "Microsoft.Compute/virtualMachines/write";
    const scope = `${group}/providers/Microsoft.Compute/virtualMachines/web-01`;
    return withEvidence(
      generation,
      { "GET /permissions": { body: { value: [{ actions: ["*"], notActions: [] }] } } },
      async ({ told, compute, asked }) => {
        told.arm.fail("AuthorizationFailed", {
          on: "PUT virtualMachines",
          status: 403,
          times: 2,
          message: `The client 'ann' with object id 'o-1' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
        });
        await compute.create("web-01");
        expect(asked).toEqual(["GET /permissions"]);
        expect(told.time.elapsedMs()).toBeGreaterThanOrEqual(60_000);
      },
    );
  });

  it("a known outage is waited for with at most two sends a minute, within maxElapsedMs", () =>
    withEvidence(
      generation,
      {
        "GET /availabilityStatuses/current": { status: 404, body: { error: { code: "NotFound", message: "" } } },
        "GET /events": {
          body: {
            value: [
              {
                name: "ABC1-DE2",
                properties: {
                  eventType: "ServiceIssue",
                  status: "Active",
                  title: "Errors on create",
                  impact: [
                    { impactedService: "Virtual Machines", impactedRegions: [{ impactedRegion: "West Europe" }] },
                  ],
                },
              },
            ],
          },
        },
      },
      async ({ told, compute }) => {
        told.arm.fail("InternalServerError", { on: "PUT virtualMachines", status: 500, times: 1_000 });
        const error = await remedyErrorOf(compute.create("web-01"));
        expect(error.diagnosis).toMatchObject({ outage: true, disposition: "transient" });
        expect(error.elapsedMs).toBeGreaterThan(25 * 60_000);
        expect(error.elapsedMs).toBeLessThanOrEqual(30 * 60_000 + 10_000);
        const since = error.attempts.findIndex(({ waitMs }, index) => index > 0 && waitMs >= 30_000);
        expect(error.attempts.slice(since, -1).every(({ waitMs }) => waitMs >= 30_000)).toBe(true);
      },
      { maxRetries: 2, circuitBreaker: false },
    ));

  it("an operation that fails while it runs is looked into in the poll that finds it", () =>
    withEvidence(generation, restrictedSize, async ({ told, compute, asked }) => {
      told.arm.fail("AllocationFailed", { on: "PUT virtualMachines" });
      const error = await remedyErrorOf(compute.create("web-01"));
      expect(asked).toEqual(["GET /skus"]);
      expect(error).toMatchObject({ code: "AllocationFailed", evidence: [{ source: "skus" }] });
    }));

  it("a right that is missing is said, and hides nothing", () =>
    withEvidence(
      generation,
      {
        "GET /skus": {
          status: 403,
          body: { error: { code: "AuthorizationFailed", message: "The client 'ann@example.org' may not." } },
        },
      },
      async ({ told, compute }) => {
        told.arm.fail("SkuNotAvailable", { on: "PUT virtualMachines" });
        const error = await remedyErrorOf(compute.create("web-01"));
        expect(error).toMatchObject({ code: "SkuNotAvailable", evidence: [{ source: "skus", confidence: "none" }] });
        expect(error.diagnosis.refinedFrom).toBeUndefined();
        expect(error.message).toContain("skus: could not look: needs Microsoft.Compute/skus/read");
        expect(JSON.stringify(error.toJSON())).not.toContain("ann@");
      },
    ));

  it("nothing is asked when all goes well, and nothing without the option", () =>
    scene(generation, async (told) => {
      await told.client({ evidence: standardEvidence() }).create("web-01", locationless);
      told.arm.fail("SkuNotAvailable", { on: "PUT virtualMachines" });
      const error = await remedyErrorOf(told.client().create("web-02"));
      expect(error.evidence).toEqual([]);
      expect(told.arm.story.filter((line) => line.startsWith("GET skus"))).toEqual([]);
    }));

  it("an abort during a look is an abort", () =>
    scene(generation, async (told) => {
      const controller = new AbortController();
      const endless = defineEvidence({
        name: "endless",
        requests: 1,
        fits: () => true,
        look: () => {
          controller.abort();
          return new Promise<never>(() => undefined);
        },
      });
      told.arm.fail("SkuNotAvailable", { on: "PUT virtualMachines" });
      const create = told.client({ evidence: [endless] }).create("web-01", {}, { abortSignal: controller.signal });
      await expect(thrownBy(create)).resolves.toMatchObject({ name: "AbortError" });
      expect(told.time.elapsedMs()).toBeLessThan(1_000);
    }));

  it("a look that hangs costs no more than its budget, and none past the deadline", () =>
    scene(generation, async (told) => {
      const hanging = defineEvidence({
        name: "hanging",
        requests: 1,
        fits: () => true,
        look: () => new Promise<never>(() => undefined),
      });
      const failing = (): void => void told.arm.fail("SkuNotAvailable", { on: "PUT virtualMachines" });
      failing();
      const slow = await remedyErrorOf(told.client({ evidence: [hanging], evidenceBudgetMs: 2_000 }).create("web-01"));
      expect(slow).toMatchObject({
        code: "SkuNotAvailable",
        evidence: [{ says: "could not look: no answer within 2 s" }],
      });
      expect(slow.elapsedMs).toBe(2_000);
      failing();
      const begun = told.time.elapsedMs();
      const deadline = Date.now() + 700;
      await remedyErrorOf(told.client({ evidence: [hanging], deadline }).create("web-02"));
      expect(told.time.elapsedMs() - begun).toBe(700);
    }));
});

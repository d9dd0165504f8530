/** Evidence on the wire: what a failed call looks at, what its error says then, and what is decided with it. */
import { describe, expect, it } from "vitest";
import { fallbackSizes, type RemedyOptions } from "azure-remedy";
import { defineEvidence, standardEvidence } from "azure-remedy/evidence";
import { generations, type Compute } from "../support/clients.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { scene, type Scene } from "../support/scene.js";

const withEvidence = (
  generation: (typeof generations)[number],
  story: (told: Scene, compute: Compute) => Promise<void>,
  options: RemedyOptions = {},
): Promise<void> => scene(generation, (told) => story(told, told.client({ evidence: standardEvidence(), ...options })));

/** What was read beside the call itself, in order. */
const asked = ({ arm }: Scene): string[] =>
  arm.story
    .filter((line) => /^(?:GET|POST) (?:skus|usages|permissions|events|placementScores)/.test(line))
    .map((line) => line.replace(/ \d.*/, ""));

const refuse = ({ arm }: Scene, code = "SkuNotAvailable"): unknown => arm.fail(code, { on: "PUT virtualMachines" });

describe.each(generations)("arm-compute %s", (generation) => {
  it("a restricted size: the error says so, and keeps the answer's code, status and body", () =>
    withEvidence(generation, async (told, compute) => {
      told.arm.restrict("Standard_D2s_v5");
      const error = await remedyErrorOf(compute.create("web-01"));

      expect(asked(told)).toEqual(["GET skus"]);
      expect(error).toMatchObject({
        code: "SkuNotAvailable",
        statusCode: 409,
        diagnosis: { disposition: "permanent", refinedFrom: { disposition: "adaptable" } },
        evidence: [{ source: "skus", confidence: "high" }],
      });
      expect(error.message).toContain(
        "  Found:\n    skus: Standard_D2s_v5 is not available to this subscription in westeurope",
      );
      expect(error.toJSON().evidence).toHaveLength(1);
      expect(told.said).toEqual(["evidence: skus", expect.stringMatching(/^failed: permanent/)]);
    }));

  it("a size without room is left for another, with nothing looked at", () =>
    withEvidence(
      generation,
      async (told, compute) => {
        told.arm.restrict("Standard_D2s_v5");
        const vm = await compute.create("web-01");
        expect(vm.hardwareProfile?.vmSize).toBe("Standard_D2as_v5");
        expect(asked(told)).toEqual([]);
      },
      { remedies: [fallbackSizes(["Standard_D2as_v5"])] },
    ));

  it("a family's quota that is used up makes room for another size, where one is allowed", () =>
    withEvidence(
      generation,
      async (told, compute) => {
        told.arm.quota("standardDSv5Family", 1);
        const vm = await compute.create("web-01");
        expect(vm.hardwareProfile?.vmSize).toBe("Standard_E2s_v5");
        expect(asked(told)).toEqual(["GET usages"]);
      },
      { remedies: [fallbackSizes(["Standard_E2s_v5"])] },
    ));

  it("a grant that is on its way is waited for", () =>
    withEvidence(generation, async (told, compute) => {
      told.arm.deny("Microsoft.Compute/virtualMachines/write", { arrivesInMs: 45_000 });
      await compute.create("web-01");
      expect(asked(told)).toEqual(["GET permissions"]);
      expect(told.time.elapsedMs()).toBeGreaterThanOrEqual(45_000);
    }));

  it("a known outage is waited for with at most two sends a minute, within maxElapsedMs", () =>
    withEvidence(
      generation,
      async (told, compute) => {
        told.arm.outage({ lateMs: 0 });
        told.arm.fail("InternalServerError", { on: "PUT virtualMachines", status: 500, times: 1_000 });
        const error = await remedyErrorOf(compute.create("web-01"));
        expect(error.diagnosis).toMatchObject({ outage: true, disposition: "transient" });
        expect(error.elapsedMs).toBeGreaterThan(25 * 60_000);
        expect(error.elapsedMs).toBeLessThanOrEqual(30 * 60_000 + 10_000);
        const since = error.attempts.findIndex(({ waitMs }, index) => index > 0 && waitMs >= 30_000);
        expect(error.attempts.slice(since, -1).every(({ waitMs }) => waitMs >= 30_000)).toBe(true);
        // Every five minutes it is asked whether the outage lasts.
        expect(asked(told).filter((line) => line === "GET events").length).toBeLessThanOrEqual(7);
      },
      { maxRetries: 2, circuitBreaker: false },
    ));

  it("an operation that fails while it runs is looked into in the poll that finds it", () =>
    withEvidence(generation, async (told, compute) => {
      told.arm.shortage("Standard_D2s_v5");
      const error = await remedyErrorOf(compute.create("web-01"));
      expect(asked(told)).toEqual(["GET skus"]);
      expect(error).toMatchObject({ code: "AllocationFailed", evidence: [{ source: "skus" }] });
    }));

  it("a right that is missing is said, and hides nothing", () =>
    withEvidence(generation, async (told, compute) => {
      told.arm.deny("Microsoft.Compute/skus/read");
      refuse(told);
      const error = await remedyErrorOf(compute.create("web-01"));
      expect(error).toMatchObject({ code: "SkuNotAvailable", evidence: [{ source: "skus", confidence: "none" }] });
      expect(error.diagnosis.refinedFrom).toBeUndefined();
      expect(error.message).toContain("skus: could not look: needs Microsoft.Compute/skus/read");
      expect(JSON.stringify(error.evidence)).not.toContain("emulator-user");
    }));

  it("nothing is asked when all goes well, and nothing without the option", () =>
    scene(generation, async (told) => {
      await told.client({ evidence: standardEvidence() }).create("web-01");
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

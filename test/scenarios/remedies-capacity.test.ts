/** `fallback()` on the wire: other sizes, zones and priorities, also where quota or the offer is what is missing. */
import type { ComputeManagementClient } from "@azure/arm-compute";
import { CapacityMemory } from "azure-remedy";
import { fallback, similar, type CapacityFallbackOptions } from "azure-remedy/capacity";
import type { Emulator } from "azure-remedy/emulator";
import { describe, expect, it } from "vitest";
import { generations, type Compute } from "../support/clients.js";
import { remedyErrorOf } from "../support/outcome.js";
import { scene as play, type Scene } from "../support/scene.js";

const wanted = "Standard_D2s_v5";
const other = "Standard_D2as_v5";

interface Asked {
  readonly zones?: string[];
  readonly properties: { readonly hardwareProfile: { readonly vmSize: string }; readonly priority?: string };
}

const strikes = (
  arm: Emulator,
  code: string,
  when: (asked: Asked) => boolean,
  as: "operation" | "answer" = "operation",
): void => {
  arm.fail(code, {
    on: "PUT virtualMachines",
    as,
    times: Infinity,
    when: ({ body }) => when(body as unknown as Asked),
  });
};

/** A region that says nothing of its sizes and quotas: every look-up fails open. */
const scene = (generation: (typeof generations)[number], story: (told: Scene) => Promise<void>): Promise<void> =>
  play(generation, story, { onUnknownRequest: "answer" });

/** `size zone priority` of each create, in order. */
const asked = (arm: Emulator): string[] =>
  arm.exchanges
    .filter(({ method, name }) => method === "PUT" && name.startsWith("virtualMachines"))
    .map(({ body }) => {
      const { zones = [], properties } = body as unknown as Asked;
      return [properties.hardwareProfile.vmSize, ...zones, ...(properties.priority ? [properties.priority] : [])].join(
        " ",
      );
    });

const options = (more: Partial<CapacityFallbackOptions>): { remedies: [ReturnType<typeof fallback>] } => ({
  remedies: [fallback({ memory: new CapacityMemory(), ...more })],
});

describe.each(generations)("fallback with arm-compute %s", (generation) => {
  it("tries the next size of the list, and says what was chosen and why", () =>
    scene(generation, async (told) => {
      const { arm, client } = told;
      strikes(arm, "AllocationFailed", ({ properties }) => properties.hardwareProfile.vmSize === wanted);
      const vm = await client(options({ sizes: [other] })).create("web-01");
      expect(vm.hardwareProfile?.vmSize).toBe(other);
      expect(asked(arm)).toEqual([wanted, other]);
      expect(told.said.join("\n")).toContain(`${wanted}: AllocationFailed; ${other} instead`);
    }));

  it("makes a regular machine of a spot machine that finds no room", () =>
    scene(generation, async ({ arm, client }) => {
      strikes(arm, "SkuNotAvailable", ({ properties }) => properties.priority === "Spot", "answer");
      await client(options({ spot: "regular" })).create("web-01", { priority: "Spot" });
      expect(asked(arm)).toEqual([`${wanted} Spot`, `${wanted} Regular`]);
    }));

  it("goes to another family when the quota of one is used up, though no retry of the same request would ever pass", () =>
    scene(generation, async ({ arm, client }) => {
      arm.fail(
        {
          status: 409,
          body: {
            error: {
              code: "OperationNotAllowed",
              message:
                "Operation could not be completed as it results in exceeding approved standardDSv5Family Cores quota. Additional details - Deployment Model: Resource Manager, Location: westeurope, Current Limit: 10, Current Usage: 10, Additional Required: 2, (Minimum) New Limit Required: 12.",
            },
          },
        },
        { on: "PUT virtualMachines", times: 1 },
      );
      const vm = await client(options({ sizes: [other] })).create("web-01");
      expect(vm.hardwareProfile?.vmSize).toBe(other);
    }));

  it("does not move a machine that a failed create left behind unless it may be deleted", () =>
    scene(generation, async ({ arm, client }) => {
      strikes(arm, "ZonalAllocationFailed", ({ zones }) => zones?.[0] === "1");
      const error = await remedyErrorOf(client(options({ zones: ["2"] })).create("web-01", { zones: ["1"] }));
      expect(error.message).toContain("cannot be changed; allow { deleteFailed: true }");
      expect(asked(arm)).toEqual([`${wanted} 1`]);
      const vm = await client(options({ zones: ["2"], deleteFailed: true })).create("web-02", { zones: ["1"] });
      expect(vm.zones).toEqual(["2"]);
      expect(arm.story).toContain("DELETE virtualMachines/web-02 202");
    }));

  it("remembers what was refused, and begins the next create elsewhere", () =>
    scene(generation, async ({ arm, client }) => {
      strikes(arm, "AllocationFailed", ({ properties }) => properties.hardwareProfile.vmSize === wanted);
      const compute = client(options({ sizes: [other] }));
      await compute.create("web-01");
      await compute.create("web-02");
      expect(asked(arm)).toEqual([wanted, other, other]);
    }));

  it("ends with the service's failure, naming what was tried", () =>
    scene(generation, async ({ arm, client }) => {
      strikes(arm, "AllocationFailed", () => true);
      const error = await remedyErrorOf(client(options({ sizes: [other] })).create("web-01"));
      expect(error.code).toBe("AllocationFailed");
      expect(error.message).toContain("every candidate that is allowed was tried (2)");
    }));
});

describe("a scale set whose instances failed behind its success", () => {
  const body = {
    location: "westeurope",
    sku: { name: wanted, capacity: 3 },
    virtualMachineProfile: { priority: "Regular" },
  };
  const createSet = ({ client }: Compute, name: string) =>
    (client as ComputeManagementClient).virtualMachineScaleSets.createOrUpdate("rg", name, body);
  const sizesAsked = (arm: Emulator): unknown[] =>
    arm.exchanges
      .filter(({ method, name }) => method === "PUT" && name.startsWith("virtualMachineScaleSets"))
      .map(({ body }) => (body?.["sku"] as { name: string }).name);
  const looks = (arm: Emulator): number => arm.story.filter((line) => line.includes("/instanceView ")).length;

  it("stays a success; one look finds them, and the next set begins elsewhere", () =>
    scene("24", async (told) => {
      const { arm, client } = told;
      const compute = client(options({ sizes: [other] }));
      arm.failInstances("web", { count: 2, code: "AllocationFailed" });
      await expect(createSet(compute, "web")).resolves.toMatchObject({ provisioningState: "Succeeded" });
      expect(looks(arm)).toBe(1);
      expect(told.said.join("\n")).toContain("2 of 3 instances failed behind the success: AllocationFailed");
      await createSet(compute, "api");
      expect(sizesAsked(arm)).toEqual([wanted, other]);
    }));

  it("is looked at once when all went well, and not at all without fallback", () =>
    scene("24", async (told) => {
      const { arm, client } = told;
      await createSet(client(), "plain");
      expect(looks(arm)).toBe(0);
      await createSet(client(options({ sizes: [other] })), "web");
      expect(looks(arm)).toBe(1);
      expect(told.said).toEqual([]);
    }));

  it("stays a success, without delay, when the look is refused", () =>
    scene("24", async ({ arm, client, time }) => {
      arm.fail("AuthorizationFailed", { on: "GET virtualMachineScaleSets/instanceView" });
      const before = time.elapsedMs();
      await expect(createSet(client(options({ sizes: [other] })), "web")).resolves.toMatchObject({ name: "web" });
      expect(time.elapsedMs() - before).toBeLessThan(5_000);
    }));

  it("stays a success when the look is throttled for minutes", () =>
    scene("24", async ({ arm, client, time }) => {
      arm.fail("TooManyRequests", {
        on: "GET virtualMachineScaleSets/instanceView",
        times: Infinity,
        retryAfter: 300,
      });
      await expect(createSet(client(options({ sizes: [other] })), "web")).resolves.toMatchObject({ name: "web" });
      expect(time.elapsedMs()).toBeLessThan(20_000);
    }));
});

it.each([
  [{}, "fallback must be given sizes, zones or spot"],
  [{ sizes: [] }, "fallback.sizes must be a list of sizes"],
  [{ zones: "1" }, "fallback.zones must be a list of zones"],
  [{ sizes: similar(), spot: "cheap" }, 'fallback.spot must be "regular" or "spot-first"; it is "cheap"'],
  [{ sizes: similar(), size: "x" }, 'fallback has no option "size"; did you mean sizes?'],
])("refuses %j by name", (given, message) => {
  expect(() => fallback(given as never)).toThrow(message);
});

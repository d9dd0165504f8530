/** Other sizes and zones where there is no capacity, and what is remembered of it. */
import { CapacityMemory, fallbackSizes, fallbackZones, type Remedy } from "azure-remedy";
import type { Emulator } from "azure-remedy/emulator";
import { describe, expect, it } from "vitest";
import { generations } from "../support/clients.js";
import { remedyErrorOf } from "../support/outcome.js";
import { scene, type Scene } from "../support/scene.js";

const wanted = "Standard_D2s_v5";
const other = "Standard_D2as_v5";
const third = "Standard_D2ds_v5";
const hourMs = 3_600_000;

/** The size or zone is full: whoever asks for it is accepted, and fails at the end. */
function isFull(
  arm: Emulator,
  code: string,
  full: { size?: string; zone?: string },
  as: "operation" | "answer" = "operation",
): void {
  arm.fail(code, {
    on: "PUT virtualMachines",
    as,
    times: Infinity,
    when: ({ body }) => {
      const { zones, properties } = body as {
        zones?: string[];
        properties?: { hardwareProfile?: { vmSize?: string } };
      };
      return (
        (full.size === undefined || properties?.hardwareProfile?.vmSize === full.size) &&
        (full.zone === undefined || zones?.[0] === full.zone)
      );
    },
  });
}

/** `size zone` of each write, in order. */
const asked = (arm: Emulator): string[] =>
  arm.exchanges
    .filter(({ method }) => method === "PUT")
    .map(({ body }) => {
      const { zones, properties } = body as { zones?: string[]; properties: { hardwareProfile: { vmSize: string } } };
      return [properties.hardwareProfile.vmSize, ...(zones ?? [])].join(" ");
    });

const sizes = (candidates: string[], memory = new CapacityMemory()): Remedy[] => [
  fallbackSizes(candidates, { memory }),
];

describe.each(generations)("fallbackSizes with arm-compute %s", (generation) => {
  it("no capacity at the end of the operation: the next size is put onto the half-made machine", () =>
    scene(generation, async (told) => {
      isFull(told.arm, "AllocationFailed", { size: wanted });

      const vm = await told.client({ remedies: sizes([other, third]) }).create("web-01");

      expect(vm.hardwareProfile?.vmSize).toBe(other);
      expect(told.timeline.filter((line) => !line.includes("operations"))).toEqual([
        "0 s PUT virtualMachines/web-01 201",
        "0 s PUT virtualMachines/web-01 200",
        expect.stringMatching(/ GET virtualMachines\/web-01 200$/),
      ]);
      expect(told.said).toContain(`remedy fallbackSizes done: size ${wanted} has no capacity; size ${other} instead`);
    }));

  it("no capacity at the door: the same", () =>
    scene(generation, async (told) => {
      isFull(told.arm, "SkuNotAvailable", { size: wanted }, "answer");
      isFull(told.arm, "SkuNotAvailable", { size: other }, "answer");

      const vm = await told.client({ remedies: sizes([other, third]) }).create("web-01");

      expect(vm.hardwareProfile?.vmSize).toBe(third);
      expect(asked(told.arm)).toEqual([wanted, other, third]);
    }));

  it("the rest of the body goes along, whatever its length", () =>
    scene(generation, async (told) => {
      isFull(told.arm, "AllocationFailed", { size: wanted });
      const tags = { owner: "ops" };
      const osProfile = { computerName: "web-01", adminUsername: "azureuser", adminPassword: "S3cret-and-long!" };

      await told.client({ remedies: sizes(["Standard_NC24ads_A100_v4"]) }).create("web-01", { tags, osProfile });

      const [first, second] = told.arm.exchanges.filter(({ method }) => method === "PUT").map(({ body }) => body);
      expect(second?.["tags"]).toEqual(tags);
      expect((second?.["properties"] as { osProfile: unknown }).osProfile).toEqual(
        (first?.["properties"] as { osProfile: unknown }).osProfile,
      );
    }));

  it("every size full: the error is the service's, after each was asked once", () =>
    scene(generation, async (told) => {
      isFull(told.arm, "AllocationFailed", {});

      const error = await remedyErrorOf(told.client({ remedies: sizes([other, third]) }).create("web-01"));

      expect(error.code).toBe("AllocationFailed");
      expect(error.reason).toContain("has already run");
      expect(asked(told.arm)).toEqual([wanted, other, third]);
    }));

  it("not named: one request, and nothing is remembered", () =>
    scene(generation, async (told) => {
      isFull(told.arm, "AllocationFailed", { size: wanted });
      const client = told.client();

      for (const name of ["web-01", "web-02"]) {
        expect((await remedyErrorOf(client.create(name))).reason).toContain("fallbackSizes would help");
      }
      expect(asked(told.arm)).toEqual([wanted, wanted]);
    }));

  it("more candidates than resubmissions: the two are counted apart", () =>
    scene(generation, async (told) => {
      for (const size of [wanted, other, third, "Standard_D2_v5"]) isFull(told.arm, "AllocationFailed", { size });
      const candidates = [other, third, "Standard_D2_v5", "Standard_E2s_v5"];
      told.arm.fail("StorageAccountTooBusy", {
        on: "PUT virtualMachines",
        when: ({ body }) => JSON.stringify(body).includes("Standard_E2s_v5"),
      });

      const vm = await told.client({ remedies: sizes(candidates), maxResubmissions: 1 }).create("web-01");

      expect(vm.hardwareProfile?.vmSize).toBe("Standard_E2s_v5");
    }));

  it("half-way: a size that the caller may not have fails with that size's own error", () =>
    scene(generation, async (told) => {
      isFull(told.arm, "AllocationFailed", { size: wanted });
      told.arm.fail("QuotaExceeded", {
        on: "PUT virtualMachines",
        as: "answer",
        when: () => told.arm.exchanges.length > 1,
      });

      const error = await remedyErrorOf(told.client({ remedies: sizes([other]) }).create("web-01"));

      expect(error.code).toBe("QuotaExceeded");
      expect(error.attempts.map(({ code }) => code)).toEqual(["AllocationFailed", "QuotaExceeded"]);
    }));
});

describe.each(generations)("the memory of capacity with arm-compute %s", (generation) => {
  it("the next create starts with a size that may work, after a look that there is no machine yet", () =>
    scene(generation, async (told) => {
      isFull(told.arm, "AllocationFailed", { size: wanted });
      const client = told.client({ remedies: sizes([other]) });
      await client.create("web-01");
      told.arm.clearStory();

      const vm = await client.create("web-02");

      expect(vm.hardwareProfile?.vmSize).toBe(other);
      expect(told.arm.story.slice(0, 2)).toEqual([
        "GET virtualMachines/web-02 404 ResourceNotFound",
        "PUT virtualMachines/web-02 201",
      ]);
      expect(told.said).toContain(
        `remedy fallbackSizes done: size ${wanted} is known to be out of capacity; size ${other} instead`,
      );
    }));

  it.each([
    ["AllocationFailed", 1],
    ["SkuNotAvailable", 23],
  ] as const)("%s is remembered for %d h", (code, hours) =>
    scene(generation, async (told) => {
      isFull(told.arm, code, { size: wanted });
      const client = told.client({ remedies: sizes([other]) });
      await client.create("web-01");
      await told.time.sleep(hours * hourMs - 60_000);
      told.arm.clearStory();
      await client.create("web-02");
      expect(asked(told.arm)).toEqual([other]);

      await told.time.sleep(120_000);
      told.arm.clearStory();
      await client.create("web-03");
      expect(asked(told.arm)).toEqual([wanted, other]);
    }),
  );

  it("is shared by the clients of the process, and by creates that run at the same time", () =>
    scene(generation, async (told) => {
      isFull(told.arm, "AllocationFailed", { size: wanted });
      const first = told.client({ remedies: [fallbackSizes([other])] });
      const second = told.client({ remedies: [fallbackSizes([other])] });
      await Promise.all([first.create("vm-1"), second.create("vm-2"), first.create("vm-3")]);
      told.arm.clearStory();

      await Promise.all([second.create("vm-4"), first.create("vm-5")]);

      expect(asked(told.arm)).toEqual([other, other]);
    }));

  it("never moves a machine that is there", () =>
    scene(generation, async (told) => {
      isFull(told.arm, "AllocationFailed", { size: wanted });
      const client = told.client({ remedies: sizes([other]) });
      await client.create("web-01");
      told.arm.clearFaults();
      told.arm.addVm({ name: "old-01", size: wanted });

      await client.create("old-01", { tags: { env: "test" } });

      expect(told.arm.vm("old-01")?.size).toBe(wanted);
    }));

  it("is of the place that was asked: another region and another zone are asked all the same, Spot gets what is left there", () =>
    scene(generation, async (told) => {
      isFull(told.arm, "AllocationFailed", { size: wanted });
      const client = told.client({ remedies: sizes([other]) });
      await client.create("web-01");
      told.arm.clearFaults();
      told.arm.clearStory();

      await client.create("web-02", { location: "northeurope" });
      await client.create("web-03", { zones: ["1"] });
      await client.create("web-04", { priority: "Spot" });

      expect(asked(told.arm)).toEqual([wanted, `${wanted} 1`, other]);
    }));

  it("a set of hosts that is full says nothing of the region", () =>
    scene(generation, async (told) => {
      isFull(told.arm, "AllocationFailed", { size: wanted });
      const client = told.client({ remedies: sizes([other]) });
      await client.create("web-01", { proximityPlacementGroup: { id: "/subscriptions/s/ppg" } });
      told.arm.clearFaults();
      told.arm.clearStory();

      await client.create("web-02");

      expect(asked(told.arm)).toEqual([wanted]);
    }));

  it("a look that fails changes nothing: the request goes out as it is", () =>
    scene(generation, async (told) => {
      isFull(told.arm, "AllocationFailed", { size: wanted });
      const client = told.client({ remedies: sizes([other]), maxRetries: 0 });
      await client.create("web-01");
      told.arm.clearStory();
      told.arm.html({ on: "GET virtualMachines", status: 500 });

      const vm = await client.create("web-02");

      expect(vm.hardwareProfile?.vmSize).toBe(other);
      expect(asked(told.arm)).toEqual([wanted, other]);
      expect(told.said).toContainEqual(expect.stringContaining("fault in remedy fallbackSizes"));
    }));
});

describe.each(generations)("fallbackZones with arm-compute %s", (generation) => {
  const zones = (candidates: string[], deleteFailed: boolean): Remedy[] => [
    fallbackZones(candidates, { deleteFailed, memory: new CapacityMemory() }),
  ];
  const create = (told: Scene, remedies: Remedy[]) => told.client({ remedies }).create("web-01", { zones: ["1"] });

  it("with deleteFailed: the machine that this call left half-made goes, and the next zone is asked", () =>
    scene(generation, async (told) => {
      isFull(told.arm, "ZonalAllocationFailed", { zone: "1" });

      const vm = await create(told, zones(["2", "3"], true));

      expect(vm.zones).toEqual(["2"]);
      expect(asked(told.arm)).toEqual([`${wanted} 1`, `${wanted} 2`]);
      expect(told.arm.exchanges.map(({ method }) => method)).toContain("DELETE");
      expect(told.arm.vm("web-01")).toMatchObject({ zones: ["2"], provisioningState: "Succeeded" });
    }));

  it("all zones full: each is asked once, and the last half-made machine stays to be looked at", () =>
    scene(generation, async (told) => {
      isFull(told.arm, "ZonalAllocationFailed", {});

      const error = await remedyErrorOf(create(told, zones(["2", "3"], true)));

      expect(error.code).toBe("ZonalAllocationFailed");
      expect(asked(told.arm)).toEqual([`${wanted} 1`, `${wanted} 2`, `${wanted} 3`]);
      expect(told.arm.vm("web-01")?.provisioningState).toBe("Failed");
    }));

  it("without deleteFailed: nothing is deleted, and the error says what to allow", () =>
    scene(generation, async (told) => {
      isFull(told.arm, "ZonalAllocationFailed", { zone: "1" });

      const error = await remedyErrorOf(create(told, zones(["2"], false)));

      expect(error.code).toBe("ZonalAllocationFailed");
      expect(error.reason).toContain("allow { deleteFailed: true } or delete it by hand");
      expect(told.arm.vm("web-01")).toBeDefined();
    }));

  it("without deleteFailed, refused at the door: there is nothing to delete, and the next zone is asked", () =>
    scene(generation, async (told) => {
      isFull(told.arm, "ZonalAllocationFailed", { zone: "1" }, "answer");

      expect((await create(told, zones(["2"], false))).zones).toEqual(["2"]);
    }));

  it("a machine that was there before this call is never deleted", () =>
    scene(generation, async (told) => {
      told.arm.addVm({
        name: "web-01",
        zones: ["1"],
        size: wanted,
        powerState: "unknown",
        provisioningState: "Failed",
      });
      isFull(told.arm, "ZonalAllocationFailed", { zone: "1" });

      const error = await remedyErrorOf(create(told, zones(["2"], true)));

      expect(error.reason).toContain("not one that this call made");
      expect(told.arm.exchanges.filter(({ method }) => method === "DELETE")).toEqual([]);
    }));

  it("nor one that somebody else made in its place meanwhile", () =>
    scene(generation, async (told) => {
      const someoneElses = { properties: { provisioningState: "Failed", vmId: "of-another-create" } };
      isFull(told.arm, "ZonalAllocationFailed", { zone: "1" });
      told.arm.fail({ status: 200, body: someoneElses }, { on: "GET virtualMachines", as: "answer" });

      const error = await remedyErrorOf(create(told, zones(["2"], true)));

      expect(error.reason).toContain("not one that this call made");
      expect(told.arm.exchanges.filter(({ method }) => method === "DELETE")).toEqual([]);
    }));

  it("half-way: the delete fails, and the caller hears of both", () =>
    scene(generation, async (told) => {
      isFull(told.arm, "ZonalAllocationFailed", { zone: "1" });
      told.arm.fail("ScopeLocked", { on: "DELETE virtualMachines" });

      const error = await remedyErrorOf(create(told, zones(["2"], true)));

      expect(error.code).toBe("ZonalAllocationFailed");
      expect(error.reason).toContain("the remedy fallbackZones failed: ScopeLocked");
    }));

  it("together with sizes: in the caller's order, first every zone, then the next size", () =>
    scene(generation, async (told) => {
      const memory = new CapacityMemory();
      isFull(told.arm, "ZonalAllocationFailed", { size: wanted });
      const remedies = [
        fallbackZones(["2"], { deleteFailed: true, memory }),
        fallbackSizes([other], { deleteFailed: true, memory }),
      ];

      const vm = await told.client({ remedies }).create("web-01", { zones: ["1"] });

      expect(asked(told.arm)).toEqual([`${wanted} 1`, `${wanted} 2`, `${other} 2`]);
      expect(vm).toMatchObject({ zones: ["2"], hardwareProfile: { vmSize: other } });
    }));
});

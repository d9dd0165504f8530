/** Remedies of several calls at the same time: each runs for its own call, or one does for all, and none undoes another's. */
import { CapacityMemory, deallocateFirst, fallbackZones, refreshEtag, startFirst } from "azure-remedy";
import { describe, expect, it } from "vitest";
import { generations } from "../support/clients.js";
import { remedyErrorOf } from "../support/outcome.js";
import { patchTags } from "../support/pollers.js";
import { scene, type Scene } from "../support/scene.js";

const bigSize = "Standard_E4s_v5";
const names = ["vm-1", "vm-2", "vm-3", "vm-4", "vm-5"];

const writesOf = ({ arm }: Scene, name: string): string[] =>
  arm.exchanges
    .filter((exchange) => exchange.method !== "GET" && exchange.name.startsWith(`virtualMachines/${name}`))
    .map(({ method, name: what, status }) => `${method} ${what.replace(`virtualMachines/${name}`, "")} ${status}`);

describe.each(generations)("deallocateFirst at once, with arm-compute %s", (generation) => {
  const remedies = [deallocateFirst({ startAgain: true })];

  it("five machines: each is stopped, resized and started for its own call", () =>
    scene(generation, async (told) => {
      for (const name of names) told.arm.addVm({ name, size: "Standard_D2s_v5" });
      const client = told.client({ remedies });

      await Promise.all(names.map((name) => client.resize(name, bigSize)));

      for (const name of names) {
        expect(told.arm.vm(name)).toMatchObject({ size: bigSize, powerState: "running" });
        expect(writesOf(told, name)).toEqual(["PATCH  409", "POST /deallocate 202", "PATCH  200", "POST /start 202"]);
      }
    }));

  it("two resizes of one machine: both are told what is so, and it runs again", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: "Standard_D2s_v5" });
      told.arm.longRunning({ on: "* virtualMachines", durationMs: 20_000 });
      const client = told.client({ remedies });

      await Promise.all([client.resize("web-01", bigSize), client.resize("web-01", bigSize)]);

      expect(told.arm.vm("web-01")).toMatchObject({ size: bigSize, powerState: "running" });
    }));
});

describe.each(generations)("startFirst at once, with arm-compute %s", (generation) => {
  it("three commands for a machine that is down: each runs once", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", powerState: "deallocated" });
      told.arm.longRunning({ on: "POST virtualMachines/start", durationMs: 20_000 });
      const client = told.client({ remedies: [startFirst()] });

      await Promise.all(["a", "b", "c"].map((line) => client.runCommand("web-01", [line])));

      const ran = told.arm.vm("web-01")?.commandsRun.map(([line]) => line) ?? [];
      expect([...ran].sort()).toEqual(["a", "b", "c"]);
    }));
});

describe.each(generations)("fallbackZones at once, with arm-compute %s", (generation) => {
  const zoneIsFull = ({ arm }: Scene): void =>
    void arm.fail("ZonalAllocationFailed", {
      on: "PUT virtualMachines",
      as: "operation",
      times: Infinity,
      when: ({ body }) => (body as { zones?: string[] }).zones?.[0] === "1",
    });
  const inZone = { zones: ["1"] };

  it("five creates: each moves its own machine, and no other is deleted", () =>
    scene(generation, async (told) => {
      zoneIsFull(told);
      const memory = new CapacityMemory();
      const client = told.client({ remedies: [fallbackZones(["2"], { deleteFailed: true, memory })] });

      const made = await Promise.all(names.map((name) => client.create(name, inZone)));

      expect(made.map(({ zones }) => zones)).toEqual(names.map(() => ["2"]));
      for (const name of names) expect(told.arm.vm(name)).toMatchObject({ provisioningState: "Succeeded" });
    }));

  it("not named: one request each, and what is half-made stays", () =>
    scene(generation, async (told) => {
      zoneIsFull(told);
      const error = await remedyErrorOf(told.client().create("web-01", inZone));
      expect(error).toMatchObject({ code: "ZonalAllocationFailed", outcome: "failed" });
      expect(writesOf(told, "web-01")).toEqual(["PUT  201"]);
      expect(told.arm.vm("web-01")?.provisioningState).toBe("Failed");
    }));
});

describe.each(generations)("refreshEtag at once, with arm-compute %s", (generation) => {
  it("two changes with one stale ETag: what stands is the change of one who was told that it went well", () =>
    scene(generation, async (told) => {
      const { id } = told.arm.addVm({ name: "web-01" });
      const client = told.client({ remedies: [refreshEtag()] });
      const marks = ["one", "two"];

      const ends = await Promise.allSettled(marks.map((env) => patchTags(client, "web-01", { env }, '"stale"')));

      // The second may come too late once more. It is told so, and overwrites nothing.
      const well = marks.filter((_, index) => ends[index]?.status === "fulfilled");
      const written = writesOf(told, "web-01").filter((line) => line.endsWith("200"));
      expect(written).toHaveLength(well.length);
      expect(well).toContain((told.arm.state.resource(id) as { tags?: { env?: string } }).tags?.env);
    }));

  it("half-way: the resource cannot be read, and the caller hears of both", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      told.arm.fail("AuthorizationFailed", { on: "GET virtualMachines", times: Infinity });

      const error = await remedyErrorOf(
        patchTags(told.client({ remedies: [refreshEtag()] }), "web-01", { env: "test" }, '"stale"'),
      );

      expect(error).toMatchObject({ statusCode: 412 });
      expect(error.reason).toMatch(/the remedy refreshEtag failed: .*AuthorizationFailed/);
    }));
});

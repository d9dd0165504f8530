/** Remedies of several calls at the same time: each runs for its own call, or one does for all, and none undoes another's. */
import { CapacityMemory, deallocateFirst, fallbackZones, refreshEtag, startFirst } from "azure-remedy";
import { describe, expect, it } from "vitest";
import { generations } from "../support/clients.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { begin, patchTags } from "../support/pollers.js";
import { scene, type Scene } from "../support/scene.js";

const bigSize = "Standard_E4s_v5";
const otherSize = "Standard_E2s_v5";
const names = ["vm-1", "vm-2", "vm-3", "vm-4", "vm-5"];

const writesOf = ({ arm }: Scene, name: string): string[] =>
  arm.exchanges
    .filter((exchange) => exchange.method !== "GET" && exchange.name.startsWith(`virtualMachines/${name}`))
    .map(({ method, name: what, status }) => `${method} ${what.replace(`virtualMachines/${name}`, "")} ${status}`);

describe.each(generations)("deallocateFirst at once, with arm-compute %s", (generation) => {
  const remedies = [deallocateFirst()];

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

  const smallSize = "Standard_D2s_v5";
  const asBig = { hardwareProfile: { vmSize: bigSize } };
  /** What was sent to stop and to start the machine, and what came back. */
  const powerOf = (told: Scene): string[] => writesOf(told, "web-01").filter((line) => line.startsWith("POST"));
  const once = ["POST /deallocate 202", "POST /start 202"];

  // A step of more than two minutes is taken over by those who wait for it.
  it.each([20_000, 200_000])(
    "two resizes of one machine, by two clients, %i ms a step: it is stopped once, and started once when both have ended",
    (durationMs) =>
      scene(generation, async (told) => {
        told.arm.addVm({ name: "web-01", size: smallSize });
        told.arm.longRunning({ on: "* virtualMachines", durationMs });
        const [one, two] = [told.client({ remedies }), told.client({ remedies: [deallocateFirst()] })];

        await Promise.all([one.resize("web-01", bigSize), two.resize("web-01", otherSize)]);

        expect(powerOf(told)).toEqual(once);
        expect(writesOf(told, "web-01").filter((line) => line === "PATCH  200")).toHaveLength(2);
        expect(writesOf(told, "web-01").at(-1)).toBe("POST /start 202");
        expect(told.arm.vm("web-01")?.powerState).toBe("running");
        expect(told.events.filter(({ type }) => type === "fault" || type === "failed")).toEqual([]);
      }),
  );

  it("each is told what was done for it", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: smallSize });
      const client = told.client({ remedies });

      await Promise.all([client.resize("web-01", bigSize), client.resize("web-01", otherSize)]);

      expect(told.said.filter((line) => line.startsWith("remedy deallocateFirst done"))).toEqual([
        "remedy deallocateFirst done: deallocated VM web-01, which was running; it is started again at the end",
        "remedy deallocateFirst done: VM web-01 was deallocated for another call; it is started again at the end",
      ]);
    }));

  it("both are refused only at the end of their operations: the same", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: "Standard_E2s_v5" });
      const refusal = { rule: "OperationNotAllowed.resize-cluster" };
      told.arm.fail(refusal, { on: "PATCH virtualMachines", as: "operation", times: 2 });
      told.arm.longRunning({ on: "POST virtualMachines", durationMs: 90_000 });
      const client = told.client({ remedies });

      await Promise.all([client.resize("web-01", bigSize), client.resize("web-01", bigSize)]);

      expect(powerOf(told)).toEqual(once);
      expect(told.arm.vm("web-01")).toMatchObject({ size: bigSize, powerState: "running" });
    }));

  it("one of the two fails for good: the other has its way, and then the machine is started", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: smallSize });
      told.arm.longRunning({ on: "* virtualMachines", durationMs: 20_000 });
      const isStopped = (): boolean => told.arm.vm("web-01")?.powerState === "deallocated";
      told.arm.fail("InvalidParameter", { on: "PATCH virtualMachines", when: isStopped });
      const client = told.client({ remedies });

      const ends = await Promise.allSettled([client.resize("web-01", bigSize), client.resize("web-01", bigSize)]);

      expect(ends.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      expect(powerOf(told)).toEqual(once);
      expect(writesOf(told, "web-01").at(-1)).toBe("POST /start 202");
      expect(told.arm.vm("web-01")).toMatchObject({ size: bigSize, powerState: "running" });
    }));

  it("the one that stops the machine is aborted: the other waits for the stop under way, and starts the machine", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: smallSize });
      told.arm.longRunning({ on: "POST virtualMachines", durationMs: 60_000 });
      const caller = new AbortController();
      const client = told.client({ remedies });
      const aborted = thrownBy(client.create("web-01", asBig, { abortSignal: caller.signal }));
      const other = client.resize("web-01", bigSize);
      await told.time.sleep(10_000);

      caller.abort();

      expect((await aborted).name).toBe("AbortError");
      await other;
      expect(powerOf(told)).toEqual(once);
      expect(told.arm.vm("web-01")).toMatchObject({ size: bigSize, powerState: "running" });
    }));

  it("the other goes away without a word: it is waited for some minutes, then the machine is started", () =>
    scene(
      generation,
      async (told) => {
        told.arm.addVm({ name: "web-01", size: smallSize });
        const client = told.client({ remedies });

        await Promise.all([begin(client, "create", "web-01", { body: asBig }), client.resize("web-01", bigSize)]);

        expect(powerOf(told)).toEqual(once);
        expect(told.time.elapsedMs()).toBeLessThan(6 * 60_000);
      },
      { left: "some" },
    ));

  it("only one of the two wants it started again: it is, when both have ended", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: smallSize });
      told.arm.longRunning({ on: "* virtualMachines", durationMs: 20_000 });
      const [one, two] = [
        told.client({ remedies }),
        told.client({ remedies: [deallocateFirst({ startAgain: false })] }),
      ];

      await Promise.all([two.resize("web-01", otherSize), one.resize("web-01", bigSize)]);

      expect(powerOf(told)).toEqual(once);
      expect(writesOf(told, "web-01").at(-1)).toBe("POST /start 202");
    }));

  it("none of them wants it started again: it is left stopped", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: smallSize });
      const client = told.client({ remedies: [deallocateFirst({ startAgain: false })] });

      await Promise.all([client.resize("web-01", bigSize), client.resize("web-01", otherSize)]);

      expect(powerOf(told)).toEqual(["POST /deallocate 202"]);
      expect(told.arm.vm("web-01")?.powerState).toBe("deallocated");
    }));

  it("somebody else is stopping the machine: that is waited for, and it is left as it was found", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: smallSize });
      told.arm.longRunning({ on: "POST virtualMachines", durationMs: 60_000 });
      told.arm.fail({ rule: "OperationNotAllowed.resize-cluster" }, { on: "PATCH virtualMachines" });
      const others = told.client(null).deallocate("web-01");
      await told.time.sleep(5_000);

      await told.client({ remedies }).resize("web-01", bigSize);

      await others;
      expect(powerOf(told)).toEqual(["POST /deallocate 202"]);
      expect(told.arm.vm("web-01")).toMatchObject({ size: bigSize, powerState: "deallocated" });
      expect(told.said).toContain("remedy deallocateFirst done: VM web-01 was deallocating already");
    }));

  it("a third comes while the machine is being started again: that is waited for, and it is stopped once more", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: smallSize });
      told.arm.longRunning({ on: "POST virtualMachines", durationMs: 60_000 });
      told.arm.fail(
        { rule: "OperationNotAllowed.resize-cluster" },
        { on: "PATCH virtualMachines", when: () => told.arm.vm("web-01")?.powerState === "starting" },
      );
      const client = told.client({ remedies });
      const first = client.resize("web-01", bigSize);
      await told.time.sleep(90_000);
      expect(told.arm.vm("web-01")?.powerState).toBe("starting");

      await client.resize("web-01", smallSize);

      await first;
      expect(powerOf(told)).toEqual([...once, ...once]);
      expect(told.arm.vm("web-01")).toMatchObject({ size: smallSize, powerState: "running" });
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
      expect(writesOf(told, "web-01").filter((line) => line.startsWith("POST /start"))).toEqual(["POST /start 202"]);
    }));

  it("a command for a machine that is stopped for two resizes: they go first", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: "Standard_D2s_v5" });
      told.arm.longRunning({ on: "* virtualMachines", durationMs: 20_000 });
      told.arm.fail(
        { rule: "OperationNotAllowed.vm-not-running" },
        { on: "POST virtualMachines/runCommand", when: () => told.arm.vm("web-01")?.powerState === "deallocated" },
      );
      const client = told.client({ remedies: [deallocateFirst(), startFirst()] });
      const resizes = [client.resize("web-01", bigSize), client.resize("web-01", bigSize)];
      await told.time.sleep(30_000);
      expect(told.arm.vm("web-01")?.powerState).toBe("deallocated");

      await Promise.all([...resizes, client.runCommand("web-01", ["date"])]);

      expect(told.arm.vm("web-01")).toMatchObject({ size: bigSize, powerState: "running", commandsRun: [["date"]] });
      const starts = writesOf(told, "web-01").filter((line) => /POST .(start|deallocate) 202/.test(line));
      expect(starts).toEqual(["POST /deallocate 202", "POST /start 202"]);
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

      // The second may come too late once more. It gets an error, and overwrites nothing.
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

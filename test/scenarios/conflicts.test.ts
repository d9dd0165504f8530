/** Conflicts are waited out by looking at the resource that is at work, not by writing to it again and again. */
import { describe, expect, it } from "vitest";
import { generations } from "../support/clients.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { scene, type Scene } from "../support/scene.js";

const second = 1_000;
const minute = 60 * second;

describe.each(generations)("arm-compute %s, a machine that another operation holds", (generation) => {
  it.each([20, 95, 600])("for %d s: one refused write, and the next within 15 s of its end", (seconds) =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      told.arm.longRunning({ on: "POST virtualMachines/deallocate", durationMs: seconds * second });
      const other = told.client().deallocate("web-01");
      await told.time.sleep(second);
      await told.client().resize("web-01", "Standard_D4s_v5");

      const writes = told.arm.exchanges.filter(
        ({ method, name }) => method === "PATCH" && name === "virtualMachines/web-01",
      );
      expect(writes.map(({ status }) => status)).toEqual([409, 200]);
      const sentAt = (writes[1]?.at ?? 0) - (writes[0]?.at ?? 0) + second;
      expect(sentAt).toBeGreaterThanOrEqual(seconds * second);
      expect(sentAt).toBeLessThanOrEqual((seconds + 15) * second);
      await other;
    }),
  );

  it("many callers share five looks a minute", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      told.arm.longRunning({ on: "POST virtualMachines/deallocate", durationMs: 3 * minute });
      const compute = told.client();
      const other = compute.deallocate("web-01");
      await told.time.sleep(second);
      const begun = told.arm.exchanges.length;
      const calls = Array.from({ length: 5 }, () => compute.start("web-01"));
      await told.time.sleep(2 * minute);
      const looks = told.arm.exchanges
        .slice(begun)
        .filter(({ method, name }) => method === "GET" && name === "virtualMachines/web-01");
      expect(looks.length).toBeLessThanOrEqual(11);
      await Promise.all([other, ...calls]);
    }));

  it("what does not show in its state is waited for as before: one look, then the backoff", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      told.arm.fail("Conflict", {
        on: "POST virtualMachines/start",
        as: "answer",
        message: "Another operation is in progress.",
        times: 2,
      });
      await told.client().start("web-01");
      expect(told.timeline.slice(0, 4)).toEqual([
        "0 s POST virtualMachines/web-01/start 409 Conflict",
        "0 s GET virtualMachines/web-01 200",
        expect.stringMatching(/^\d+ s POST virtualMachines\/web-01\/start 409 Conflict$/),
        expect.stringMatching(/^\d+ s POST virtualMachines\/web-01\/start 20\d$/),
      ]);
    }));

  it("where it may not be read, the backoff is all there is", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      told.arm.deny("Microsoft.Compute/virtualMachines/read");
      told.arm.fail("Conflict", {
        on: "POST virtualMachines/start",
        as: "answer",
        message: "Another operation is in progress.",
      });
      await told.client().start("web-01");
      expect(told.arm.vm("web-01")?.powerState).toBe("running");
    }));

  it("an abort ends the wait, and nothing is sent after it", () =>
    scene(
      generation,
      async (told) => {
        told.arm.addVm({ name: "web-01" });
        told.arm.longRunning({ on: "POST virtualMachines/deallocate", durationMs: 10 * minute });
        const other = told.client().deallocate("web-01");
        await told.time.sleep(second);
        const controller = new AbortController();
        const start = thrownBy(told.client().start("web-01", { abortSignal: controller.signal }));
        await told.time.sleep(30 * second);
        controller.abort();
        await expect(start).resolves.toMatchObject({ name: "AbortError" });
        const writes = told.arm.exchanges.filter(({ name }) => name === "virtualMachines/web-01/start");
        expect(writes).toHaveLength(1);
        await other;
      },
      { left: "some" },
    ));

  it("a deadline ends it in time", () =>
    scene(
      generation,
      async (told) => {
        told.arm.addVm({ name: "web-01" });
        told.arm.longRunning({ on: "POST virtualMachines/deallocate", durationMs: 10 * minute });
        const other = told.client().deallocate("web-01");
        await told.time.sleep(second);
        const begun = told.time.elapsedMs();
        await remedyErrorOf(told.client({ deadline: Date.now() + minute }).start("web-01"));
        expect(told.time.elapsedMs() - begun).toBeLessThanOrEqual(minute);
        await other;
      },
      { left: "some" },
    ));
});

describe.each(generations)("arm-compute %s, a resubmission that is refused inside its operation", (generation) => {
  /** A write fails while it runs; before it is sent again, somebody else begins to deallocate the machine. */
  const story = (seconds: number, tell: (scene: Scene, write: Promise<unknown>) => Promise<void>): Promise<void> =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: "Standard_D2s_v5" });
      told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      told.arm.longRunning({ on: "POST virtualMachines/deallocate", durationMs: seconds * second });
      const write = told.client().create("web-01", { tags: { team: "a" } });
      for (let waited = 0; waited < 60 && !told.said.some((line) => line.startsWith("resubmit")); waited++)
        await told.time.sleep(second);
      const other = told.client().deallocate("web-01");
      await tell(told, write);
      await other;
    });
  const writesOf = ({ arm }: Scene): { status: number | undefined; at: number }[] =>
    arm.exchanges
      .filter(({ method, name }) => method === "PUT" && name === "virtualMachines/web-01")
      .map(({ status, at }) => ({ status, at }));

  it.each([30, 95, 600])("for %d s: one refused write, and the next within 15 s of its end", (seconds) =>
    story(seconds, async (told, write) => {
      const begun = Date.now();
      await write;
      const writes = writesOf(told);
      expect(writes.map(({ status }) => status)).toEqual(
        [202, 409, 202].map((s) => (s === 202 ? writes[0]?.status : s)),
      );
      const last = (writes.at(-1)?.at ?? 0) - begun;
      expect(last).toBeGreaterThanOrEqual(seconds * second - second);
      expect(last).toBeLessThanOrEqual((seconds + 15) * second);
      expect(told.said).toContain(
        "readBack: another operation is at work on the resource; it is watched until it ends",
      );
    }),
  );

  it("where the resource may not be read, the backoff is all there is", () =>
    story(95, async (told, write) => {
      told.arm.deny("Microsoft.Compute/virtualMachines/read");
      await thrownBy(write.then(() => Promise.reject(new Error("done"))));
      expect(writesOf(told).filter(({ status }) => status === 409).length).toBeGreaterThan(1);
    }));
});

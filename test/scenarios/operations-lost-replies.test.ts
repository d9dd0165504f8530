/** First requests whose reply is lost although the service took them in: what was made must not be reported as failed. */
import { describe, expect, it } from "vitest";
import type { Emulator } from "azure-remedy/emulator";
import { generations } from "../support/clients.js";
import { remedyErrorOf } from "../support/outcome.js";
import { scene } from "../support/scene.js";

const losses: readonly (readonly [how: string, plant: (arm: Emulator, on: string) => unknown])[] = [
  ["a reset", (arm, on) => arm.reset({ on, after: "after-execution" })],
  ["500", (arm, on) => arm.fail("InternalServerError", { on, as: "answer", after: "after-execution" })],
  ["a gateway's 502", (arm, on) => arm.html({ on, status: 502, after: "after-execution" })],
  ["a gateway's 504", (arm, on) => arm.html({ on, status: 504, after: "after-execution" })],
  ["half a body", (arm, on) => arm.cutBody({ on })],
  ["silence", (arm, on) => arm.hang({ on, after: "after-execution" })],
];

describe.each(generations)("a create whose reply is lost, with arm-compute %s", (generation) => {
  it.each(losses)("in %s: the machine that was made is the result", (_, lose) =>
    scene(generation, async (told) => {
      lose(told.arm, "PUT virtualMachines");

      const vm = await told.client().create("web-01", { tags: { env: "test" } });

      expect(vm.name).toBe("web-01");
      expect(told.arm.vm("web-01")).toMatchObject({ provisioningState: "Succeeded", powerState: "running" });
      expect(told.said.at(-1)).toContain("recovered");
    }),
  );

  it("and which is still at work: its conflict with itself is waited out", () =>
    scene(generation, async (told) => {
      told.arm.longRunning({ on: "PUT virtualMachines", durationMs: 20_000 });
      told.arm.reset({ on: "PUT virtualMachines", after: "after-execution" });

      const vm = await told.client().create("web-01");

      expect(vm.name).toBe("web-01");
      // Seen at work, it is watched, and written to again when it has ended.
      expect(told.timeline.filter((line) => line.includes("409"))).toHaveLength(1);
      expect(told.timeline.slice(0, 3)).toEqual([
        "0 s PUT virtualMachines/web-01 reset",
        "0.8 s PUT virtualMachines/web-01 409 OperationNotAllowed",
        "0.8 s GET virtualMachines/web-01 200",
      ]);
    }));

  it.each(losses)(
    "in %s, and whose repetition is refused for good: the machine that was made is the result",
    (_, lose) =>
      scene(generation, async (told) => {
        const { arm } = told;
        lose(arm, "PUT virtualMachines");
        arm.fail("PropertyChangeNotAllowed", {
          on: "PUT virtualMachines",
          as: "answer",
          status: 409,
          when: () => arm.exchanges.length > 1,
        });

        const vm = await told.client().create("web-01");

        expect(vm.name).toBe("web-01");
        expect(arm.exchanges.filter(({ method }) => method === "PUT")).toHaveLength(2);
        expect(told.said.at(-1)).toContain("an earlier attempt had succeeded");
      }),
  );

  it("an update that may not have come about is not taken for done, since the machine was there before", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.addVm({ name: "web-01", size: "Standard_D2s_v5" });
      await told.time.sleep(3_600_000);
      arm.reset({ on: "PUT virtualMachines" });
      arm.fail("QuotaExceeded", { on: "PUT virtualMachines", as: "answer" });

      const error = await remedyErrorOf(told.client().create("web-01", { tags: { env: "test" } }));

      expect(error).toMatchObject({ code: "QuotaExceeded", outcome: "unknown" });
    }));

  it("an update that is refused did nothing, whatever its code means elsewhere", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.addVm({ name: "web-01", size: "Standard_D2s_v5" });
      arm.fail("OSProvisioningTimedOut", { on: "PATCH virtualMachines", as: "answer", status: 400 });

      const error = await remedyErrorOf(told.client().resize("web-01", "Standard_D4s_v5"));

      expect(error).toMatchObject({ code: "OSProvisioningTimedOut", outcome: "failed" });
      expect(told.timeline).toEqual(["0 s PATCH virtualMachines/web-01 400 OSProvisioningTimedOut"]);
    }));

  it("a refusal that has nothing to do with a lost reply stays a refusal", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      told.arm.fail("PropertyChangeNotAllowed", { on: "PUT virtualMachines", as: "answer", status: 409 });

      expect((await remedyErrorOf(told.client().create("web-01"))).code).toBe("PropertyChangeNotAllowed");
    }));
});

describe.each(generations)("a delete whose reply is lost, with arm-compute %s", (generation) => {
  it.each(losses)("in %s: gone is gone", (_, lose) =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.addVm({ name: "web-01" });
      lose(arm, "DELETE virtualMachines");
      arm.fail("ResourceNotFound", { on: "DELETE virtualMachines", when: () => arm.exchanges.length > 1 });

      await told.client().remove("web-01");

      expect(arm.vm("web-01")).toBeUndefined();
    }),
  );
});

describe.each(generations)("an action whose reply is lost, with arm-compute %s", (generation) => {
  it("start is sent again: two starts are one", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", powerState: "deallocated" });
      told.arm.reset({ on: "POST virtualMachines/start", after: "after-execution" });

      await told.client().start("web-01");

      expect(told.arm.vm("web-01")?.powerState).toBe("running");
    }));

  it.each(losses)("runCommand (%s) is sent once and reported as unknown", (_, lose) =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      lose(told.arm, "POST virtualMachines/runCommand");

      const error = await remedyErrorOf(told.client().runCommand("web-01", ["date"]));

      expect(error.reason).toContain("outcome unknown");
      expect(told.arm.exchanges).toHaveLength(1);
      told.arm.finishOperations();
      expect(told.arm.vm("web-01")?.commandsRun).toEqual([["date"]]);
    }),
  );
});

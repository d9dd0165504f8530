/** Polls that have trouble of their own, that come from elsewhere, and that are none. */
import { describe, expect, it } from "vitest";
import { sharedOperations } from "../../src/lro/operations.js";
import { createThrottle } from "../../src/throttle/local-throttle.js";
import { generations } from "../support/clients.js";
import { remedyErrorOf } from "../support/outcome.js";
import { begin, resume } from "../support/pollers.js";
import { scene } from "../support/scene.js";

describe.each(generations)("trouble of polls, with arm-compute %s", (generation) => {
  it("429 with a hint: the poller waits as asked, and then as before", () =>
    scene(
      generation,
      async (told) => {
        told.arm.throttle({ on: "GET operations", retryAfter: 60, times: 3 });

        await told.client().create("web-01");

        expect(told.timeline).toEqual([
          "0 s PUT virtualMachines/web-01 201",
          "0 s GET operations/op-1 429 SubscriptionRequestsThrottled",
          "60 s GET operations/op-1 429 SubscriptionRequestsThrottled",
          "120 s GET operations/op-1 429 SubscriptionRequestsThrottled",
          "180 s GET operations/op-1 200 InProgress",
          "182 s GET operations/op-1 200 InProgress",
          "184 s GET operations/op-1 200 Succeeded",
          "184 s GET virtualMachines/web-01 200",
        ]);
      },
      { operations: { polls: 2 } },
    ));

  it("429 without a hint, HTML pages, resets and cut bodies in turn: the operation is not lost", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.throttle({ on: "GET operations", hint: "none", times: 3 });
      arm.html({ on: "GET operations", status: 502, times: 2 });
      arm.reset({ on: "GET operations" });
      arm.cutBody({ on: "GET operations" });
      arm.html({ on: "GET operations", status: 504 });

      expect((await told.client().create("web-01")).name).toBe("web-01");

      expect(arm.exchanges.filter(({ method }) => method === "PUT")).toHaveLength(1);
      expect(told.timeline.slice(1, 9)).toEqual([
        "0 s GET operations/op-1 429 SubscriptionRequestsThrottled",
        "2 s GET operations/op-1 429 SubscriptionRequestsThrottled",
        "6 s GET operations/op-1 429 SubscriptionRequestsThrottled",
        "14 s GET operations/op-1 502",
        "22 s GET operations/op-1 502",
        "38 s GET operations/op-1 reset",
        "64 s GET operations/op-1 cut",
        "94 s GET operations/op-1 504",
      ]);
    }));

  it("an outage that outlasts the retries: the error tells how to follow the operation, which goes on", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.html({ on: "GET operations", status: 503, times: Infinity });

      const error = await remedyErrorOf(told.client({ circuitBreaker: false }).create("web-01"));

      expect(error.statusCode).toBe(503);
      expect(error.reason).toBe("polling failed: transient, but 8 retries are used up");
      expect(error.attempts).toHaveLength(9);
      expect(error.retryAfterMs).toBeGreaterThan(0);
      arm.clearFaults();
      const poller = await resume(told.client(), "create", "web-01", error.resume ?? "");
      expect((await poller.done())?.name).toBe("web-01");
    }));

  it("an outage of Location polls does not send a command again", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.addVm({ name: "web-01" });
      arm.longRunning({ on: "POST virtualMachines/runCommand", style: "location" });
      arm.throttle({ on: "GET operations", retryAfter: 600, times: Infinity });

      const error = await remedyErrorOf(told.client().runCommand("web-01", ["date"]));

      expect(error.statusCode).toBe(429);
      expect(error.resume).toMatchObject({ method: "POST" });
      expect(arm.exchanges.filter(({ method }) => method === "POST")).toHaveLength(1);
    }));

  it("a window that the throttle knows to be closed is waited out by the poller", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      const throttle = createThrottle({ random: () => 0 });
      const compute = told.client({ throttle });
      arm.addVm({ name: "db-01" });
      arm.throttle({ on: "GET virtualMachines", retryAfter: 300 });
      const read = compute.get("db-01");
      const created = compute.create("web-01");

      await Promise.all([read, created]);

      expect(told.timeline.filter((line) => line.includes("operations"))).toEqual([
        expect.stringMatching(/^30[0-3](\.\d+)? s GET operations\/op-1 200 Succeeded$/),
      ]);
    }));
});

describe.each(generations)("who polls, with arm-compute %s", (generation) => {
  it("another client of the process: the operation is healed all the same", () =>
    scene(generation, async (told) => {
      told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      told.arm.longRunning({ on: "PUT virtualMachines", durationMs: 3_000 });
      const first = await begin(told.client(), "create", "web-01");

      const second = await resume(told.client(), "create", "web-01", await first.state());

      expect((await second.done())?.name).toBe("web-01");
      expect(told.arm.exchanges.filter(({ method }) => method === "PUT")).toHaveLength(2);
    }));

  it("two pollers of one operation: one heals it, both end well", () =>
    scene(generation, async (told) => {
      told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      told.arm.longRunning({ on: "PUT virtualMachines", durationMs: 3_000 });
      const compute = told.client();
      const first = await begin(compute, "create", "web-01");
      const second = await resume(compute, "create", "web-01", await first.state());

      const results = await Promise.all([first.done(), second.done()]);

      expect(results.map((vm) => vm?.name)).toEqual(["web-01", "web-01"]);
      expect(told.arm.exchanges.filter(({ method }) => method === "PUT")).toHaveLength(2);
    }));

  it.each(["azure-async-operation", "location"] as const)(
    "a poller restored in another process (%s): the failure is explained, and nothing is sent again",
    (style) =>
      scene(generation, async (told) => {
        const { arm } = told;
        arm.longRunning({ on: "PUT virtualMachines", durationMs: 3_000, style });
        arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
        const first = await begin(told.client(), "create", "web-01");
        const state = await first.state();
        forget(state);

        const restored = await resume(told.client(), "create", "web-01", state);
        const error = await remedyErrorOf(restored.done());

        expect(error.code).toBe("StorageAccountTooBusy");
        expect(error.attempts).toHaveLength(1);
        expect(arm.exchanges.filter(({ method }) => method === "PUT")).toHaveLength(1);
        expect(told.said).toEqual([expect.stringMatching(/^failed: /)]);
      }),
  );

  it("a poller restored in another process, told to wait for weeks, does not ask every millisecond", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.longRunning({ on: "PUT virtualMachines", durationMs: 3_000 });
      const first = await begin(told.client(), "create", "web-01");
      const state = await first.state();
      forget(state);
      arm.fail(
        { status: 200, headers: { "retry-after": "3000000000" }, body: { status: "InProgress" } },
        { on: "GET operations" },
      );

      const restored = await resume(told.client(), "create", "web-01", state);

      expect((await restored.done())?.name).toBe("web-01");
      expect(told.time.elapsedMs()).toBeGreaterThan(14 * 86_400_000);
    }));

  it("nobody: a caller's own GET of a machine in state Failed is a machine, not an error", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", provisioningState: "Failed" });

      const vm = await told.client().get("web-01");

      expect(vm.provisioningState).toBe("Failed");
      expect(told.events).toEqual([]);
    }));

  it("a caller who reads the machine while it is healed reads the machine", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.longRunning({ on: "PUT virtualMachines", style: "body" });
      arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      const compute = told.client();
      const created = compute.create("web-01", { tags: { env: "test" } });
      await told.time.sleep(2_500);

      const seen = await compute.get("web-01");

      expect(seen).toMatchObject({ name: "web-01", provisioningState: "Updating", tags: { env: "test" } });
      await created;
    }));
});

describe.each(generations)("operations side by side, with arm-compute %s", (generation) => {
  it("twenty that interleave: each is healed by its own request", () =>
    scene(
      generation,
      async (told) => {
        const { arm } = told;
        const names = Array.from({ length: 20 }, (_, index) => `vm-${index}`);
        names.forEach((name, index) => {
          if (index % 2 === 0)
            arm.fail("StorageAccountTooBusy", { on: `PUT virtualMachines/${name}`, times: 1 + (index % 3) });
        });
        const compute = told.client();

        const machines = await Promise.all(names.map((name) => compute.create(name, { tags: { owner: name } })));

        expect(machines.map(({ name }) => name)).toEqual(names);
        for (const name of names) {
          const puts = arm.exchanges.filter(({ method, name: told }) => method === "PUT" && told.endsWith(`/${name}`));
          expect(puts.every(({ body }) => (body?.["tags"] as { owner: string }).owner === name)).toBe(true);
          expect(puts).toHaveLength(Number(name.slice(3)) % 2 === 0 ? 2 + (Number(name.slice(3)) % 3) : 1);
          expect(arm.vm(name)).toMatchObject({ provisioningState: "Succeeded", powerState: "running" });
        }
      },
      { operations: { polls: 1 } },
    ));

  it.each(["azure-async-operation", "body"] as const)(
    "the same machine written twice (%s): each poller follows its own",
    (style) =>
      scene(generation, async (told) => {
        const { arm } = told;
        arm.longRunning({ on: "PUT virtualMachines", style, durationMs: 10_000 });
        const compute = told.client();
        const first = compute.create("web-01", { tags: { version: "1" } });
        await told.time.sleep(11_000);
        arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
        const second = compute.create("web-01", { tags: { version: "2" } });

        expect((await first).name).toBe("web-01");
        expect((await second).name).toBe("web-01");
        const versions = arm.exchanges
          .filter(({ method }) => method === "PUT")
          .map(({ body }) => (body?.["tags"] as { version: string }).version);
        expect(versions).toEqual(["1", "2", "2"]);
      }),
  );
});

describe.each(generations)("ends in other words, with arm-compute %s", (generation) => {
  it("Canceled keeps its error", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      told.arm.fail("OperationPreempted", { on: "POST virtualMachines/runCommand", as: "canceled" });

      const error = await remedyErrorOf(told.client().runCommand("web-01", ["date"]));

      expect(error.code).toBe("OperationPreempted");
      expect(told.timeline.at(-1)).toBe("0 s GET operations/op-1 200 Canceled OperationPreempted");
    }));

  it("a write that a newer one took over is not sent again: the resource tells", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", powerState: "deallocated" });
      told.arm.fail("OperationPreempted", { on: "POST virtualMachines/start", completesAnyway: true });

      await told.client().start("web-01");

      expect(told.arm.exchanges.filter(({ method }) => method === "POST")).toHaveLength(1);
    }));

  it("PartiallyFailed has failed, though 22.x would poll for ever", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      const error = { code: "PartiallyFailed", message: "1 of 2 disks could not be attached." };
      told.arm.fail(
        { status: 200, body: { status: "PartiallyFailed", error } },
        { on: "GET operations", times: Infinity },
      );

      expect((await remedyErrorOf(told.client().runCommand("web-01", ["date"]))).diagnosis.message).toBe(error.message);
    }));

  it("VM Inspector ends a failed run with 200 and resultStatus Failed", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      const body = {
        status: "Succeeded",
        resultStatus: "Failed",
        errorDetail: { code: "DiskInspectInternalServerError", message: "Disk inspection failed." },
      };
      told.arm.fail({ status: 200, body }, { on: "GET operations", times: Infinity });

      expect((await remedyErrorOf(told.client().runCommand("web-01", ["date"]))).code).toBe(
        "DiskInspectInternalServerError",
      );
    }));
});

/** As a process does that has just started. */
function forget(state: string): void {
  const { state: saved } = JSON.parse(state) as { state: { config: { operationLocation: string } } };
  const operation = sharedOperations.find(saved.config.operationLocation);
  if (!operation) throw new Error("No such operation is in flight.");
  sharedOperations.end(operation);
}

/** Operations that fail at their end, with HTTP 200, in a poll that the caller never wrote. */
import { describe, expect, it } from "vitest";
import { generations } from "../support/clients.js";
import { remedyErrorOf, waitsOf } from "../support/outcome.js";
import { putExtension, resume } from "../support/pollers.js";
import { scene } from "../support/scene.js";
import { storyStart } from "../support/virtual-time.js";

describe.each(generations)("a failed operation, with arm-compute %s", (generation) => {
  it("is sent again, and the caller never hears of it", () =>
    scene(generation, async (told) => {
      told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });

      const vm = await told.client().create("web-01");

      expect(vm.name).toBe("web-01");
      expect(told.arm.vm("web-01")?.powerState).toBe("running");
      expect(told.timeline).toEqual([
        "0 s PUT virtualMachines/web-01 201",
        "0 s GET operations/op-1 200 Failed StorageAccountTooBusy",
        "5 s PUT virtualMachines/web-01 200",
        "7 s GET operations/op-2 200 Succeeded",
        "7 s GET virtualMachines/web-01 200",
      ]);
      expect(told.said).toEqual([
        "resubmit: transient: again in 5 s, storage backoff",
        "recovered: tried again after StorageAccountTooBusy",
      ]);
    }));

  it("is sent again with the poll's fresh token and a client request id of its own", () =>
    scene(
      generation,
      async (told) => {
        told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });

        await told.client().create("web-01");

        const [first, second] = told.arm.exchanges.filter(({ method }) => method === "PUT");
        const lastPoll = told.arm.exchanges.findLast(
          ({ name, number }) => name.startsWith("operations") && number < (second?.number ?? 0),
        );
        expect(second?.token).not.toBe(first?.token);
        expect(second?.token).toBe(lastPoll?.token);
        expect(second?.clientRequestId).not.toBe(first?.clientRequestId);
        expect(second?.body).toEqual(first?.body);
      },
      {
        operations: { polls: 0, durationMs: 600_000, retryAfterMs: 60_000 },
        tokenLifetimeMs: 300_000,
        authentication: "required",
      },
    ));

  it("fails again, waits longer, and is given up after three resubmissions", () =>
    scene(generation, async (told) => {
      told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines", times: Infinity });

      const error = await remedyErrorOf(told.client().create("web-01"));

      expect(error.code).toBe("StorageAccountTooBusy");
      expect(error.reason).toBe("transient, but 3 retries are used up");
      expect(waitsOf(error)).toEqual([5_000, 10_000, 20_000, 0]);
      expect(error.retryAfterMs).toBe(40_000);
      expect(error.resume).toBeUndefined();
      expect(told.arm.exchanges.filter(({ method }) => method === "PUT")).toHaveLength(4);
    }));
});

describe.each(generations)("what a resubmission brings, with arm-compute %s", (generation) => {
  it("success at once", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      const client = told.client();
      const created = client.create("web-01");
      await told.time.sleep(1_000);
      arm.state.changeVm("web-01", { provisioningState: "Succeeded", powerState: "running" });
      arm.fail(
        { status: 200, body: { properties: { provisioningState: "Succeeded" } } },
        { on: "PUT virtualMachines" },
      );

      expect((await created).name).toBe("web-01");
      expect(told.timeline).toEqual([
        "0 s PUT virtualMachines/web-01 201",
        "0 s GET operations/op-1 200 Failed StorageAccountTooBusy",
        "5 s PUT virtualMachines/web-01 200",
        "5 s GET virtualMachines/web-01 200",
      ]);
    }));

  it("429: waited out as the service asks, and not counted", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      arm.throttle({ on: "PUT virtualMachines", when: () => arm.exchanges.length > 1, times: 5, retryAfter: 30 });

      await told.client({ maxResubmissions: 1 }).create("web-01");

      expect(told.timeline.filter((line) => line.includes("PUT"))).toEqual([
        "0 s PUT virtualMachines/web-01 201",
        "5 s PUT virtualMachines/web-01 429 SubscriptionRequestsThrottled",
        "35 s PUT virtualMachines/web-01 429 SubscriptionRequestsThrottled",
        "65 s PUT virtualMachines/web-01 429 SubscriptionRequestsThrottled",
        "95 s PUT virtualMachines/web-01 429 SubscriptionRequestsThrottled",
        "125 s PUT virtualMachines/web-01 429 SubscriptionRequestsThrottled",
        "155 s PUT virtualMachines/web-01 200",
      ]);
    }));

  it("409 for a while: waited out and counted", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      arm.fail("AnotherOperationInProgress", { on: "PUT virtualMachines", when: () => arm.exchanges.length > 1 });

      await told.client().create("web-01");

      expect(told.timeline).toEqual([
        "0 s PUT virtualMachines/web-01 201",
        "0 s GET operations/op-1 200 Failed StorageAccountTooBusy",
        "5 s PUT virtualMachines/web-01 409 AnotherOperationInProgress",
        "5 s GET virtualMachines/web-01 200",
        "10 s PUT virtualMachines/web-01 200",
        "12 s GET operations/op-2 200 Succeeded",
        "12 s GET virtualMachines/web-01 200",
      ]);
    }));

  it("a refusal counts as a retry, not as a resubmission", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      arm.fail("AnotherOperationInProgress", {
        on: "PUT virtualMachines",
        when: () => arm.exchanges.length > 1,
        times: 4,
      });

      await told.client({ maxResubmissions: 1 }).create("web-01");

      expect(arm.exchanges.filter(({ status }) => status === 409)).toHaveLength(4);
    }));

  it("refusals that use up the retries end it", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      arm.fail("AnotherOperationInProgress", {
        on: "PUT virtualMachines",
        when: () => arm.exchanges.length > 1,
        times: 4,
      });

      const error = await remedyErrorOf(told.client({ maxRetries: 2 }).create("web-01"));

      expect(error).toMatchObject({ code: "AnotherOperationInProgress", outcome: "failed" });
      expect(error.attempts).toHaveLength(4);
    }));

  it("400: the error that counts is the last one, and the attempts tell all", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      arm.fail("InvalidParameter", { on: "PUT virtualMachines", when: () => arm.exchanges.length > 1 });

      const error = await remedyErrorOf(told.client().create("web-01"));

      expect(error).toMatchObject({ code: "InvalidParameter", statusCode: 400 });
      expect(error.attempts.map(({ code }) => code)).toEqual(["StorageAccountTooBusy", "InvalidParameter"]);
    }));

  it("no answer, though it was taken in: sent again, and the second finds the work done", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      arm.reset({ on: "PUT virtualMachines", when: () => arm.exchanges.length > 1, after: "after-execution" });

      await told.client().create("web-01");

      expect(told.timeline).toEqual([
        "0 s PUT virtualMachines/web-01 201",
        "0 s GET operations/op-1 200 Failed StorageAccountTooBusy",
        "5 s PUT virtualMachines/web-01 reset",
        "6 s PUT virtualMachines/web-01 200",
        "8 s GET operations/op-3 200 Succeeded",
        "8 s GET virtualMachines/web-01 200",
      ]);
    }));

  it("no answer, then conflicts with itself until nothing is left to try: the resource tells that it was made", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.longRunning({ on: "PUT virtualMachines", durationMs: 0 });
      arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      const created = told.client({ maxRetries: 2 }).create("web-01");
      await told.time.sleep(1_000);
      arm.longRunning({ on: "PUT virtualMachines", durationMs: 120_000 });
      arm.reset({ on: "PUT virtualMachines", after: "after-execution" });

      expect((await created).name).toBe("web-01");
      expect(told.timeline).toEqual([
        "0 s PUT virtualMachines/web-01 201",
        "0 s GET operations/op-1 200 Failed StorageAccountTooBusy",
        "5 s PUT virtualMachines/web-01 reset",
        "6 s PUT virtualMachines/web-01 409 OperationNotAllowed",
        "16 s PUT virtualMachines/web-01 409 OperationNotAllowed",
        "17 s GET virtualMachines/web-01 200",
        "22 s GET virtualMachines/web-01 200",
        "32 s GET virtualMachines/web-01 200",
        "52 s GET virtualMachines/web-01 200",
        "82 s GET virtualMachines/web-01 200",
        "112 s GET virtualMachines/web-01 200",
        "142 s GET virtualMachines/web-01 200",
        "142 s GET virtualMachines/web-01 200",
      ]);
    }));
});

describe.each(generations)("each way of polling, with arm-compute %s", (generation) => {
  it.each(["azure-async-operation", "location", "both"] as const)("a start followed by %s is sent again", (style) =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.addVm({ name: "web-01", powerState: "deallocated" });
      arm.longRunning({ on: "POST virtualMachines/start", style });
      arm.fail("StorageAccountTooBusy", { on: "POST virtualMachines/start" });

      await told.client().start("web-01");

      expect(arm.vm("web-01")?.powerState).toBe("running");
      const failed = { "azure-async-operation": "200 Failed", location: "409", both: "200 Failed" }[style];
      const ended = { "azure-async-operation": "200 Succeeded", location: "200", both: "200 Succeeded" }[style];
      expect(told.timeline).toEqual([
        "0 s POST virtualMachines/web-01/start 202",
        `0 s GET operations/op-1 ${failed} StorageAccountTooBusy`,
        "5 s POST virtualMachines/web-01/start 202",
        `7 s GET operations/op-2 ${ended}`,
        // With both headers the result is read at the Location of the operation that succeeded, not of the first.
        ...(style === "both" ? ["7 s GET operations/op-2 200"] : []),
      ]);
    }),
  );

  it.each(["azure-async-operation", "location", "both", "body"] as const)(
    "a create followed by %s is sent again",
    (style) =>
      scene(generation, async (told) => {
        const { arm } = told;
        arm.longRunning({ on: "PUT virtualMachines", style });
        arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });

        const vm = await told.client().create("web-01");

        expect(vm).toMatchObject({ name: "web-01", provisioningState: "Succeeded" });
        expect(arm.exchanges.filter(({ method }) => method === "PUT").map(({ at }) => at - storyStart)).toEqual([
          0, 5_000,
        ]);
      }),
  );

  it("a delete is sent again, and one that finds nothing left has done its work", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.addVm({ name: "web-01" });
      arm.fail("StorageAccountTooBusy", { on: "DELETE virtualMachines" });
      arm.fail("ResourceNotFound", { on: "DELETE virtualMachines", when: () => arm.exchanges.length > 1 });

      await told.client().remove("web-01");

      expect(told.timeline).toEqual([
        "0 s DELETE virtualMachines/web-01 202",
        "0 s GET operations/op-1 200 Failed StorageAccountTooBusy",
        "5 s DELETE virtualMachines/web-01 404 ResourceNotFound",
      ]);
    }));

  it("a resubmission may be answered in another way than the first request", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.addVm({ name: "web-01", powerState: "deallocated" });
      arm.fail("StorageAccountTooBusy", { on: "POST virtualMachines/start" });
      const started = told.client().start("web-01");
      await told.time.sleep(1_000);
      arm.longRunning({ on: "POST virtualMachines/start", style: "location", polls: 1 });

      await started;

      expect(arm.vm("web-01")?.powerState).toBe("running");
      expect(told.timeline).toEqual([
        "0 s POST virtualMachines/web-01/start 202",
        "0 s GET operations/op-1 200 Failed StorageAccountTooBusy",
        "5 s POST virtualMachines/web-01/start 202",
        "7 s GET operations/op-2 202",
        "9 s GET operations/op-2 200",
        "9 s GET operations/op-2 200",
      ]);
    }));

  it("a command is never sent again: it may have run, and nothing tells", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.addVm({ name: "web-01" });
      arm.fail("StorageAccountTooBusy", { on: "POST virtualMachines/runCommand" });

      const error = await remedyErrorOf(told.client().runCommand("web-01", ["date"]));

      expect(error.code).toBe("StorageAccountTooBusy");
      expect(error.reason).toContain("outcome unknown");
      expect(told.timeline).toEqual([
        "0 s POST virtualMachines/web-01/runCommand 202",
        "0 s GET operations/op-1 200 Failed StorageAccountTooBusy",
      ]);
    }));

  it.each(["azure-async-operation", "location"] as const)(
    "not even when its operation (%s) failed of a conflict or a throttle, which refuse requests at the door",
    (style) =>
      scene(generation, async (told) => {
        const { arm } = told;
        arm.addVm({ name: "web-01" });
        arm.longRunning({ on: "POST virtualMachines/runCommand", style });
        for (const code of ["AnotherOperationInProgress", "TooManyRequests"]) {
          arm.fail(code, {
            on: "POST virtualMachines/runCommand",
            as: "operation",
            ...(style === "location" && { status: 409 }),
          });
          expect((await remedyErrorOf(told.client().runCommand("web-01", ["date"]))).code).toBe(code);
        }
        expect(arm.exchanges.filter(({ method }) => method === "POST")).toHaveLength(2);
      }),
  );
});

describe.each(generations)("read-back, with arm-compute %s", (generation) => {
  it("a start that timed out, of a machine that comes up later", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.addVm({ name: "web-01", powerState: "deallocated" });
      arm.longRunning({ on: "POST virtualMachines/start", durationMs: 20_000 });
      arm.fail("VMStartTimedOut", { on: "POST virtualMachines/start", completesAnyway: true });

      await told.client().start("web-01");

      expect(told.timeline.slice(-5)).toEqual([
        "20 s GET operations/op-1 200 Failed VMStartTimedOut",
        "25 s GET virtualMachines/web-01/instanceView 200",
        "30 s GET virtualMachines/web-01/instanceView 200",
        "40 s GET virtualMachines/web-01/instanceView 200",
        "40 s GET virtualMachines/web-01/instanceView 200", // the poller's own, for a result
      ]);
      expect(told.said).toEqual([
        "readBack: indeterminate: it may have run or still finish; reading the resource",
        "readBack: power state starting",
        "readBack: power state starting",
        "recovered: read back: power state running",
      ]);
    }));

  it("a create that timed out, of a machine whose guest finishes later", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.longRunning({ on: "PUT virtualMachines", durationMs: 40_000, retryAfterMs: 40_000 });
      arm.fail("OSProvisioningTimedOut", { on: "PUT virtualMachines", completesAnyway: true });

      const vm = await told.client().create("web-01");

      expect(vm.name).toBe("web-01");
      expect(told.timeline).toEqual([
        "0 s PUT virtualMachines/web-01 201",
        "0 s GET operations/op-1 200 InProgress",
        ...(generation === "22" ? ["0 s GET operations/op-1 200 InProgress"] : []),
        "40 s GET operations/op-1 200 Failed OSProvisioningTimedOut",
        "45 s GET virtualMachines/web-01 200",
        "50 s GET virtualMachines/web-01 200",
        "60 s GET virtualMachines/web-01 200",
        "80 s GET virtualMachines/web-01 200",
        "80 s GET virtualMachines/web-01 200",
      ]);
      expect(arm.exchanges.filter(({ method }) => method === "PUT")).toHaveLength(1);
    }));

  it("a machine that has failed for another reason: that reason is the error", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.fail("OSProvisioningTimedOut", { on: "PUT virtualMachines", completesAnyway: true });
      arm.fail(
        {
          status: 200,
          body: {
            properties: {
              provisioningState: "Failed",
              instanceView: {
                statuses: [
                  {
                    code: "ProvisioningState/failed/OSProvisioningClientError",
                    message: "OS Provisioning failed for VM 'web-01' due to an internal error.",
                  },
                  { code: "PowerState/running" },
                ],
              },
            },
          },
        },
        { on: "GET virtualMachines" },
      );

      const error = await remedyErrorOf(told.client().create("web-01"));

      expect(error.code).toBe("OSProvisioningClientError");
      expect(error.reason).toBe("read back: provisioning state failed");
      expect(error.resume).toBeUndefined();
      expect(arm.exchanges.at(-1)?.path).toContain("$expand=instanceView");
    }));

  it("an extension that has failed: what it says of itself", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.addVm({ name: "web-01" });
      arm.fail("VMExtensionProvisioningTimeout", { on: "PUT virtualMachines/extensions", completesAnyway: true });
      const extension = {
        type: "Microsoft.Compute/virtualMachines/extensions",
        properties: {
          provisioningState: "Failed",
          instanceView: { statuses: [{ code: "ProvisioningState/failed/1", message: "Enable failed: no such file." }] },
        },
      };
      arm.fail({ status: 200, body: extension }, { on: "GET virtualMachines/extensions" });

      const error = await remedyErrorOf(putExtension(told.client(), "web-01", "setup"));

      expect(error.code).toBe("VMExtensionProvisioningError");
      expect(error.message).toContain("Enable failed: no such file.");
    }));

  it("a machine that repeats the time-out as its state has not failed for good", () =>
    scene(generation, async (told) => {
      told.arm.fail("OSProvisioningTimedOut", { on: "PUT virtualMachines" });
      const created = told.client().create("web-01");
      await told.time.sleep(60_000);
      told.arm.state.changeVm("web-01", { provisioningState: "Succeeded", powerState: "running" });

      expect((await created).name).toBe("web-01");
    }));

  it("unknown to the end: what was seen last, and how to go on from the resource", () =>
    scene(generation, async (told) => {
      told.arm.fail("OSProvisioningTimedOut", { on: "PUT virtualMachines" });

      const error = await remedyErrorOf(told.client({ maxElapsedMs: 60_000 }).create("web-01"));

      expect(error.code).toBe("OSProvisioningTimedOut");
      expect(error.reason).toBe("outcome unknown, last seen: provisioning state failed; the budget is used up");
      expect(told.timeline).toEqual([
        "0 s PUT virtualMachines/web-01 201",
        "0 s GET operations/op-1 200 Failed OSProvisioningTimedOut",
        "5 s GET virtualMachines/web-01 200",
        "10 s GET virtualMachines/web-01 200",
        "20 s GET virtualMachines/web-01 200",
        "40 s GET virtualMachines/web-01 200",
      ]);
      expect(error.resume).toMatchObject({ method: "PUT", operationUrl: error.resume?.url });
      told.arm.state.changeVm("web-01", { provisioningState: "Succeeded" });
      const poller = await resume(told.client(), "create", "web-01", error.resume ?? "");
      expect((await poller.done())?.name).toBe("web-01");
    }));

  it("a poll that finds its operation forgotten asks the resource", () =>
    scene(generation, async (told) => {
      const { arm } = told;
      arm.addVm({ name: "db-01", powerState: "deallocated" });
      arm.fail("NotFound", { on: "GET operations", times: 2 });

      await told.client().start("db-01");
      await told.client().remove("db-01");

      expect(told.timeline).toEqual([
        "0 s POST virtualMachines/db-01/start 202",
        "0 s GET operations/op-1 404 NotFound",
        "5 s GET virtualMachines/db-01/instanceView 200",
        "5 s GET virtualMachines/db-01/instanceView 200", // the poller's own, for a result
        "5 s DELETE virtualMachines/db-01 202",
        "5 s GET operations/op-2 404 NotFound",
        "10 s GET virtualMachines/db-01 404 ResourceNotFound",
      ]);
    }));

  it("a command whose operation is forgotten is reported, with the means to ask again", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      told.arm.fail("NotFound", { on: "GET operations" });

      const error = await remedyErrorOf(told.client().runCommand("web-01", ["date"]));

      expect(error).toMatchObject({ statusCode: 404, resume: { method: "POST" } });
      expect(error.reason).toContain("polling failed");
    }));
});

/** How operations end that their caller has no more time for: by abort, by deadline, by budget; and how they go on elsewhere. */
import { deallocateFirst, registerProvider } from "azure-remedy";
import type { Emulator } from "azure-remedy/emulator";
import { describe, expect, it } from "vitest";
import { generations, type Compute } from "../support/clients.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { begin, resume, type VmPoller } from "../support/pollers.js";
import { scene } from "../support/scene.js";
import { storyStart } from "../support/virtual-time.js";

interface Step {
  readonly step: string;
  plant(arm: Emulator): void;
  /** Milliseconds after which the caller aborts. */
  readonly at: number;
  /** A request is under way then: 22.x gives the signal of `pollUntilDone` no way into it. */
  readonly inFlight?: true;
  readonly begin?: (compute: Compute, abortSignal?: AbortSignal) => Promise<VmPoller>;
}

const create = (compute: Compute, abortSignal?: AbortSignal): Promise<VmPoller> =>
  begin(compute, "create", "web-01", abortSignal ? { abortSignal } : {});
const resize = (compute: Compute, abortSignal?: AbortSignal): Promise<VmPoller> =>
  begin(compute, "create", "web-01", {
    ...(abortSignal && { abortSignal }),
    body: { hardwareProfile: { vmSize: "Standard_E4s_v5" } },
  });

/** A create that fails at its end for want of a deallocated machine. */
const needsDeallocation = (arm: Emulator): void => {
  arm.addVm({ name: "web-01", size: "Standard_E2s_v5" });
  arm.fail({ rule: deallocationRule }, { on: "PUT virtualMachines", as: "operation" });
};
const deallocationRule = "OperationNotAllowed.resize-cluster";

const steps: readonly Step[] = [
  {
    step: "between polls of a healthy operation",
    plant: (arm) => arm.longRunning({ on: "PUT virtualMachines", durationMs: 60_000 }),
    // The poller's own wait, which its call's signal does not end.
    at: 6_000,
  },
  {
    step: "while a throttled poll waits",
    plant: (arm) => void arm.throttle({ on: "GET operations", retryAfter: 60 }),
    at: 5_000,
  },
  {
    step: "before a resubmission",
    plant: (arm) => void arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" }),
    at: 3_000,
  },
  {
    step: "while a resubmission is under way",
    plant: (arm) => {
      arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      arm.latency({ on: "PUT virtualMachines", ms: 10_000, times: 2, when: () => arm.exchanges.length > 1 });
    },
    at: 8_000,
    inFlight: true,
  },
  {
    step: "before a reading",
    plant: (arm) => void arm.fail("OSProvisioningTimedOut", { on: "PUT virtualMachines" }),
    at: 3_000,
  },
  {
    step: "between readings",
    plant: (arm) => void arm.fail("OSProvisioningTimedOut", { on: "PUT virtualMachines" }),
    at: 12_000,
  },
  {
    step: "while a reading is under way",
    plant: (arm) => {
      arm.fail("OSProvisioningTimedOut", { on: "PUT virtualMachines" });
      arm.latency({ on: "GET virtualMachines", ms: 10_000 });
    },
    at: 8_000,
    inFlight: true,
  },
  {
    step: "while a remedy waits",
    plant: (arm) => {
      needsDeallocation(arm);
      arm.longRunning({ on: "POST virtualMachines/deallocate", durationMs: 60_000 });
    },
    at: 5_000,
    begin: resize,
  },
  {
    step: "while a remedy's request is under way",
    plant: (arm) => {
      needsDeallocation(arm);
      arm.latency({ on: "POST virtualMachines/deallocate", ms: 10_000 });
    },
    at: 5_000,
    inFlight: true,
    begin: resize,
  },
  {
    step: "while the machine is started again at the end",
    plant: (arm) => {
      needsDeallocation(arm);
      arm.longRunning({ on: "POST virtualMachines/start", durationMs: 60_000 });
    },
    at: 10_000,
    begin: resize,
  },
];

describe.each(generations)("abort with arm-compute %s", (generation) => {
  it.each(steps)("of the call, $step: ends at once, and nothing is sent after it", (step) =>
    scene(
      generation,
      async (told) => {
        step.plant(told.arm);
        const caller = new AbortController();
        const compute = told.client({ remedies: [deallocateFirst()] });
        const called = (step.begin ?? create)(compute, caller.signal).then((poller) => poller.done());
        const end = thrownBy(called).then(({ name }) => ({ name, at: told.time.elapsedMs() }));
        await told.time.sleep(step.at);
        const sent = told.arm.exchanges.length;

        caller.abort();

        expect(await end).toEqual({ name: "AbortError", at: step.at });
        await told.time.sleep(3_600_000);
        expect(told.timeline.slice(sent)).toEqual([]);
      },
      { left: "some" },
    ),
  );

  it.each(steps)("of pollUntilDone, $step: nothing is sent after it", (step) =>
    scene(
      generation,
      async (told) => {
        step.plant(told.arm);
        const caller = new AbortController();
        const poller = await (step.begin ?? create)(told.client({ remedies: [deallocateFirst()] }));
        const called = poller.done({ abortSignal: caller.signal });
        const end = thrownBy(called).then(({ name }) => ({ name, at: told.time.elapsedMs() }));
        await told.time.sleep(step.at - told.time.elapsedMs());
        const sent = told.arm.exchanges.length;

        caller.abort();

        const { name, at } = await end;
        expect(name).toBe("AbortError");
        if (!(step.inFlight && generation === "22")) expect(at).toBe(step.at);
        await told.time.sleep(3_600_000);
        expect(told.timeline.slice(sent)).toEqual([]);
      },
      { left: "some" },
    ),
  );

  it("a caller who comes back with the poller's state goes on where it was", () =>
    scene(generation, async (told) => {
      told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      const caller = new AbortController();
      const compute = told.client();
      const poller = await begin(compute, "create", "web-01");
      const aborted = thrownBy(poller.done({ abortSignal: caller.signal }));
      await told.time.sleep(3_000);
      caller.abort();
      await aborted;

      const again = await resume(compute, "create", "web-01", await poller.state());

      expect((await again.done())?.name).toBe("web-01");
      expect(told.arm.exchanges.filter(({ method }) => method === "PUT")).toHaveLength(2);
    }));
});

describe.each(generations)("the deadline with arm-compute %s", (generation) => {
  const inSeconds = (seconds: number): Date => new Date(storyStart + seconds * 1_000);

  it("of a healthy operation: told in time, and another client goes on with it", () =>
    scene(generation, async (told) => {
      told.arm.longRunning({ on: "PUT virtualMachines", durationMs: 60_000 });

      const error = await remedyErrorOf(told.client({ deadline: inSeconds(30) }).create("web-01"));

      expect(told.time.elapsedMs()).toBe(28_000);
      expect(error.reason).toBe("the deadline has passed; the operation is still running");
      expect(error.retryAfterMs).toBe(2_000);
      expect(error.resume?.operationUrl).toContain("/operations/");
      const poller = await resume(told.client(), "create", "web-01", error.resume ?? "");
      expect((await poller.done())?.name).toBe("web-01");
      expect(told.arm.exchanges.filter(({ method }) => method === "PUT")).toHaveLength(1);
    }));

  it.each(["azure-async-operation", "location", "both", "body"] as const)(
    "what is resumed may be followed by %s",
    (style) =>
      scene(generation, async (told) => {
        told.arm.longRunning({ on: "PUT virtualMachines", durationMs: 60_000, style });
        const error = await remedyErrorOf(told.client({ deadline: inSeconds(10) }).create("web-01"));

        const poller = await resume(told.client(), "create", "web-01", error.resume ?? "");

        expect((await poller.done())?.name).toBe("web-01");
      }),
  );

  it.each(["start", "runCommand", "remove"] as const)("%s is resumed too", (kind) =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", powerState: kind === "start" ? "deallocated" : "running" });
      told.arm.longRunning({ on: ["POST virtualMachines", "DELETE virtualMachines"], durationMs: 60_000 });
      const begun = await begin(told.client({ deadline: inSeconds(10) }), kind, "web-01");
      const error = await remedyErrorOf(begun.done());

      const poller = await resume(told.client(), kind, "web-01", error.resume ?? "");
      await poller.done();

      const vm = told.arm.vm("web-01");
      if (kind === "start") expect(vm?.powerState).toBe("running");
      if (kind === "runCommand") expect(vm?.commandsRun).toHaveLength(1);
      if (kind === "remove") expect(vm).toBeUndefined();
    }),
  );

  it("of a poll that is told to wait longer than that", () =>
    scene(generation, async (told) => {
      told.arm.throttle({ on: "GET operations", retryAfter: 60, times: Infinity });

      const error = await remedyErrorOf(told.client({ deadline: inSeconds(30) }).create("web-01"));

      expect(told.time.elapsedMs()).toBe(0);
      expect(error).toMatchObject({ statusCode: 429, retryAfterMs: 60_000 });
      expect(error.resume?.method).toBe("PUT");
    }));

  it("before a resubmission: fails at once, and says when to come back", () =>
    scene(generation, async (told) => {
      told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });

      const error = await remedyErrorOf(told.client({ deadline: inSeconds(4) }).create("web-01"));

      expect(told.time.elapsedMs()).toBe(0);
      expect(error.code).toBe("StorageAccountTooBusy");
      expect(error.reason).toContain("would pass the deadline");
      expect(error.retryAt).toEqual(inSeconds(5));
      expect(error.resume).toBeUndefined();
    }));

  it("while a resource is read: the outcome is unknown, and its own state can be followed", () =>
    scene(generation, async (told) => {
      told.arm.longRunning({ on: "PUT virtualMachines", durationMs: 60_000 });
      told.arm.fail("OSProvisioningTimedOut", { on: "PUT virtualMachines", completesAnyway: true });

      const error = await remedyErrorOf(told.client({ deadline: inSeconds(75) }).create("web-01"));

      expect(error.reason).toBe("outcome unknown, last seen: provisioning state creating; the deadline has passed");
      const poller = await resume(told.client(), "create", "web-01", error.resume ?? "");
      expect((await poller.done())?.name).toBe("web-01");
    }));

  it("while a remedy works: the remedy ends, what it left for the end is begun, and the caller is told in time", () =>
    scene(generation, async (told) => {
      needsDeallocation(told.arm);
      told.arm.longRunning({ on: "POST virtualMachines/deallocate", durationMs: 60_000 });
      const compute = told.client({ deadline: inSeconds(30), remedies: [deallocateFirst()] });

      const error = await remedyErrorOf(compute.create("web-01", { hardwareProfile: { vmSize: "Standard_E4s_v5" } }));

      expect(told.time.elapsedMs()).toBeLessThan(30_000);
      expect(error.reason).toContain("the remedy deallocateFirst failed: no time is left");
      expect(told.timeline.findLast((line) => line.includes("POST"))).toContain("/start");
    }));

  it("as a function of the milliseconds left, as a Function App has it", () =>
    scene(generation, async (told) => {
      told.arm.longRunning({ on: "PUT virtualMachines", durationMs: 600_000 });
      const endsAt = storyStart + 230_000;

      const error = await remedyErrorOf(told.client({ deadline: () => endsAt - Date.now() }).create("web-01"));

      expect(told.time.elapsedMs()).toBe(228_000);
      expect(error.resume).toBeDefined();
    }));
});

describe.each(generations)("budgets with arm-compute %s", (generation) => {
  it("maxResubmissions: 0 sends nothing again", () =>
    scene(generation, async (told) => {
      told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });

      const error = await remedyErrorOf(told.client({ maxResubmissions: 0 }).create("web-01"));

      expect(error.reason).toBe("transient, but 0 retries are used up");
      expect(told.arm.story).toHaveLength(2);
    }));

  it("maxElapsedMs counts from the first failure, not from the start of a slow success", () =>
    scene(generation, async (told) => {
      told.arm.longRunning({ on: "PUT virtualMachines", durationMs: 600_000, retryAfterMs: 60_000 });
      told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });

      await told.client({ maxElapsedMs: 60_000 }).create("web-01");

      expect(told.arm.exchanges.filter(({ method }) => method === "PUT")).toHaveLength(2);
    }));

  it("an allowance shared by all calls keeps an outage from being multiplied", () =>
    scene(generation, async (told) => {
      told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines", times: Infinity });
      const compute = told.client({ remedies: [registerProvider()] });

      const ends = await Promise.all(
        Array.from({ length: 60 }, (_, index) => remedyErrorOf(compute.create(`vm-${index}`))),
      );

      expect(ends.some(({ reason }) => reason.includes("the shared retry allowance is used up"))).toBe(true);
      expect(told.arm.exchanges.filter(({ method }) => method === "PUT").length).toBeLessThan(60 * 4);
    }));
});

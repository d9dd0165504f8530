/** Remedies that do first what a request wants done: register a provider, stop a machine, start one, take a new ETag. */
import {
  deallocateFirst,
  defineRemedy,
  refreshEtag,
  registerProvider,
  startFirst,
  ThrottleDeadlineError,
  type RemedyOptions,
  type Throttle,
} from "azure-remedy";
import { describe, expect, it } from "vitest";
import { generations } from "../support/clients.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { patchTags } from "../support/pollers.js";
import { scene, type Scene } from "../support/scene.js";

const compute = "Microsoft.Compute";

describe.each(generations)("registerProvider with arm-compute %s", (generation) => {
  const allowed: RemedyOptions = { remedies: [registerProvider()] };
  const unregistered = { unregistered: [compute], operations: { polls: 0, durationMs: 15_000 } };

  it("registers, waits until it is done, and sends again with a new client request id", () =>
    scene(
      generation,
      async (told) => {
        told.arm.longRunning({ on: "PUT virtualMachines", durationMs: 0 });

        await told.client(allowed).create("web-01");

        expect(told.timeline.slice(0, 5)).toEqual([
          "0 s PUT virtualMachines/web-01 409 MissingSubscriptionRegistration",
          "0 s POST providers/Microsoft.Compute/register 200",
          "10 s GET providers/Microsoft.Compute 200",
          "20 s GET providers/Microsoft.Compute 200",
          "20 s PUT virtualMachines/web-01 201",
        ]);
        const [first, second] = told.arm.exchanges.filter(({ method }) => method === "PUT");
        expect(second?.clientRequestId).not.toBe(first?.clientRequestId);
        expect(told.said.slice(0, 2)).toEqual([
          "remedy registerProvider started",
          `remedy registerProvider done: registered Microsoft.Compute with subscription ${told.arm.subscriptionId}`,
        ]);
      },
      unregistered,
    ));

  it("not named: nothing is registered, and the error names it", () =>
    scene(
      generation,
      async (told) => {
        const error = await remedyErrorOf(told.client({ remedies: [startFirst(), refreshEtag()] }).create("web-01"));

        expect(error.code).toBe("MissingSubscriptionRegistration");
        expect(error.reason).toContain("registerProvider would help, but it is not allowed");
        expect(told.arm.story).toHaveLength(1);
        expect(told.arm.state.registration(compute)).toBe("NotRegistered");
      },
      unregistered,
    ));

  it.each([
    ["MissingSubscriptionRegistration", 409],
    ["SubscriptionNotRegistered", 404],
    ["MissingRegistrationForResourceProvider", 404],
    ["MissingRegistrationForLocation", 409],
    ["InvalidSubscriptionRegistrationState", 409],
    ["NoRegisteredProviderFound", 400],
    ["Subscription Not Registered", 409],
  ] as const)("knows the refusal as %s with %d", (code, status) =>
    scene(generation, async (told) => {
      const body = { error: { code, message: "The subscription is not registered with the resource provider." } };
      told.arm.fail({ status, body }, { on: "PUT virtualMachines" });

      await told.client(allowed).create("web-01");

      expect(told.timeline.slice(1, 3)).toEqual([
        "0 s POST providers/Microsoft.Compute/register 200",
        "0 s PUT virtualMachines/web-01 201",
      ]);
    }),
  );

  it("also when it comes as the end of an operation", () =>
    scene(generation, async (told) => {
      told.arm.fail("MissingSubscriptionRegistration", {
        on: "PUT virtualMachines",
        as: "operation",
        parameters: { namespace: "Microsoft.Network" },
      });

      await told.client(allowed).create("web-01");

      expect(told.timeline).toEqual([
        "0 s PUT virtualMachines/web-01 201",
        "0 s GET operations/op-1 200 Failed MissingSubscriptionRegistration",
        "0 s POST providers/Microsoft.Network/register 200",
        "0 s PUT virtualMachines/web-01 200",
        // 22.x asks twice at the beginning.
        `${generation === "22" ? 0 : 2} s GET operations/op-2 200 Succeeded`,
        `${generation === "22" ? 0 : 2} s GET virtualMachines/web-01 200`,
      ]);
    }));

  it("once: a second refusal is the caller's", () =>
    scene(generation, async (told) => {
      told.arm.fail("MissingSubscriptionRegistration", { on: "PUT virtualMachines", as: "answer", times: Infinity });

      const error = await remedyErrorOf(told.client(allowed).create("web-01"));

      expect(error.attempts).toHaveLength(2);
      expect(told.arm.exchanges.filter(({ method }) => method === "POST")).toHaveLength(1);
    }));

  it("stuck in Registering: given up after five minutes, with the command to look", () =>
    scene(
      generation,
      async (told) => {
        const error = await remedyErrorOf(told.client(allowed).create("web-01"));

        expect(error.code).toBe("MissingSubscriptionRegistration");
        expect(error.reason).toBe(
          "the remedy registerProvider failed: Microsoft.Compute is still registering after 300 s; check it with: az provider show -n Microsoft.Compute",
        );
        expect(told.time.elapsedMs()).toBe(300_000);
      },
      { unregistered: [compute], operations: { durationMs: 86_400_000 } },
    ));

  it("no right to register: said in words, with the right that is missing", () =>
    scene(
      generation,
      async (told) => {
        told.arm.fail("AuthorizationFailed", { on: "POST providers/register" });

        const error = await remedyErrorOf(told.client(allowed).create("web-01"));

        expect(error.code).toBe("MissingSubscriptionRegistration");
        expect(error.reason).toContain(
          "no right to register Microsoft.Compute: it needs Microsoft.Compute/register/action",
        );
        expect((error.cause as Error).cause).toMatchObject({ code: "AuthorizationFailed" });
        expect(told.said.at(-2)).toContain("remedy registerProvider failed: no right");
      },
      unregistered,
    ));

  it("half-way: trouble of its own calls is waited out", () =>
    scene(
      generation,
      async (told) => {
        told.arm.reset({ on: "POST providers/register", after: "after-execution" });
        told.arm.html({ on: "GET providers", status: 503 });
        told.arm.throttle({ on: "GET providers", retryAfter: 20 });

        expect((await told.client(allowed).create("web-01")).name).toBe("web-01");
      },
      unregistered,
    ));

  it("twenty callers share one registration", () =>
    scene(
      generation,
      async (told) => {
        const [one, other] = [told.client(allowed), told.client({ remedies: [registerProvider()] })];

        await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 ? one : other).create(`vm-${n}`)));

        expect(told.arm.exchanges.filter(({ name }) => name.endsWith("/register"))).toHaveLength(1);
        expect(told.arm.state.vms).toHaveLength(20);
      },
      unregistered,
    ));

  it("they share its failure too", () =>
    scene(
      generation,
      async (told) => {
        told.arm.fail("AuthorizationFailed", { on: "POST providers/register", times: Infinity });
        told.arm.latency({ on: "POST providers/register", ms: 3_000 });
        const client = told.client(allowed);

        const ends = await Promise.all(Array.from({ length: 5 }, (_, n) => remedyErrorOf(client.create(`vm-${n}`))));

        expect(ends.every(({ reason }) => reason.includes("no right to register"))).toBe(true);
        expect(told.arm.exchanges.filter(({ name }) => name.endsWith("/register"))).toHaveLength(1);
      },
      unregistered,
    ));

  it("the one who registers gives up: the next one starts over", () =>
    scene(
      generation,
      async (told) => {
        const caller = new AbortController();
        const client = told.client(allowed);
        const first = thrownBy(client.create("vm-1", {}, { abortSignal: caller.signal }));
        await told.time.sleep(5_000);
        const second = client.create("vm-2");
        await told.time.sleep(2_000);

        caller.abort();

        expect((await first).name).toBe("AbortError");
        expect((await second).name).toBe("vm-2");
        expect(told.timeline.filter((line) => line.includes("register"))).toEqual([
          "0 s POST providers/Microsoft.Compute/register 200",
          "7 s POST providers/Microsoft.Compute/register 200",
        ]);
      },
      unregistered,
    ));

  it("a caller who waits for another's registration may give up at once", () =>
    scene(
      generation,
      async (told) => {
        const caller = new AbortController();
        const client = told.client(allowed);
        const first = client.create("vm-1");
        await told.time.sleep(1_000);
        const second = thrownBy(client.create("vm-2", {}, { abortSignal: caller.signal })).then(() =>
          told.time.elapsedMs(),
        );
        await told.time.sleep(2_500);

        caller.abort();

        expect(await second).toBe(3_500);
        expect((await first).name).toBe("vm-1");
        expect(told.arm.vm("vm-2")).toBeUndefined();
      },
      unregistered,
    ));

  it("a deadline that comes first ends it", () =>
    scene(
      generation,
      async (told) => {
        const endsAt = Date.now() + 14_000;

        const error = await remedyErrorOf(told.client({ ...allowed, deadline: endsAt }).create("web-01"));

        expect(error.reason).toContain("still registering");
        expect(told.time.elapsedMs()).toBeLessThan(14_000);
      },
      unregistered,
    ));
});

describe.each(generations)("deallocateFirst with arm-compute %s", (generation) => {
  const toOtherSeries = (told: Scene, options: RemedyOptions = { remedies: [deallocateFirst()] }) =>
    told.client(options).resize("web-01", "Standard_E4s_v5");

  it("a resize that wants the machine stopped: stopped, resized, and started again since it ran", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: "Standard_D2s_v5" });

      await toOtherSeries(told);

      expect(told.arm.vm("web-01")).toMatchObject({ size: "Standard_E4s_v5", powerState: "running" });
      expect(told.timeline).toEqual([
        "0 s PATCH virtualMachines/web-01 409 OperationNotAllowed",
        "0 s GET virtualMachines/web-01 200",
        "0 s POST virtualMachines/web-01/deallocate 202",
        "2 s GET operations/op-1 200 Succeeded",
        "2 s PATCH virtualMachines/web-01 200",
        "2 s GET operations/op-2 200 Succeeded",
        "2 s POST virtualMachines/web-01/start 202",
        "4 s GET operations/op-3 200 Succeeded",
        "4 s GET virtualMachines/web-01 200",
      ]);
      expect(told.said[1]).toBe(
        "remedy deallocateFirst done: deallocated VM web-01, which was running; it is started again at the end",
      );
    }));

  it("the same when the refusal comes as the end of the operation", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: "Standard_E2s_v5" });
      told.arm.fail({ rule: "OperationNotAllowed.resize-cluster" }, { on: "PATCH virtualMachines", as: "operation" });
      told.arm.longRunning({ on: "POST virtualMachines", durationMs: 90_000 });

      await toOtherSeries(told);

      expect(told.arm.vm("web-01")).toMatchObject({ size: "Standard_E4s_v5", powerState: "running" });
      expect(told.timeline.filter((line) => !line.includes("GET"))).toEqual([
        "0 s PATCH virtualMachines/web-01 200",
        "0 s POST virtualMachines/web-01/deallocate 202",
        "90 s PATCH virtualMachines/web-01 200",
        "92 s POST virtualMachines/web-01/start 202",
      ]);
    }));

  it("without startAgain it stays stopped, and a machine that was stopped is never started", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: "Standard_D2s_v5" });
      await toOtherSeries(told, { remedies: [deallocateFirst({ startAgain: false })] });
      expect(told.arm.vm("web-01")?.powerState).toBe("deallocated");

      told.arm.state.changeVm("web-01", { powerState: "stopped", size: "Standard_D2s_v5" });
      await toOtherSeries(told);
      expect(told.arm.vm("web-01")).toMatchObject({ size: "Standard_E4s_v5", powerState: "deallocated" });
    }));

  it("the resize fails all the same: the machine is started again before the caller hears of it", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: "Standard_D2s_v5" });
      told.arm.fail("InvalidParameter", { on: "PATCH virtualMachines", when: () => told.arm.exchanges.length > 1 });

      const error = await remedyErrorOf(toOtherSeries(told));

      expect(error.code).toBe("InvalidParameter");
      expect(told.arm.vm("web-01")).toMatchObject({ size: "Standard_D2s_v5", powerState: "running" });
    }));

  it("the resize fails at the end of its operation: the same", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: "Standard_D2s_v5" });
      told.arm.fail("AllocationFailed", { on: "PATCH virtualMachines", as: "operation" });
      told.arm.longRunning({ on: "POST virtualMachines/start", durationMs: 30_000 });

      const error = await remedyErrorOf(toOtherSeries(told));

      expect(error.code).toBe("AllocationFailed");
      expect(told.arm.vm("web-01")?.powerState).toBe("running");
    }));

  it("an ephemeral OS disk: refused before anything is touched", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: "Standard_D2s_v5", ephemeralOsDisk: true });

      const error = await remedyErrorOf(toOtherSeries(told));

      expect(error.reason).toContain("VM web-01 has an ephemeral OS disk and cannot be deallocated");
      expect(told.arm.exchanges.filter(({ method }) => method === "POST")).toEqual([]);
    }));

  it("half-way: the deallocation fails, and the machine is started again", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: "Standard_D2s_v5" });
      told.arm.fail("InternalOperationError", {
        on: "POST virtualMachines/deallocate",
        as: "operation",
        message: "It broke.",
      });

      const error = await remedyErrorOf(toOtherSeries(told));

      expect(error.code).toBe("OperationNotAllowed");
      expect(error.reason).toContain("the remedy deallocateFirst failed");
      expect(told.arm.vm("web-01")?.powerState).toBe("running");
    }));

  it("the throttle lets the resize through no second time: the machine is started again all the same", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: "Standard_D2s_v5" });
      let resizes = 0;
      const throttle: Throttle = {
        admit({ method }) {
          if (method === "PATCH" && ++resizes === 2) throw new ThrottleDeadlineError(Date.now() + 3_600_000);
          return { settle: () => undefined };
        },
      };

      const error = await remedyErrorOf(toOtherSeries(told, { throttle, remedies: [deallocateFirst()] }));

      expect(error.reason).toBe("the throttling window stays closed past the deadline");
      expect(told.arm.vm("web-01")).toMatchObject({ size: "Standard_D2s_v5", powerState: "running" });
    }));

  it("the start at the end fails: reported, and hides nothing", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: "Standard_D2s_v5" });
      told.arm.fail("AllocationFailed", { on: "POST virtualMachines/start" });

      await toOtherSeries(told);

      expect(told.arm.vm("web-01")).toMatchObject({ size: "Standard_E4s_v5", powerState: "deallocated" });
      expect(told.said).toContainEqual(expect.stringContaining("fault in a remedy's last step: POST"));
    }));

  it("not named: the machine runs on, and the error says what would help", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", size: "Standard_D2s_v5" });

      const error = await remedyErrorOf(toOtherSeries(told, { remedies: [startFirst(), registerProvider()] }));

      expect(error.reason).toContain("deallocateFirst would help");
      expect(told.arm.story).toHaveLength(1);
      expect(told.arm.vm("web-01")?.powerState).toBe("running");
    }));
});

describe.each(generations)("startFirst with arm-compute %s", (generation) => {
  it("a command for a machine that is down: started, and left running", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", powerState: "deallocated" });

      await told.client({ remedies: [startFirst()] }).runCommand("web-01", ["date"]);

      expect(told.arm.vm("web-01")).toMatchObject({ powerState: "running", commandsRun: [["date"]] });
      expect(told.said[1]).toBe("remedy startFirst done: started VM web-01");
    }));

  it("not named: it stays down", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", powerState: "deallocated" });

      const error = await remedyErrorOf(told.client({ remedies: [deallocateFirst()] }).runCommand("web-01", ["date"]));

      expect(error.reason).toContain("startFirst would help");
      expect(told.arm.vm("web-01")).toMatchObject({ powerState: "deallocated", commandsRun: [] });
    }));

  it("half-way: the start finds no place, and the caller hears of both", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", powerState: "deallocated" });
      told.arm.fail("AllocationFailed", { on: "POST virtualMachines/start" });

      const error = await remedyErrorOf(told.client({ remedies: [startFirst()] }).runCommand("web-01", ["date"]));

      expect(error.code).toBe("OperationNotAllowed");
      expect(error.reason).toMatch(/the remedy startFirst failed: POST .*\/start.* failed: AllocationFailed/);
    }));
});

describe.each(generations)("refreshEtag with arm-compute %s", (generation) => {
  it("a stale ETag: read again, and sent again once", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });

      await patchTags(told.client({ remedies: [refreshEtag()] }), "web-01", { env: "test" }, '"stale"');

      expect(told.timeline.slice(0, 3)).toEqual([
        "0 s PATCH virtualMachines/web-01 412 PreconditionFailed",
        "0 s GET virtualMachines/web-01 200",
        "0 s PATCH virtualMachines/web-01 200",
      ]);
    }));

  it("not named: what somebody else changed is not overwritten", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });

      const error = await remedyErrorOf(patchTags(told.client(), "web-01", { env: "test" }, '"stale"'));

      expect(error).toMatchObject({ statusCode: 412 });
      expect(told.arm.story).toHaveLength(1);
    }));
});

describe.each(generations)("fresh credentials with arm-compute %s", (generation) => {
  it("a token that died while the request waited: one resend with a fresh one", () =>
    scene(
      generation,
      async (told) => {
        told.arm.throttle({ on: "PUT virtualMachines", retryAfter: 100 });

        await told.client().create("web-01");

        expect(told.timeline.slice(0, 3)).toEqual([
          "0 s PUT virtualMachines/web-01 429 SubscriptionRequestsThrottled",
          "100 s PUT virtualMachines/web-01 401 ExpiredAuthenticationToken",
          "100 s PUT virtualMachines/web-01 201",
        ]);
        expect(told.said[1]).toContain("remedy refreshCredential done");
      },
      { authentication: "required", tokenLifetimeMs: 90_000 },
    ));
});

describe.each(generations)("a remedy of one's own, with arm-compute %s", (generation) => {
  const tagFirst = defineRemedy({
    name: "tagFirst",
    fits: (diagnosis) => diagnosis.code === "RequestDisallowedByPolicy" || diagnosis.disposition === "adaptable",
    apply: async ({ request, send, clock }) => {
      await send({ method: "GET", url: request.url }).catch(() => undefined);
      await clock.sleep(30_000);
      return { change: "added the tag", request: { body: { ...(request.body as object), tags: { owner: "me" } } } };
    },
  });

  it("changes the request in a call and in an operation, and its waits are the poller's", () =>
    scene(generation, async (told) => {
      told.arm.fail("AllocationFailed", { on: "PUT virtualMachines", as: "operation" });

      await told.client({ remedies: [tagFirst] }).create("web-01");

      expect(told.timeline.filter((line) => line.includes("PUT"))).toEqual([
        "0 s PUT virtualMachines/web-01 201",
        "30 s PUT virtualMachines/web-01 200",
      ]);
      expect(told.arm.exchanges.findLast(({ method }) => method === "PUT")?.body?.["tags"]).toEqual({ owner: "me" });
    }));

  it.each([
    ["rejects", () => Promise.reject(new Error("it cannot"))],
    ["throws", () => { throw new Error("it cannot"); }], // prettier-ignore
  ])("that %s fails the call with the service's failure, and itself as the cause", (_, apply) =>
    scene(generation, async (told) => {
      told.arm.fail("AllocationFailed", { on: "PUT virtualMachines", as: "operation" });

      const error = await remedyErrorOf(
        told.client({ remedies: [defineRemedy({ name: "mine", fits: () => true, apply })] }).create("web-01"),
      );

      expect(error.code).toBe("AllocationFailed");
      expect(error.reason).toBe("the remedy mine failed: it cannot");
      expect(error.cause).toMatchObject({ message: "it cannot" });
    }),
  );

  it("does its last step after a read, too", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      told.arm.fail("AllocationFailed", { on: "GET virtualMachines" });
      const steps: string[] = [];
      const unlock = defineRemedy({
        name: "unlock",
        fits: () => true,
        apply(context) {
          context.afterwards(() => {
            steps.push(`locked after ${told.arm.story.length}`);
            return Promise.resolve();
          });
          return Promise.resolve({ change: "unlocked" });
        },
      });

      await told.client({ remedies: [unlock] }).get("web-01");

      expect(steps).toEqual(["locked after 2"]);
    }));

  it("a faulty predicate, or a faulty memory, is as if it were not there", () =>
    scene(generation, async (told) => {
      const fail = (): never => {
        throw new Error("faulty");
      };
      told.arm.fail("AllocationFailed", { on: "PUT virtualMachines", as: "operation" });
      const faulty = defineRemedy({
        name: "faulty",
        fits: fail,
        learn: fail,
        prepare: fail,
        apply: () => Promise.resolve({ change: "" }),
      });

      const error = await remedyErrorOf(told.client({ remedies: [faulty] }).create("web-01"));

      expect(error.code).toBe("AllocationFailed");
      expect(told.said.filter((line) => line.startsWith("fault in remedy faulty"))).toHaveLength(2);
    }));

  it("runs as often as it says for one call, over all its attempts", () =>
    scene(generation, async (told) => {
      told.arm.fail("AllocationFailed", { on: "PUT virtualMachines", as: "operation", times: Infinity });
      let runs = 0;
      const again = defineRemedy({
        name: "again",
        maxRuns: 3,
        fits: () => true,
        apply: () => Promise.resolve({ change: `run ${++runs}` }),
      });

      await remedyErrorOf(told.client({ remedies: [again] }).create("web-01"));

      expect(runs).toBe(3);
      expect(told.arm.exchanges.filter(({ method }) => method === "PUT")).toHaveLength(4);
    }));
});

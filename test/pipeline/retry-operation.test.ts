/** The same judgement around any function: scripts that shell out, other SDKs, whole jobs. */
import {
  isRemedyError,
  retryOperation,
  type OperationAttempt,
  type RemedyEvent,
  type RetryOperationOptions,
} from "azure-remedy";
import { describe, expect, it, vi } from "vitest";
import { remedyErrorOf, thrownBy, waitsOf } from "../support/outcome.js";
import { answer, get, stubPipeline } from "../support/stub.js";
import { virtualClock } from "../support/virtual-clock.js";

const second = 1_000;
const start = Date.UTC(2026, 0, 5, 8);

/** Runs it in virtual time; `errors` are thrown one after another, then it goes well. */
function scene(errors: readonly unknown[], options: RetryOperationOptions = {}) {
  const clock = virtualClock(start);
  const runs: (OperationAttempt & { at: number })[] = [];
  const fn = async (attempt: OperationAttempt): Promise<string> => {
    runs.push({ ...attempt, at: clock.elapsedMs() });
    if (runs.length <= errors.length) throw errors[runs.length - 1];
    return Promise.resolve("done");
  };
  const call = (): Promise<string> => retryOperation(fn, { clock, random: () => 0, ...options });
  return { clock, runs, go: () => clock.run(call()), fail: () => clock.run(remedyErrorOf(call())), call };
}

const cli = (code: string, message: string): Error =>
  new Error(
    `Command failed: az vm create -g rg -n web-01\nERROR: (${code}) ${message}\nCode: ${code}\nMessage: ${message}`,
  );
const tooBusy = cli(
  "StorageAccountTooBusy",
  "Storage account 'disks' is too busy currently. Consider using another account.",
);
const wrong = cli("InvalidParameter", "The value of parameter osDisk.name is invalid.");
const noCapacity = cli(
  "AllocationFailed",
  "Allocation failed. Please try reducing the VM size or number of VMs, retry later, or try deploying to a different Availability Set or different Azure location.",
);
const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
const refused = Object.assign(new Error("connect ECONNREFUSED 203.0.113.1:443"), {
  code: "ECONNREFUSED",
  syscall: "connect",
});
const throttled = {
  status: 429,
  headers: { "retry-after": "30" },
  bodyAsText: '{"error":{"code":"TooManyRequests","message":"Slow down."}}',
};

describe("a run", () => {
  it("that goes well is run once, and its value given back", async () => {
    const { go, runs } = scene([]);
    expect(await go()).toBe("done");
    expect(runs).toMatchObject([{ attempt: 1, at: 0 }]);
    expect(runs[0]).not.toHaveProperty("candidate");
    expect(runs[0]?.signal.aborted).toBe(false);
  });

  it("that fails for good is run once, and explained", async () => {
    const { fail, runs } = scene([wrong]);
    const error = await fail();
    expect(runs).toHaveLength(1);
    expect(error).toMatchObject({
      name: "RestError",
      code: "InvalidParameter",
      diagnosis: { disposition: "permanent" },
    });
    expect(error.cause).toBe(wrong);
    expect(error.message).toContain("Correct osDisk.name, then send the request again.");
  });

  it("that fails for now is run again when it is harmless: the text of a command line is read like an answer", async () => {
    const { go, runs } = scene([tooBusy, tooBusy], { idempotent: true });
    expect(await go()).toBe("done");
    expect(runs.map(({ attempt, at }) => [attempt, at])).toEqual([
      [1, 0],
      [2, 5 * second],
      [3, 15 * second],
    ]);
  });

  it("waits as long as a thrown answer asks", async () => {
    const { go, clock } = scene([throttled]);
    await go();
    expect(clock.elapsedMs()).toBe(30 * second);
  });

  it.each([
    ["may have run is not run again", reset, 1, "outcome unknown"],
    ["never left is run again", refused, 2, undefined],
  ])("that %s, unless it is said to be harmless", async (_, thrown, count, reason) => {
    const { call, clock, runs } = scene([thrown]);
    const outcome = await clock.run(call().catch((error: unknown) => error));
    expect(runs).toHaveLength(count);
    if (reason === undefined) expect(outcome).toBe("done");
    else expect(outcome).toMatchObject({ reason: expect.stringContaining(reason) as string });
    const harmless = scene([thrown], { idempotent: true });
    await harmless.go();
    expect(harmless.runs).toHaveLength(2);
  });

  it("throws what is no error at all, and is explained all the same", async () => {
    for (const thrown of ["no disk", undefined, null, 42, {}]) {
      const { call, clock } = scene([thrown]);
      expect(isRemedyError(await clock.run(call().catch((error: unknown) => error)))).toBe(true);
    }
  });

  it("that throws at once, without a promise, is judged as well", async () => {
    const clock = virtualClock();
    const run = retryOperation(
      () => {
        throw wrong;
      },
      { clock },
    );
    expect((await clock.run(remedyErrorOf(run))).code).toBe("InvalidParameter");
  });
});

describe("the budget of a run", () => {
  const outage = Array.from({ length: 50 }, () => refused);

  it("in retries", async () => {
    const { fail, runs } = scene(outage, { maxRetries: 2 });
    const error = await fail();
    expect(runs).toHaveLength(3);
    expect(waitsOf(error)).toEqual([800, 1_600, 0]);
    expect(error.reason).toBe("transient, but 2 retries are used up");
  });

  it("in time", async () => {
    const { fail, clock } = scene(outage, { maxElapsedMs: 10 * second, maxRetries: 99 });
    const error = await fail();
    expect(error.reason).toContain("would pass the budget of 10 s");
    expect(clock.elapsedMs()).toBe(5_600);
  });

  it.each([
    ["a time", () => start + 3 * second],
    ["a Date", () => new Date(start + 3 * second)],
  ])("by a deadline, as %s", async (_, deadline) => {
    const { fail } = scene(outage, { deadline: deadline() });
    const error = await fail();
    expect(waitsOf(error)).toEqual([800, 1_600, 0]);
    expect(error.reason).toContain("would pass the deadline in 600 ms");
    expect(error.retryAt).toEqual(new Date(start + 2_400 + 3_200));
  });
});

describe("an abort", () => {
  it("before the run lets nothing run", async () => {
    const { call, runs } = scene([], { signal: AbortSignal.abort() });
    expect((await thrownBy(call())).name).toBe("AbortError");
    expect(runs).toEqual([]);
  });

  it("in a wait ends it at once", async () => {
    const abort = new AbortController();
    const { call, clock, runs } = scene([throttled], { signal: abort.signal });
    const end = thrownBy(call());
    void clock.sleep(7 * second).then(() => abort.abort());
    expect((await clock.run(end)).name).toBe("AbortError");
    expect(clock.elapsedMs()).toBe(7 * second);
    expect(runs).toHaveLength(1);
  });

  it("within the run reaches it, and what it throws then is thrown on", async () => {
    const abort = new AbortController();
    const own = new DOMException("stopped", "AbortError");
    const run = retryOperation(
      ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(own))),
      { signal: abort.signal },
    );
    abort.abort();
    expect(await thrownBy(run)).toBe(own);
  });
});

describe("candidates", () => {
  const sizes = ["Standard_D2as_v5", "Standard_D2s_v4"];

  it("are gone through in order when there is no capacity, without a wait", async () => {
    const { go, runs, clock } = scene([noCapacity, noCapacity], { candidates: sizes });
    expect(await go()).toBe("done");
    expect(runs.map(({ candidate }) => candidate)).toEqual([undefined, ...sizes]);
    expect(clock.elapsedMs()).toBe(0);
  });

  it("that are used up end in the last error", async () => {
    const { fail, runs } = scene([noCapacity, noCapacity, noCapacity], { candidates: sizes });
    const error = await fail();
    expect(runs).toHaveLength(3);
    expect(error).toMatchObject({ code: "AllocationFailed", attempts: { length: 3 } });
  });

  it("stay with the run over later failures", async () => {
    const { go, runs } = scene([noCapacity, refused], { candidates: sizes });
    await go();
    expect(runs.map(({ candidate }) => candidate)).toEqual([undefined, sizes[0], sizes[0]]);
  });

  it("are not for failures of another kind", async () => {
    const { fail, runs } = scene([wrong], { candidates: sizes });
    await fail();
    expect(runs).toHaveLength(1);
  });
});

describe("reading back a run whose outcome is unknown", () => {
  it("true: it took place, and there is no value", async () => {
    const readBack = vi
      .fn<() => Promise<boolean | undefined>>()
      .mockResolvedValueOnce(undefined)
      .mockResolvedValueOnce(true);
    const { go, runs, clock } = scene([reset], { readBack });
    expect(await go()).toBeUndefined();
    expect(runs).toHaveLength(1);
    expect(readBack).toHaveBeenCalledTimes(2);
    expect(clock.elapsedMs()).toBe(10 * second);
  });

  it("false: it did not, so it is run again", async () => {
    const { go, runs } = scene([reset, reset], { readBack: () => Promise.resolve(false) });
    expect(await go()).toBe("done");
    expect(runs.map(({ at }) => at)).toEqual([0, 5 * second, 10 * second]);
  });

  it("false again and again: a retry like any other", async () => {
    const { fail, runs } = scene(
      Array.from({ length: 50 }, () => reset),
      { readBack: () => Promise.resolve(false), maxRetries: 3 },
    );
    const error = await fail();
    expect(runs).toHaveLength(4);
    expect(error.reason).toBe("it did not take place, and 3 retries are used up");
  });

  it("never known: it ends with the budget, as unknown", async () => {
    const { fail, runs, clock } = scene([reset], {
      readBack: () => Promise.resolve(undefined),
      maxElapsedMs: 60 * second,
    });
    const error = await fail();
    expect(runs).toHaveLength(1);
    expect(error.reason).toBe("outcome unknown, last seen: not known; the budget is used up");
    expect(clock.elapsedMs()).toBeLessThanOrEqual(60 * second);
  });

  it("that fails says nothing about the run: it is reported, and asked again", async () => {
    const events: RemedyEvent[] = [];
    const readBack = vi
      .fn<() => Promise<boolean>>()
      .mockRejectedValueOnce(new Error("no answer"))
      .mockResolvedValueOnce(true);
    const { go } = scene([reset], { readBack, onEvent: (event) => events.push(event) });
    await go();
    expect(events.filter(({ type }) => type === "fault")).toMatchObject([
      { type: "fault", where: "options.readBack", message: "no answer" },
    ]);
  });
});

describe("around a client with remedyPolicy", () => {
  const body = { error: { code: "ServerBusy", message: "m" } };

  it("the two do not multiply: what was judged below is thrown on as it is", async () => {
    let sends = 0;
    const { clock, send } = stubPipeline(
      (request) => {
        sends += 1;
        return answer(request, 503, body);
      },
      { maxRetries: 2 },
    );
    const inner: unknown[] = [];
    const run = retryOperation(
      () =>
        send(get()).catch((error: unknown) => {
          inner.push(error);
          throw error;
        }),
      { clock, idempotent: true, maxRetries: 5 },
    );
    const error = await clock.run(thrownBy(run));
    expect(sends).toBe(3);
    expect(inner).toEqual([error]);
  });

  it("a shortage that was judged below goes on with the next candidate", async () => {
    const sent: string[] = [];
    const { clock, send } = stubPipeline((request) => {
      sent.push(request.body as string);
      return sent.length < 3
        ? answer(request, 409, {
            error: { code: "AllocationFailed", message: noCapacity.message.split("Message: ")[1] },
          })
        : answer(request, 200);
    });
    const run = retryOperation(({ candidate = "first" }) => send({ ...get(), method: "PUT", body: candidate }), {
      clock,
      candidates: ["second", "third"],
    });
    expect((await clock.run(run)).status).toBe(200);
    expect(sent).toEqual(["first", "second", "third"]);
  });
});

describe("events of a run", () => {
  it("name it, in order", async () => {
    const events: RemedyEvent[] = [];
    const { fail } = scene([refused, wrong], { name: "nightly start", onEvent: (event) => events.push(event) });
    const error = await fail();
    const name = "nightly start";
    expect(events).toMatchObject([
      { type: "retry", name, attempt: 1, delayMs: 800, failure: { code: "ECONNREFUSED" } },
      { type: "failed", name, attempts: 2, reason: error.reason, failure: { code: "InvalidParameter" } },
    ]);
    expect(events.filter((event) => "request" in event)).toEqual([]);
  });
});

it("names the machine where the error of an SDK carries its request", async () => {
  const id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01";
  const request = { method: "POST", url: `https://management.azure.com${id}/start?api-version=2024-07-01` };
  const events: RemedyEvent[] = [];
  const { fail } = scene(
    [
      Object.assign(cli("StorageAccountTooBusy", "too busy"), { request }),
      Object.assign(cli("InvalidParameter", "wrong"), { request }),
    ],
    {
      idempotent: true,
      onEvent: (event) => events.push(event),
    },
  );
  expect((await fail()).resource).toBe(id);
  expect(events.map((event) => [event.type, "resource" in event ? event.resource : undefined])).toEqual([
    ["retry", id],
    ["failed", id],
  ]);
});

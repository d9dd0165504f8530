import { describe, expect, it } from "vitest";
import { documentedLimits } from "../../src/throttle/limits.js";
import { ThrottleDeadlineError } from "../../src/throttle/throttle.js";
import { nicUrl, operationUrl, groupsLeft, readsLeft, reply, request, Story, vmUrl, writesLeft } from "./support.js";

const put = request("PUT", vmUrl());
const get = request("GET", vmUrl());
const rejected = (retryAfterMs: number): ReturnType<typeof reply> => reply(429, writesLeft(0), { retryAfterMs });

describe("a clean call", () => {
  it("is admitted at once, without a promise", () => {
    const story = new Story();
    expect(story.throttle.admit(put)).not.toBeInstanceOf(Promise);
  });

  it("may be settled twice and counts once", () => {
    const story = new Story();
    const permit = story.permit(put);
    permit.settle(reply(200, writesLeft(199)));
    permit.settle(reply(200, writesLeft(3)));
    expect(story.throttle.snapshot().scopes[0]).toMatchObject({ level: 199, inFlight: 0 });
  });
});

describe("the slow start", () => {
  it("lets few through while nothing is known, and more with each answer", async () => {
    const story = new Story();
    const asked = Array.from({ length: 20 }, () => story.ask(put));
    await story.pass(0);
    const admitted = (): typeof asked => asked.filter(({ state }) => state === "admitted");
    expect(admitted()).toHaveLength(4);
    for (const [index, { permit }] of admitted().entries()) permit?.settle(reply(201, writesLeft(199 - index)));
    await story.pass(0);
    // The first of the four levels shows no other beside it, so three of the answers widen the start.
    expect(admitted()).toHaveLength(4 + 7);
  });
});

describe("a 429", () => {
  it("closes its window for everyone, and nothing is sent before it has passed", async () => {
    const story = new Story();
    story.permit(put).settle(rejected(10_000));
    const asked = [story.ask(put), story.ask(request("PUT", vmUrl("vm2")))];
    await story.pass(9_999);
    expect(asked.map(({ state }) => state)).toEqual(["waiting", "waiting"]);
    await story.pass(20_000);
    expect(asked[0]?.state).toBe("admitted");
    expect(asked[0]?.at).toBeGreaterThanOrEqual(10_000);
  });

  it.each([
    ["Resource Manager, with its level", put, writesLeft(0)],
    ["Resource Manager, without", put, {}],
    ["any other host", request("GET", "https://vault.example.net/secrets/s"), {}],
  ])("of %s holds a lone request for what it asks, three times in a row", async (_, asked, headers) => {
    for (let seed = 1; seed <= 20; seed++) {
      const story = new Story({}, seed);
      story.permit(asked).settle(reply(429, headers, { retryAfterMs: 1_000 }));
      for (let times = 1; times <= 3; times++) {
        const rejectedAt = story.time.elapsed;
        const again = story.ask(asked);
        await story.pass(5_000);
        expect(again.at - rejectedAt).toBeGreaterThanOrEqual(1_000);
        expect(again.at - rejectedAt).toBeLessThanOrEqual(1_300);
        again.permit?.settle(reply(429, headers, { retryAfterMs: 1_000 }));
      }
    }
  });

  it("until the year 9999 is a mistake, and closes nothing for others", async () => {
    const story = new Story();
    const until = Date.UTC(9999, 11, 31);
    story.permit(put).settle(reply(429, {}, { retryAfterMs: until - story.time.now() }));
    const asked = story.ask(put);
    await story.pass(2_000);
    expect(asked.state).toBe("admitted");
  });

  it("reopens with a trickle, not with a herd", async () => {
    const story = new Story();
    story.permit(put).settle(rejected(5_000));
    const asked = Array.from({ length: 50 }, () => story.ask(put));
    await story.pass(6_500);
    const gainedPerSecond = documentedLimits.write.refill;
    const admitted = asked.filter(({ state }) => state === "admitted").length;
    expect(admitted).toBeLessThanOrEqual(0.2 * gainedPerSecond);
  });

  it("of writes leaves reads and deletes alone", () => {
    const story = new Story();
    story.permit(put).settle(rejected(60_000));
    expect(story.waits(put)).toBe(true);
    expect(story.waits(get)).toBe(false);
    expect(story.waits(request("DELETE", vmUrl()))).toBe(false);
  });

  it.each([
    ["another subscription", vmUrl().replace("0b1f6471", "ffffffff")],
    ["another region's endpoint", vmUrl().replace("management.", "westeurope.management.")],
    ["another cloud", vmUrl().replace("management.azure.com", "management.chinacloudapi.cn")],
  ])("leaves %s alone", (_, url) => {
    const story = new Story();
    story.permit(put).settle(rejected(60_000));
    expect(story.waits(request("PUT", url))).toBe(false);
  });

  it("of a policy closes that policy's requests and no others", () => {
    const story = new Story();
    const list = request("GET", vmUrl("").replace("/?", "?"));
    const levels = {
      ...readsLeft(240),
      ...groupsLeft("Microsoft.Compute/HighCostGet3Min;100,Microsoft.Compute/HighCostGet30Min;700"),
    };
    story.call(list, reply(200, levels));
    const body = { throttled: true, retryAfterMs: 60_000, scopeHint: "HighCostGet30Min" };
    story
      .permit(list)
      .settle(reply(429, { ...readsLeft(239), ...groupsLeft("Microsoft.Compute/HighCostGet30Min;0") }, body));
    expect(story.waits(list)).toBe(true);
    expect(story.waits(get)).toBe(false);
    expect(story.waits(put)).toBe(false);
  });

  it("of one resource's limit leaves the other resources alone", () => {
    const story = new Story();
    const left = (level: number): ReturnType<typeof groupsLeft> =>
      groupsLeft(`Microsoft.Compute/UpdateVMResource;${level},Microsoft.Compute/UpdateVMSubscription;${1_487 + level}`);
    const patch = request("PATCH", vmUrl());
    story.call(patch, reply(200, { ...writesLeft(199), ...left(1) }));
    story
      .permit(patch)
      .settle(reply(429, { ...writesLeft(198), ...left(0) }, { retryAfterMs: 30_000, scopeHint: "UpdateVMResource" }));
    expect(story.waits(patch)).toBe(true);
    expect(story.waits(request("PATCH", vmUrl("vm2")))).toBe(false);
  });

  it("from a provider with plenty of Resource Manager's tokens left closes that provider's calls of that kind", () => {
    const story = new Story();
    const nic = request("PUT", nicUrl());
    story.permit(nic).settle(reply(429, writesLeft(150), { throttled: true, retryAfterMs: 300_000 }));
    expect(story.waits(nic)).toBe(true);
    expect(story.waits(request("PUT", nicUrl("nic2")))).toBe(true);
    expect(story.waits(put)).toBe(false);
    expect(story.waits(request("GET", nicUrl()))).toBe(false);
  });

  it("that is a lock conflict closes nothing", () => {
    const story = new Story();
    const nic = request("PUT", nicUrl());
    story.permit(nic).settle(reply(429, writesLeft(150), { throttled: false, retryAfterMs: 10_000 }));
    expect(story.waits(nic)).toBe(false);
  });

  it("of the gateway closes Resource Manager's window, whatever level it tells", () => {
    const story = new Story();
    const nic = request("PUT", nicUrl());
    const headers = { ...writesLeft(50), "x-ms-failure-cause": "gateway" };
    story.permit(nic).settle(reply(429, headers, { retryAfterMs: 10_000 }));
    expect(story.waits(put)).toBe(true);
  });

  it("of all principals together closes for each of them", () => {
    const story = new Story();
    const by = (principal: string): ReturnType<typeof request> =>
      request("PUT", vmUrl(), { authorization: `Bearer ${principal}` });
    const headers = { ...writesLeft(120), "x-ms-ratelimit-remaining-subscription-global-writes": "0" };
    story.permit(by("a")).settle(reply(429, headers, { retryAfterMs: 10_000 }));
    expect(story.waits(by("a"))).toBe(true);
    expect(story.waits(by("b"))).toBe(true);
  });

  it("from a service that never tells a level closes Resource Manager's window", () => {
    const story = new Story();
    for (let calls = 0; calls < 5; calls++) story.call(put, reply(201));
    story.permit(put).settle(reply(429, {}, { retryAfterMs: 10_000 }));
    expect(story.waits(request("PUT", nicUrl()))).toBe(true);
  });

  it.each([NaN, -5, Infinity, 3e12])(
    "that asks to wait %d ms neither breaks nor lasts for ever",
    async (retryAfterMs) => {
      const story = new Story();
      story.permit(put).settle(rejected(retryAfterMs));
      const asked = story.ask(put);
      await story.pass(25 * 3_600_000);
      expect(asked.state).toBe("admitted");
    },
  );

  it("without any hint of its wait closes for about a period", async () => {
    const story = new Story();
    story.permit(put).settle(reply(429));
    const asked = story.ask(put);
    await story.pass(999);
    expect(asked.state).toBe("waiting");
    await story.pass(60_000);
    expect(asked.state).toBe("admitted");
  });
});

describe("a token", () => {
  const token = (claims: object, signature: string): string =>
    `Bearer e30.${btoa(JSON.stringify(claims)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}.${signature}`;
  const putBy = (authorization: string): ReturnType<typeof request> => request("PUT", vmUrl(), { authorization });

  it("that was refreshed belongs to the same principal", () => {
    const story = new Story();
    story.permit(putBy(token({ oid: "alice", tid: "t", exp: 1 }, "one"))).settle(rejected(60_000));
    expect(story.waits(putBy(token({ oid: "alice", tid: "t", exp: 2 }, "two")))).toBe(true);
    expect(story.waits(putBy(token({ oid: "bob", tid: "t", exp: 2 }, "two")))).toBe(false);
  });

  it.each(["Bearer not.a.token", "Bearer", "Basic x", "Bearer a.!!!.c", `Bearer e30.${btoa("[1]")}.x`])(
    "like %s is told apart by its text",
    (authorization) => {
      const story = new Story();
      story.permit(putBy(authorization)).settle(rejected(60_000));
      expect(story.waits(putBy(authorization))).toBe(true);
      expect(story.waits(putBy(`${authorization}2`))).toBe(false);
    },
  );
});

describe("waiting", () => {
  it("ends at once on abort, and nothing is sent after it", async () => {
    const story = new Story();
    story.permit(put).settle(rejected(10_000));
    const controller = new AbortController();
    const asked = story.ask(put, { signal: controller.signal });
    await story.pass(100);
    controller.abort();
    await story.pass(0);
    expect(asked).toMatchObject({ state: "refused", at: 100, error: { name: "AbortError" } });
    expect(story.throttle.snapshot()).toMatchObject({ waiting: 0, inFlight: 0 });
  });

  it("does not begin under a signal that has aborted", async () => {
    const asked = new Story().ask(put, { signal: AbortSignal.abort() });
    await Promise.resolve();
    expect(asked).toMatchObject({ state: "refused", error: { name: "AbortError" } });
  });

  it("is refused at once when the window outlasts the deadline, with the time to come back", async () => {
    const story = new Story();
    story.permit(put).settle(rejected(30_000));
    const asked = story.ask(put, { deadlineAt: story.time.now() + 10_000 });
    await story.pass(0);
    expect(asked).toMatchObject({ state: "refused", at: 0 });
    expect(asked.error).toBeInstanceOf(ThrottleDeadlineError);
    expect((asked.error as ThrottleDeadlineError).retryAt - story.time.startedAt).toBeGreaterThanOrEqual(30_000);
  });

  it("is refused at once when the queue is too long for the deadline", async () => {
    const story = new Story();
    const { capacity, refill } = documentedLimits.write;
    for (let level = capacity - 1; level > 3; level--) story.call(put, reply(201, writesLeft(level)));
    const queue = Array.from({ length: 300 }, () => story.ask(put));
    const late = story.ask(put, { deadlineAt: story.time.now() + 5_000 });
    const inTime = story.ask(put, { deadlineAt: story.time.now() + 60_000 });
    await story.pass(0);
    expect(queue.filter(({ state }) => state === "waiting").length).toBeGreaterThan(250);
    expect(late.state).toBe("refused");
    const backInSeconds = ((late.error as ThrottleDeadlineError).retryAt - story.time.now()) / 1_000;
    expect(backInSeconds).toBeGreaterThan((queue.length / refill) * (2 / 3));
    expect(backInSeconds).toBeLessThan((queue.length / refill) * 1.5);
    expect(inTime.state).toBe("waiting");
  });

  it("is refused when a window closes past the deadline while it waits", async () => {
    const story = new Story();
    const first = [1, 2, 3, 4].map(() => story.permit(put));
    const asked = story.ask(put, { deadlineAt: story.time.now() + 20_000 });
    await story.pass(100);
    first[0]?.settle(rejected(60_000));
    await story.pass(0);
    expect(asked).toMatchObject({ state: "refused", at: 100 });
  });

  it("is refused at the deadline when hope has not come true", async () => {
    const story = new Story();
    [1, 2, 3, 4].forEach(() => story.permit(put));
    const asked = story.ask(put, { deadlineAt: story.time.now() + 100 });
    await story.pass(100);
    expect(asked).toMatchObject({ state: "refused", at: 100 });
  });

  it("does not bar a call whose deadline has passed while the bucket is open", () => {
    const story = new Story();
    expect(story.waits(put, { deadlineAt: story.time.now() - 1 })).toBe(false);
  });

  it("serves in order of arrival, foreground before background, a retried call at its old place", async () => {
    const story = new Story();
    story.permit(put).settle(rejected(1_000));
    const background = story.ask(put, { priority: "background" });
    const first = story.ask(put);
    const second = story.ask(put);
    const retried = story.ask(put, { since: story.time.now() - 500 });
    const names = new Map([retried, first, second, background].map((asked, index) => [asked, index]));
    const order: (number | undefined)[] = [];
    while (names.size > 0) {
      await story.time.run(() => [...names.keys()].some(({ state }) => state !== "waiting"));
      for (const [asked, name] of names) {
        if (asked.state === "waiting") continue;
        order.push(name);
        names.delete(asked);
        asked.permit?.settle(reply(201, writesLeft(0)));
      }
    }
    expect(order).toEqual([0, 1, 2, 3]);
  });

  it("ends for background calls too while foreground calls keep coming", async () => {
    const story = new Story();
    const answered = async (asked: ReturnType<typeof story.ask>): Promise<void> => {
      await story.time.run(() => asked.state !== "waiting");
      asked.permit?.settle(reply(201, writesLeft(2)));
    };
    story.call(put, reply(201, writesLeft(0)));
    const background = story.ask(put, { priority: "background" });
    for (let tries = 0; tries < 1_000 && background.state === "waiting"; tries++) await answered(story.ask(put));
    expect(background.state).toBe("admitted");
    expect(background.at).toBeGreaterThan(0);
    expect(background.at).toBeLessThan(120_000);
  });

  it("for one resource's limit holds nobody else up", async () => {
    const story = new Story();
    const left = (level: number): ReturnType<typeof groupsLeft> =>
      groupsLeft(`Microsoft.Compute/UpdateVMResource;${level}`);
    const patch = request("PATCH", vmUrl());
    story.call(patch, reply(200, { ...writesLeft(199), ...left(0) }));
    const held = [story.ask(patch), story.ask(patch)];
    const other = story.ask(request("PATCH", vmUrl("vm2")));
    await story.pass(0);
    expect([...held, other].map(({ state }) => state)).toEqual(["waiting", "waiting", "admitted"]);
    await story.pass(61_000);
    expect(held[0]?.state).toBe("admitted");
  });

  it("keeps no timer once nobody waits", async () => {
    const story = new Story();
    story.permit(put).settle(rejected(60_000));
    const controller = new AbortController();
    const asked = story.ask(put, { signal: controller.signal, deadlineAt: story.time.now() + 3_600_000 });
    controller.abort();
    await story.time.run(() => false);
    expect(asked.state).toBe("refused");
    expect(story.time.elapsed).toBe(0);
  });
});

describe("an answer", () => {
  it("that never comes is counted as lost, and gives its place free", async () => {
    const story = new Story();
    [1, 2, 3, 4].forEach(() => story.permit(put));
    const asked = story.ask(put);
    await story.pass(30 * 60_000);
    expect(asked.state).toBe("admitted");
  });

  it("to a POST that is counted as a read moves its kind to the reads", () => {
    const story = new Story();
    const list = request("POST", vmUrl("vm1/retrieveBootDiagnosticsData"));
    story.call(list, reply(200, readsLeft(249)));
    story.permit(get).settle(reply(429, readsLeft(0), { retryAfterMs: 60_000 }));
    expect(story.waits(list)).toBe(true);
    expect(story.waits(put)).toBe(false);
  });

  it("with levels joined by commas tells the lowest", () => {
    const story = new Story();
    story.call(put, reply(200, { "x-ms-ratelimit-remaining-subscription-writes": "199, 42" }));
    expect(story.throttle.snapshot().scopes[0]).toMatchObject({ level: 42 });
  });

  it.each(["-1", "abc", "", "1e9", "9".repeat(40), "12;34", " ", "0x10"])(
    "with the level %j tells nothing and breaks nothing",
    (level) => {
      const story = new Story();
      const headers = {
        "x-ms-ratelimit-remaining-subscription-writes": level,
        "x-ms-ratelimit-remaining-resource": `a;${level},;;,${level}`,
      };
      story.call(put, reply(200, headers));
      expect(story.waits(put)).toBe(false);
    },
  );
});

describe("calls outside Resource Manager", () => {
  it("are not held back until their service sends one away", async () => {
    const story = new Story();
    const blob = request("GET", "https://lease.blob.core.windows.net/container/blob");
    const permits = Array.from({ length: 500 }, () => story.permit(blob));
    const [first, ...others] = permits;
    first?.settle(reply(429, {}, { retryAfterMs: 2_000 }));
    for (const permit of others) permit.settle(reply(200));
    const asked = story.ask(blob);
    await story.pass(1_999);
    expect(asked.state).toBe("waiting");
    await story.pass(2_000);
    expect(asked.state).toBe("admitted");
  });
});

describe("the polls of many operations", () => {
  const pollOf = (id: string): ReturnType<typeof request> => request("GET", operationUrl(id));
  /** Begins an operation, and follows it to its end by looks at these times. */
  async function follow(story: Story, id: string, looks: number): Promise<void> {
    story.call(put, reply(202, { ...writesLeft(199), "azure-asyncoperation": operationUrl(id) }));
    for (let look = 1; look <= looks; look++) {
      await story.pass(5_000);
      const asked = story.ask(pollOf(id), { poll: true });
      await story.pass(5_000);
      asked.permit?.settle(reply(200, readsLeft(249), { ended: look === looks }));
    }
  }
  const begin = (story: Story, id: string): void =>
    story.call(put, reply(202, { ...writesLeft(199), "azure-asyncoperation": operationUrl(id) }));

  it("go first to the operation that is most likely to have ended", async () => {
    const story = new Story();
    for (const id of ["a", "b", "c", "d"]) await follow(story, id, 6);
    begin(story, "old");
    await story.pass(40_000);
    begin(story, "young");
    await story.pass(5_000);
    for (const id of ["old", "young"]) story.call(pollOf(id), reply(200, readsLeft(1)));
    await story.pass(12_000);
    story.call(get, reply(200, readsLeft(0)));
    const young = story.ask(pollOf("young"), { poll: true });
    const old = story.ask(pollOf("old"), { poll: true });
    while (young.state === "waiting" && old.state === "waiting") await story.pass(10);
    expect({ young: young.state, old: old.state }).toEqual({ young: "waiting", old: "admitted" });
  });

  it("leave other reads their place, however many wait", async () => {
    const story = new Story();
    for (let level = 249; level > 120; level--) story.call(get, reply(200, readsLeft(level)));
    for (let id = 0; id < 500; id++) story.ask(pollOf(String(id)), { poll: true });
    await story.pass(0);
    expect(story.waits(get, { deadlineAt: story.time.now() + 1_000 })).toBe(false);
  });

  it("that were sent away come back before one that has just been looked at", async () => {
    const story = new Story();
    begin(story, "rejected");
    begin(story, "looked");
    await story.pass(30_000);
    story.permit(pollOf("rejected"), { poll: true }).settle(reply(429, readsLeft(0), { retryAfterMs: 1_000 }));
    await story.pass(3_000);
    const looked = story.ask(pollOf("looked"), { poll: true });
    await story.pass(5_000);
    looked.permit?.settle(reply(200, readsLeft(5)));
    const again = [story.ask(pollOf("looked"), { poll: true }), story.ask(pollOf("rejected"), { poll: true })];
    while (again.every(({ state }) => state === "waiting")) await story.pass(10);
    expect(again.map(({ state }) => state)).toEqual(["waiting", "admitted"]);
  });
});

describe("the polls of an operation", () => {
  const poll = request("GET", operationUrl());

  it("are spread the longer it runs", async () => {
    const story = new Story();
    story.permit(put).settle(reply(201, { "azure-asyncoperation": operationUrl(), ...writesLeft(199) }));
    const times: number[] = [];
    while (story.time.elapsed < 600_000) {
      await story.pass(2_000);
      const asked = story.ask(poll, { poll: true });
      await story.time.run(() => asked.state !== "waiting");
      asked.permit?.settle(reply(200, readsLeft(249)));
      times.push(story.time.elapsed);
    }
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(gaps.every((gap) => gap >= 2_000)).toBe(true);
    expect(gaps.slice(0, 5).reduce((sum, gap) => sum + gap, 0) / 5).toBeLessThan(3_000);
    expect(gaps.slice(-5).reduce((sum, gap) => sum + gap, 0) / 5).toBeGreaterThan(7_000);
  });

  it("give way on abort like any wait", async () => {
    const story = new Story();
    story.call(poll, reply(200, readsLeft(249)));
    story.permit(poll, { poll: true }).settle(reply(200, readsLeft(248)));
    const controller = new AbortController();
    const asked = story.ask(poll, { poll: true, signal: controller.signal });
    controller.abort();
    await story.pass(0);
    expect(asked).toMatchObject({ state: "refused", at: 0 });
  });
});

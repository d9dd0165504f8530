import { describe, expect, it } from "vitest";
import { createThrottle } from "../../src/throttle/local-throttle.js";
import { Principals } from "../../src/throttle/scope/principal.js";
import { wordsFor } from "../../src/throttle/scope-name.js";
import { readTarget } from "../../src/throttle/scope/target.js";
import { groupsLeft, readsLeft, reply, request, Story, subscription, vmUrl, writesLeft } from "./support.js";

describe("the target of a URL", () => {
  const root = `https://management.azure.com/subscriptions/${subscription}`;

  it.each([
    [`${root}/resourceGroups/rg`, "microsoft.resources", "subscriptions/{}/resourcegroups/{}", true],
    [`${root}/resourceGroups`, "microsoft.resources", "subscriptions/{}/resourcegroups", true],
    [
      `${root}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines`,
      "microsoft.compute",
      "virtualmachines",
      false,
    ],
    [vmUrl("a"), "microsoft.compute", "virtualmachines/{}", true],
    [vmUrl("a").replace("?", "/start?"), "microsoft.compute", "virtualmachines/{}/start", true],
    [vmUrl("a").replace("?", "/extensions/x?"), "microsoft.compute", "virtualmachines/{}/extensions/{}", true],
    [
      `${root}/providers/Microsoft.Compute/locations/westeurope/operations/1`,
      "microsoft.compute",
      "locations/{}/operations/{}",
      true,
    ],
    [`${vmUrl("a").split("?")[0] ?? ""}/providers/Microsoft.Insights/metrics`, "microsoft.insights", "metrics", false],
    ["https://management.azure.com/tenants?api-version=1", "microsoft.resources", "tenants", false],
  ])("%s is %s %s", (url, namespace, pathTemplate, isSingle) => {
    expect(readTarget(url)).toMatchObject({ namespace, pathTemplate, isSingle, isResourceManager: true });
  });

  it("is the same whatever the case", () => {
    expect(readTarget(vmUrl("A").toUpperCase().replace("HTTPS", "https"))).toEqual(readTarget(vmUrl("a")));
  });

  it("counts what belongs to a VM with the VM", () => {
    expect(readTarget(vmUrl("a").replace("?", "/extensions/x?")).resource).toBe(readTarget(vmUrl("a")).resource);
  });

  it.each([
    "",
    "not a url",
    "https://",
    "https://example.com",
    "ftp://x/y",
    `https://example.com/${"a/".repeat(5_000)}`,
  ])("of %j breaks nothing and has no documented limit", (url) =>
    expect(readTarget(url)).toMatchObject({ isResourceManager: false }),
  );

  it("of an emulator has the limits of Resource Manager, by its path", () => {
    expect(readTarget(`http://127.0.0.1:8080/subscriptions/${subscription}`)).toMatchObject({
      endpoint: "127.0.0.1:8080",
      isResourceManager: true,
    });
  });
});

describe("principals", () => {
  it("show no part of a token", () => {
    const claims = btoa(JSON.stringify({ oid: "2f1c3a5e-0000-4000-8000-1234567890ab", tid: "t" })).replaceAll("=", "");
    const principal = new Principals().of(`Bearer e30.${claims}.signature`);
    expect(principal).toMatch(/^[0-9a-f]{16}$/);
  });

  it("are told apart", () => {
    const principals = new Principals();
    const names = Array.from({ length: 500 }, (_, index) => principals.of(`Bearer ${index}`));
    expect(new Set(names).size).toBe(500);
  });
});

describe("memory", () => {
  it("is bounded: what is idle is forgotten, closed windows are not", async () => {
    const story = new Story();
    for (let index = 0; index < 300; index++) {
      const url = vmUrl().replace(subscription, `sub-${index}`);
      story.call(
        request("PUT", url),
        reply(200, { ...writesLeft(199), ...groupsLeft("Microsoft.Compute/UpdateVMResource;11") }),
      );
    }
    const closed = request("PUT", vmUrl());
    story.permit(closed).settle(reply(429, writesLeft(0), { retryAfterMs: 3_600_000 }));
    expect(story.throttle.snapshot().scopes.length).toBeGreaterThan(300);
    await story.pass(20 * 60_000);
    story.call(request("GET", vmUrl()), reply(200, readsLeft(249)));
    expect(story.throttle.snapshot().scopes.length).toBeLessThan(5);
    expect(story.waits(closed)).toBe(true);
  });

  it("of a limit group's closed window outlasts the request kind it was learned in", async () => {
    const story = new Story();
    const list = request("GET", vmUrl("").replace("/?", "?"));
    story.permit(list).settle(reply(429, readsLeft(200), { retryAfterMs: 3_600_000, scopeHint: "HighCostGet30Min" }));
    await story.pass(30 * 60_000);
    story.call(request("PUT", vmUrl()), reply(200, writesLeft(199)));
    expect(story.waits(list)).toBe(true);
  });

  it("of times is dropped when the clock is turned back", () => {
    const story = new Story();
    let now = 1e12;
    const turned = new Story({ clock: { now: () => now, sleep: (ms, signal) => story.time.sleep(ms, signal) } });
    turned.permit(request("PUT", vmUrl())).settle(reply(429, writesLeft(0), { retryAfterMs: 60_000 }));
    expect(turned.waits(request("PUT", vmUrl()))).toBe(true);
    now -= 24 * 3_600_000;
    expect(turned.waits(request("PUT", vmUrl()))).toBe(false);
  });

  it("of a service that makes up policies without end stays small", () => {
    const story = new Story();
    const put = request("PUT", vmUrl());
    for (let index = 0; index < 2_000; index++) {
      story.call(put, reply(200, { ...writesLeft(199), ...groupsLeft(`Made.Up/Policy${index};${1_000 + index}`) }));
    }
    expect(story.waits(put)).toBe(false);
  });
});

describe("the snapshot", () => {
  it("says in words and numbers how each scope stands", async () => {
    const story = new Story();
    const put = request("PUT", vmUrl(), { authorization: "Bearer x" });
    story.call(put, reply(200, { ...writesLeft(120), ...groupsLeft("Microsoft.Compute/PutVMSubscription;1400") }));
    story.permit(put).settle(reply(429, writesLeft(0), { retryAfterMs: 5_000 }));
    const asked = story.ask(put);
    await story.pass(0);
    const { scopes, ...rest } = story.throttle.snapshot();
    expect(rest).toEqual({ at: story.time.now(), waiting: 1, inFlight: 0, operations: 0 });
    expect(
      scopes.map(({ scope, level, waiting, closedUntil }) => [
        scope.split(" ").slice(0, 1)[0],
        level,
        waiting,
        closedUntil,
      ]),
    ).toEqual([
      ["writes", 0, 1, story.time.now() + 5_000],
      ["Microsoft.Compute/PutVMSubscription", 1_400, 1, undefined],
    ]);
    expect(asked.state).toBe("waiting");
  });

  it("names a scope for people", () => {
    expect(
      wordsFor({ endpoint: "management.azure.com", subscription: "s", principal: "p", requestClass: "write" }),
    ).toBe("writes of subscription s at management.azure.com by principal p");
    expect(wordsFor({ endpoint: "e", limitGroup: "Microsoft.Compute/UpdateVM", resource: "vm1" })).toBe(
      "Microsoft.Compute/UpdateVM of vm1 at e",
    );
    expect(wordsFor({ endpoint: "e", namespace: "microsoft.network", requestClass: "read", subscription: "s" })).toBe(
      "microsoft.network reads of subscription s at e",
    );
    expect(wordsFor({ endpoint: "e", principal: "anonymous", requestClass: "read" })).toBe("reads of the tenant at e");
  });
});

describe("createThrottle", () => {
  it.each([
    [
      { limits: { write: { capacity: 0, refill: 10, periodMs: 1_000 } } },
      RangeError,
      "limits.write.capacity must be a number above 0; it is 0",
    ],
    [{ limits: { write: { capacity: 10, refill: NaN, periodMs: 1_000 } } }, RangeError, "limits.write.refill"],
    [
      { limits: { writes: { capacity: 10, refill: 1, periodMs: 1_000 } } },
      TypeError,
      "limits.writes must be limits.read",
    ],
    [{ limits: { write: 5 } }, RangeError, "limits.write must be { capacity"],
    [{ store: {} }, TypeError, "store must be a store"],
    [{ store: null }, TypeError, "store must be a store"],
    [{ onEvent: "log" }, TypeError, 'onEvent must be a function; it is "log"'],
    [{ clock: Date }, TypeError, "clock must be"],
    [{ random: 4 }, RangeError, "random must be a function; it is 4"],
  ])("refuses %j", (options, kind, message) => {
    const create = (): unknown => createThrottle(options as never);
    expect(create).toThrow(kind);
    expect(create).toThrow(message);
  });
});

describe("events", () => {
  it("tell of a window that closes and opens again, and may fail", async () => {
    const told: string[] = [];
    const story = new Story({
      onEvent: ({ state, change }) => {
        told.push(`${state}: ${change}`);
        throw new Error("a listener's own");
      },
    });
    const put = request("PUT", vmUrl());
    story.permit(put).settle(reply(429, writesLeft(0), { retryAfterMs: 5_000 }));
    const asked = story.ask(put);
    await story.pass(10_000);
    asked.permit?.settle(reply(200, writesLeft(50)));
    expect(told).toEqual(["closed: closed for 5 s by the service", "reopened: open again"]);
  });
});

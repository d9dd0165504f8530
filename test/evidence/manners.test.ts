/** How a look behaves: what it may cost, what it may send, and that it never hides, delays or outlives the failure. */
import { describe, expect, it } from "vitest";
import { defineEvidence, standardEvidence, type DefinedEvidence, type LookContext } from "azure-remedy/evidence";
import { virtualClock } from "../support/virtual-clock.js";
import { answer, forbidden, group, look, machine, origin, type Looked } from "./stub-service.js";

const conflict = { code: "Conflict", message: "Another operation is in progress." };
const says = ({ findings }: Looked): string[] => findings.map((finding) => finding.says);

function source(name: string, requests: number, see: (context: LookContext) => Promise<unknown>): DefinedEvidence {
  return defineEvidence({
    name,
    requests,
    fits: () => true,
    look: async (context) => {
      await see(context);
      return { says: `${name} looked`, confidence: "low" };
    },
  });
}

const reading = (name: string, paths: readonly string[]): DefinedEvidence =>
  source(name, paths.length, async ({ get }) => Promise.all(paths.map((path) => get(path))));

describe("what a look costs", () => {
  it("at most four requests for one failure: later sources wait for another day", async () => {
    const sources = ["a", "b", "c"].map((name) => reading(name, [`/${name}/1`, `/${name}/2`]));
    const looked = await look(sources, { error: conflict });
    expect(looked.story).toHaveLength(4);
    expect(says(looked)).toEqual(["a looked", "b looked"]);
  });

  it("sends the same GET once for all sources", async () => {
    const looked = await look([reading("a", [machine]), reading("b", [machine])], { error: conflict });
    expect(looked.story).toHaveLength(1);
    expect(says(looked)).toHaveLength(2);
  });

  it("stops a source that asks for more than it has declared", async () => {
    const greedy = source("greedy", 1, async ({ get }) => Promise.all([get("/a"), get("/b")]));
    const looked = await look([greedy], { error: conflict });
    expect(looked.story).toHaveLength(1);
    expect(says(looked)[0]).toBe("could not look: it asked for more requests than its source has declared");
  });

  it("twelve requests in all, however deep the failure lies", async () => {
    const deeper = defineEvidence({
      name: "deeper",
      requests: 4,
      fits: () => true,
      look: async ({ get, call }) => {
        await Promise.all([1, 2, 3, 4].map((part) => get(`${new URL(call.url).pathname}/${part}`)));
        return {
          says: "below",
          confidence: "high",
          subject: `${new URL(call.url).pathname}/x`,
          root: { error: conflict },
        };
      },
    });
    const looked = await look([deeper], { error: conflict });
    expect(looked.story).toHaveLength(12);
  });

  const tooMany = { code: "TooManyRequests", message: "Too many requests." };

  it("nothing of the standard after a 429", async () => {
    const looked = await look(standardEvidence(), { error: tooMany });
    expect(looked).toMatchObject({ findings: [], requests: [] });
  });

  const locks = `${group}/providers/Microsoft.Authorization/locks`;
  const check = `${group}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions`;
  const armsOwn = { code: "SubscriptionRequestsThrottled", message: "Number of requests exceeded." };
  it.each([
    ["Compute refuses a write: no more of Compute", "PUT", tooMany, [`GET ${locks}`, `POST ${check}`]],
    ["Compute refuses a read: no more of Compute", "GET", tooMany, [`GET ${locks}`, `POST ${check}`]],
    ["Resource Manager refuses reads: no more reads", "GET", armsOwn, [`POST ${check}`]],
    ["Resource Manager refuses writes: reads are left", "PUT", armsOwn, [`GET ${machine}`, `GET ${locks}`]],
    [
      "Resource Manager refuses deletes: all are left",
      "DELETE",
      armsOwn,
      [`GET ${machine}`, `GET ${locks}`, `POST ${check}`],
    ],
  ] as const)("none of the same kind after a 429: %s", async (_, method, error, sent) => {
    const own = [
      reading("machine", [machine]),
      reading("locks", [locks]),
      source("check", 1, ({ post }) => post(check, {}, {})),
    ];
    const looked = await look(own, { error, call: { method } });
    expect(looked.story).toEqual(sent);
    expect(says(looked).filter((said) => said === "could not look: the service is throttling such reads")).toHaveLength(
      3 - sent.length,
    );
  });

  it("a look that was throttled ends those of its kind, on every level, and no others", async () => {
    const first = reading("first", ["/providers/Microsoft.Compute/throttled"]);
    const second = defineEvidence({
      name: "second",
      requests: 1,
      fits: () => true,
      look: async ({ get, call }) => {
        await get(`${new URL(call.url).pathname}/providers/Microsoft.Authorization/locks`);
        return { says: "below", confidence: "high", subject: `${machine}/x`, root: { error: conflict } };
      },
    });
    const looked = await look([first, second], {
      error: conflict,
      replies: { "GET throttled": () => answer(429, {}) },
    });
    expect(looked.story).toEqual([
      "GET /providers/Microsoft.Compute/throttled",
      `GET ${machine}/providers/Microsoft.Authorization/locks`,
      `GET ${machine}/x/providers/Microsoft.Authorization/locks`,
    ]);
    expect(says(looked)).toEqual(["could not look: the service is throttling such reads", "below"]);
  });
});

describe("what a look may send", () => {
  it.each([
    ["POST start", (context: LookContext) => context.post(`${machine}/start`, {})],
    ["POST runCommand", (context: LookContext) => context.post(`${machine}/runCommand`, {}, { commandId: "x" })],
    [
      "POST listKeys",
      (context: LookContext) => context.post(`${group}/providers/Microsoft.Storage/storageAccounts/a/listKeys`, {}),
    ],
    ["GET of another host", (context: LookContext) => context.get("https://evil.example/subscriptions")],
    ["GET of a host that begins alike", (context: LookContext) => context.get(`${origin}.evil.example/subscriptions`)],
    ["GET with a user before the host", (context: LookContext) => context.get(`${origin}@evil.example/subscriptions`)],
  ])("never %s", async (_, see) => {
    const looked = await look([source("own", 1, see)], { error: conflict });
    expect(looked.requests).toEqual([]);
    expect(looked.findings).toMatchObject([{ confidence: "none" }]);
  });

  it.each([
    `${machine}/retrieveBootDiagnosticsData`,
    `${group}/providers/Microsoft.Compute/virtualMachineScaleSets/set/virtualMachines/0/retrieveBootDiagnosticsData`,
    "/subscriptions/s-1/providers/Microsoft.Compute/locations/eastus/placementScores/spot/generate",
    `${group}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions`,
  ])("POST %s", async (path) => {
    const looked = await look([source("own", 1, ({ post }) => post(path, {}))], { error: conflict });
    expect(looked.story).toEqual([`POST ${path}`]);
  });
});

describe("what a refused look says", () => {
  it("which action it needs, and nobody's name", async () => {
    const looked = await look(standardEvidence(), {
      error: { code: "VMExtensionProvisioningError", message: "Failed." },
      replies: { "GET virtualMachines/web-01": () => forbidden("Microsoft.Compute/virtualMachines/read") },
    });
    expect(looked.findings).toMatchObject([{ source: "instanceView", confidence: "none" }]);
    expect(says(looked)).toEqual([
      "could not look: needs Microsoft.Compute/virtualMachines/read on /subscriptions/s-1/resourceGroups/rg",
    ]);
    expect(JSON.stringify(looked.findings)).not.toMatch(/ann@|o-1/);
    expect(looked.diagnosis.refinedFrom).toBeUndefined();
  });

  it("that a provider is not registered, and registers none", async () => {
    const looked = await look(standardEvidence(), {
      error: { code: "InternalServerError", message: "Internal error." },
      call: { attempts: 3, body: { location: "eastus" } },
      replies: {
        "GET Microsoft.ResourceHealth/events": () =>
          answer(409, { error: { code: "MissingSubscriptionRegistration", message: "no" } }),
      },
    });
    expect(says(looked)).toContain(
      "could not look: the provider Microsoft.ResourceHealth is not registered, and evidence never registers a provider",
    );
    expect(looked.story.filter((line) => !line.startsWith("GET"))).toEqual([]);
  });

  it("that a source of the caller's own is at fault", async () => {
    const broken = source("broken", 1, () =>
      Promise.reject(new Error("boom token=eyJhbGciOiJIUzI1NiJ9.aa.bb\nsecond line")),
    );
    const blind = defineEvidence({
      name: "blind",
      requests: 1,
      fits: () => {
        throw new Error("no");
      },
      look: () => Promise.resolve(undefined),
    });
    const looked = await look([blind, broken], { error: conflict });
    expect(says(looked)).toEqual(["could not look: boom token=[redacted]"]);
  });

  it("no control character, and not without end", async () => {
    const loud = defineEvidence({
      name: "loud",
      requests: 1,
      fits: () => true,
      look: () => Promise.resolve({ says: `\u001b[31mred\u0007${"x".repeat(5_000)}`, confidence: "low" }),
    });
    const [said = ""] = says(await look([loud], { error: conflict }));
    expect(said).toMatch(/^red ?x+…$/);
    expect(said.length).toBeLessThan(610);
  });
});

describe("how long a look may take", () => {
  const never = (): Promise<never> => new Promise<never>(() => undefined);

  it.each([
    ["its budget of 5 s", {}, 5_000],
    ["the caller's budget", { budgetMs: 1_200 }, 1_200],
    ["the deadline", { remainingMs: 700 }, 700],
  ])("it ends with %s", async (_, surroundings, ms) => {
    const clock = virtualClock();
    const looked = await clock.run(
      look([source("slow", 1, never), reading("quick", [machine])], { error: conflict, clock, surroundings }),
    );
    expect(clock.elapsedMs()).toBe(ms);
    expect(says(looked)).toEqual([expect.stringMatching(/^could not look: no answer within/), "quick looked"]);
  });

  it("the caller's abort ends it at once, and nothing is sent after it", async () => {
    const clock = virtualClock();
    const controller = new AbortController();
    const inner: { signal?: AbortSignal } = {};
    const slow = source("slow", 1, (context) => {
      inner.signal = context.signal;
      queueMicrotask(() => controller.abort());
      return never();
    });
    const looked = look([slow], { error: conflict, clock, surroundings: { signal: controller.signal } });
    await expect(clock.run(looked)).rejects.toMatchObject({ name: "AbortError" });
    expect(clock.elapsedMs()).toBe(0);
    expect(inner.signal?.aborted).toBe(true);
  });

  it("nothing is sent where the caller has aborted before", async () => {
    const controller = new AbortController();
    controller.abort();
    const looked = look([reading("a", [machine])], { error: conflict, surroundings: { signal: controller.signal } });
    await expect(looked).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("defineEvidence", () => {
  const whole = { name: "own", requests: 1, fits: () => true, look: () => Promise.resolve(undefined) };
  it.each([
    [{ ...whole, name: "" }, 'defineEvidence.name must be a text that is not empty; it is ""'],
    [{ ...whole, requests: 5 }, "defineEvidence.requests must be at most 4; it is 5"],
    [{ ...whole, requests: -1 }, "defineEvidence.requests must be a whole number, 0 or more; it is -1"],
    [{ ...whole, fits: true }, "defineEvidence.fits must be a function"],
    [{ ...whole, look: undefined }, "defineEvidence.look must be a function"],
    [undefined, "defineEvidence must be { name, requests, fits(diagnosis, call), look(context) }; it is undefined"],
  ])("%j is refused", (definition, message) => {
    expect(() => defineEvidence(definition as never)).toThrow(message);
  });
});

/** Deciding, as tables: what is known of the failure, where the call stands, and what is done now. */
import type { Category, Decision, Diagnosis, Disposition, Execution, Situation } from "azure-remedy";
import { decide, diagnose } from "azure-remedy";
import fc from "../support/properties.js";
import { describe, expect, it } from "vitest";
import { formatDuration } from "../../src/time/format-duration.js";

interface Known {
  disposition: Disposition;
  category?: Category;
  execution?: Execution;
  retryAfterMs?: number;
  usualWaitMs?: number;
  automatic?: string;
}

function known({ disposition, category = "platform", execution = "answered", automatic, ...waits }: Known): Diagnosis {
  return {
    message: "m",
    disposition,
    category,
    basis: "code",
    parameters: {},
    chain: [{ code: "C", message: "m" }],
    others: [],
    explanation: "e",
    remedy: { summary: "s", steps: ["s"], docs: "https://learn.microsoft.com", ...(automatic && { automatic }) },
    execution,
    ...waits,
  };
}

/** A decision in short: `retry 5000`, `readBack 5000`, `apply X`, `fail`, `unknown`. */
function brief(decision: Decision): string {
  switch (decision.action) {
    case "retry":
      return `retry ${decision.delayMs}`;
    case "readBack":
      return `readBack ${decision.delayMs}`;
    case "apply":
      return `apply ${decision.remedy}`;
    case "fail":
      return decision.outcome === "unknown" ? "unknown" : "fail";
  }
}

const base =
  "https://management.azure.com/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm";
const start = { method: "POST", url: `${base}/start?api-version=1` };
const runCommand = { method: "POST", url: `${base}/runCommand?api-version=1` };
const put = { method: "PUT", url: base };
/** No jitter. */
const exact = { random: 0 };

describe("disposition × whether the request may be repeated × whether its outcome can be read", () => {
  it.each<[Disposition, Execution, string, string, Situation]>([
    ["transient", "answered", "a PUT", "retry 1000", put],
    ["transient", "unknown", "a PUT", "retry 1000", put],
    ["transient", "none", "a PUT", "retry 1000", put],
    ["transient", "unknown", "start", "retry 1000", start],
    ["transient", "none", "runCommand", "retry 1000", runCommand],
    ["transient", "unknown", "runCommand", "unknown", runCommand],
    ["transient", "answered", "runCommand", "unknown", runCommand],
    ["transient", "unknown", "a readable runCommand", "readBack 5000", { ...runCommand, readable: true }],
    ["transient", "unknown", "a runCommand said to be harmless", "retry 1000", { ...runCommand, idempotent: true }],
    ["transient", "unknown", "a PUT said to do harm", "unknown", { ...put, idempotent: false }],
    ["transient", "unknown", "nothing told, which is a GET", "retry 1000", {}],
    ["indeterminate", "answered", "a readable PUT", "readBack 5000", { ...put, readable: true }],
    ["indeterminate", "unknown", "a readable start", "readBack 5000", { ...start, readable: true }],
    // A request that repeats without harm is its own reading.
    ["indeterminate", "unknown", "a start that nothing reports", "retry 1000", start],
    ["indeterminate", "answered", "runCommand", "unknown", runCommand],
    ["indeterminate", "unknown", "a GET", "retry 1000", { method: "get" }],
    ["indeterminate", "unknown", "a HEAD", "retry 1000", { method: "HEAD" }],
    ["adaptable", "answered", "nothing allowed", "fail", put],
    ["adaptable", "answered", "nothing fitting", "fail", { ...put, remedies: [] }],
    [
      "adaptable",
      "answered",
      "two remedies",
      "apply fallbackSizes",
      { ...put, remedies: ["fallbackSizes", "fallbackZones"] },
    ],
    [
      "adaptable",
      "answered",
      "a remedy for runCommand",
      "apply startFirst",
      { ...runCommand, remedies: ["startFirst"] },
    ],
    ["adaptable", "unknown", "a remedy for runCommand", "unknown", { ...runCommand, remedies: ["startFirst"] }],
    ["adaptable", "unknown", "a remedy for a PUT", "apply startFirst", { ...put, remedies: ["startFirst"] }],
    ["transient", "none", "a PUT of a stream", "fail", { ...put, repeatable: false }],
    ["adaptable", "answered", "a remedy for a stream", "fail", { remedies: ["startFirst"], repeatable: false }],
    [
      "indeterminate",
      "unknown",
      "a stream that can be read back",
      "readBack 5000",
      { ...put, readable: true, repeatable: false },
    ],
    ["permanent", "answered", "a PUT", "fail", put],
    ["permanent", "none", "all one could wish for", "fail", { ...put, readable: true, remedies: ["registerProvider"] }],
    ["permanent", "unknown", "a GET", "fail", { method: "GET" }],
  ])("%s, execution %s, %s: %s", (disposition, execution, _, expected, situation) => {
    expect(brief(decide(known({ disposition, execution }), { ...exact, ...situation }))).toBe(expected);
  });

  it.each<Category>(["throttling", "conflict"])(
    "%s is turned away at the door: even runCommand is sent again",
    (category) => {
      expect(decide(known({ disposition: "transient", category }), runCommand).action).toBe("retry");
      // Unless nobody knows whether it got as far as the door.
      expect(brief(decide(known({ disposition: "transient", category, execution: "unknown" }), runCommand))).toBe(
        "unknown",
      );
    },
  );
});

describe("how long to wait", () => {
  it.each<[string, Partial<Known>, Situation, number]>([
    ["as the service asks", { retryAfterMs: 7_000 }, {}, 7_000],
    ["as it asks, whatever chance says", { retryAfterMs: 7_000 }, { random: 0.99 }, 7_000],
    ["a whole number of milliseconds", { retryAfterMs: 1_500.4 }, {}, 1_501],
    ["the category's backoff", { category: "conflict" }, {}, 5_000],
    ["doubled with each attempt", { category: "conflict" }, { attempt: 3 }, 20_000],
    ["up to its cap", { category: "conflict" }, { attempt: 9, retries: 0 }, 60_000],
    ["spread downwards by chance", { category: "conflict" }, { random: 0.5 }, 3_750],
    ["what the rule knows", { usualWaitMs: 180_000 }, {}, 180_000],
    ["what the rule knows, spread upwards", { usualWaitMs: 180_000 }, { random: 0.5 }, 189_000],
    ["nothing the first time that nothing is asked", { retryAfterMs: 0 }, {}, 0],
    ["half a second the second time", { retryAfterMs: 0 }, { attempt: 2 }, 500],
    ["more each time: no hot loop", { retryAfterMs: 0 }, { attempt: 5, retries: 0 }, 4_000],
    ["no less than a short hint", { retryAfterMs: 900 }, { attempt: 2 }, 900],
  ])("%s", (_, failure, situation, delayMs) => {
    const decision = decide(known({ disposition: "transient", ...failure }), { ...exact, ...situation });
    expect(brief(decision)).toBe(`retry ${delayMs}`);
  });

  it("a reading does not wait as long as the service would have a write wait", () => {
    const failure = known({ disposition: "indeterminate", retryAfterMs: 60_000 });
    expect(brief(decide(failure, { ...put, readable: true }))).toBe("readBack 5000");
    expect(brief(decide({ ...failure, retryAfterMs: 2_000 }, { ...put, readable: true }))).toBe("readBack 2000");
  });
});

describe("budgets", () => {
  const failure = known({ disposition: "transient" });
  it.each<[string, Known, Situation, string, string]>([
    ["retries are used up", failure, { attempt: 9 }, "fail", "transient, but 8 retries are used up"],
    ["one retry is used up", failure, { attempt: 2, maxRetries: 1 }, "fail", "transient, but 1 retry is used up"],
    ["no retry is allowed", failure, { maxRetries: 0 }, "fail", "transient, but 0 retries are used up"],
    [
      "retries are counted apart from sends",
      failure,
      { attempt: 30, retries: 7 },
      "retry 60000",
      "transient: again in 60 s, platform backoff",
    ],
    [
      "throttling is not counted",
      { ...failure, category: "throttling" },
      { attempt: 99 },
      "retry 60000",
      "transient: again in 60 s, throttling backoff",
    ],
    [
      "the allowance is used up",
      failure,
      { allowance: false },
      "fail",
      "transient, but too many calls are failing: the shared retry allowance is used up",
    ],
    [
      "throttling is not charged",
      { ...failure, category: "throttling" },
      { allowance: false },
      "retry 2000",
      "transient: again in 2 s, throttling backoff",
    ],
    [
      "time is used up",
      failure,
      { elapsedMs: 30 * 60_000 },
      "fail",
      "transient, but the wait of 1 s would pass the budget of 30 min",
    ],
    [
      "the wait would outlast the time",
      { ...failure, retryAfterMs: 10_000 },
      { elapsedMs: 51_000, maxElapsedMs: 60_000 },
      "fail",
      "transient, but the wait of 10 s would pass the budget of 60 s",
    ],
    [
      "the wait just fits the time",
      { ...failure, retryAfterMs: 9_000 },
      { elapsedMs: 51_000, maxElapsedMs: 60_000 },
      "retry 9000",
      "transient: again in 9 s, as the service asked",
    ],
    [
      "the wait would pass the deadline",
      { ...failure, retryAfterMs: 3_000 },
      { remainingMs: 3_000 },
      "fail",
      "transient, but the wait of 3 s would pass the deadline in 3 s",
    ],
    [
      "the wait ends before the deadline",
      { ...failure, retryAfterMs: 3_000 },
      { remainingMs: 3_001 },
      "retry 3000",
      "transient: again in 3 s, as the service asked",
    ],
    [
      "the deadline has passed",
      failure,
      { remainingMs: -5_000 },
      "fail",
      "transient, but the wait of 1 s would pass the deadline in 0 ms",
    ],
    [
      "no time for a remedy",
      { disposition: "adaptable" },
      { remedies: ["startFirst"], elapsedMs: 30 * 60_000 },
      "fail",
      "adaptable: no time left for the remedy startFirst",
    ],
    [
      "a deadline that has passed before a remedy",
      { disposition: "adaptable" },
      { remedies: ["startFirst"], remainingMs: 0 },
      "fail",
      "adaptable: no time left for the remedy startFirst",
    ],
    [
      "no time for a reading",
      { disposition: "indeterminate" },
      { ...put, readable: true, remainingMs: 4_000 },
      "unknown",
      "indeterminate: outcome unknown, and the wait of 5 s would pass the deadline in 4 s",
    ],
  ])("%s", (_, what, situation, expected, reason) => {
    const decision = decide("remedy" in what ? (what as Diagnosis) : known(what), { ...exact, ...situation });
    expect(brief(decision)).toBe(expected);
    expect(decision.reason).toBe(reason);
  });

  it("what fails for now says when to come back, what fails for good does not", () => {
    const later = (disposition: Disposition, situation: Situation, more: Partial<Known> = {}): number | undefined => {
      const decision = decide(known({ disposition, ...more }), { ...exact, ...situation });
      return decision.action === "fail" ? decision.retryAfterMs : NaN;
    };
    expect(later("transient", { maxRetries: 0 })).toBe(1_000);
    expect(later("transient", { remainingMs: 5 }, { retryAfterMs: 90_000 })).toBe(90_000);
    expect(later("transient", { allowance: false }, { category: "conflict" })).toBe(5_000);
    expect(later("permanent", {})).toBeUndefined();
    expect(later("adaptable", {})).toBeUndefined();
  });
});

describe("a name that does not resolve", () => {
  const unresolved = diagnose(
    Object.assign(new Error("getaddrinfo ENOTFOUND plums.example"), { code: "ENOTFOUND", syscall: "getaddrinfo" }),
  );

  it.each<[string, Situation, string]>([
    ["of a host that answered before is asked for again", { attempt: 7, hostAnswered: true }, "retry"],
    ["of which nothing is known is asked for again", { attempt: 7 }, "retry"],
    ["that never answered is asked for as often as the SDK does", { attempt: 3, hostAnswered: false }, "retry"],
    ["that never answered is given up then", { attempt: 4, hostAnswered: false }, "fail"],
  ])("%s", (_, situation, action) => {
    expect(decide(unresolved, { ...put, ...situation }).action).toBe(action);
  });

  it("says why, and does not ask to come back", () => {
    expect(decide(unresolved, { ...put, attempt: 4, hostAnswered: false })).toEqual({
      action: "fail",
      outcome: "failed",
      reason: "transient, but no host of this name has ever answered: it is probably misspelt",
    });
  });

  it("is like any other trouble of the network where the host does answer", () => {
    const reset = diagnose(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
    expect(decide(reset, { ...put, attempt: 7, hostAnswered: false }).action).toBe("retry");
  });
});

describe("reasons", () => {
  it.each<[Known, Situation, string]>([
    [{ disposition: "permanent" }, {}, "permanent: sending it again would fail again"],
    [
      { disposition: "adaptable" },
      {},
      "adaptable: a changed request would pass, but no remedy can change it automatically",
    ],
    [
      { disposition: "adaptable", automatic: "startFirst" },
      {},
      "adaptable: the remedy startFirst would help, but it is not allowed or has already run",
    ],
    [
      { disposition: "adaptable" },
      { remedies: ["startFirst"] },
      "adaptable: the remedy startFirst is allowed and fits",
    ],
    [
      { disposition: "indeterminate" },
      { ...put, readable: true },
      "indeterminate: it may have run or still finish; reading the resource",
    ],
    [
      { disposition: "transient" },
      { ...put, repeatable: false },
      "transient, but the body is a stream and cannot be sent twice",
    ],
    [
      { disposition: "transient" },
      { ...put, repeatable: false, maxRetries: 0 },
      "transient, but 0 retries are used up",
    ],
    [
      { disposition: "transient", execution: "unknown" },
      runCommand,
      "transient: outcome unknown, it may have run; repeating it could run it twice, and its state cannot be read",
    ],
  ])("%o, %o", (what, situation, reason) => {
    expect(decide(known(what), situation).reason).toBe(reason);
  });

  it.each([
    [0, "0 ms"],
    [999, "999 ms"],
    [1_000, "1 s"],
    [1_540, "1.5 s"],
    [119_999, "120 s"],
    [120_000, "2 min"],
    [7_199_999, "120 min"],
    [7_200_000, "2 h"],
    [3_000_000_000, "833.3 h"],
  ])("%i ms is said as %s", (ms, words) => expect(formatDuration(ms)).toBe(words));
});

describe("any failure, any situation", () => {
  const diagnoses = fc.record(
    {
      disposition: fc.constantFrom<Disposition>("transient", "indeterminate", "adaptable", "permanent"),
      category: fc.constantFrom<Category>(
        "throttling",
        "conflict",
        "platform",
        "capacity",
        "network",
        "timeout",
        "other",
      ),
      execution: fc.constantFrom<Execution>("none", "unknown", "answered"),
      retryAfterMs: fc.oneof(fc.nat(5_000), fc.nat(), fc.double({ min: 0, noNaN: true, max: 1e15 })),
      usualWaitMs: fc.nat(600_000),
      automatic: fc.constantFrom("registerProvider", "fallbackSizes"),
    },
    { requiredKeys: ["disposition", "category", "execution"] },
  );
  const situations = fc.record(
    {
      method: fc.constantFrom("GET", "HEAD", "PUT", "PATCH", "DELETE", "POST", "patch", "BREW"),
      url: fc.constantFrom(base, `${base}/start`, `${base}/runCommand`, ""),
      idempotent: fc.boolean(),
      attempt: fc.integer({ min: 1, max: 3_000 }),
      retries: fc.nat(50),
      elapsedMs: fc.nat(4_000_000),
      remainingMs: fc.integer(),
      maxRetries: fc.nat(20),
      maxElapsedMs: fc.nat(4_000_000),
      readable: fc.boolean(),
      remedies: fc.array(fc.constantFrom("registerProvider", "fallbackSizes")),
      allowance: fc.boolean(),
      random: fc.double({ min: 0, max: 0.999, noNaN: true }),
    },
    { requiredKeys: [] },
  );
  const mayRepeat = ({ method = "GET", url = "", idempotent }: Situation): boolean =>
    idempotent ?? (method.toUpperCase() !== "POST" && method !== "BREW" ? true : url.endsWith("/start"));

  it("survives JSON on both sides, with the same decision", () => {
    fc.assert(
      fc.property(diagnoses, situations, (what, situation) => {
        const decision = decide(known(what), situation);
        const again = decide(
          JSON.parse(JSON.stringify(known(what))) as Diagnosis,
          JSON.parse(JSON.stringify(situation)) as Situation,
        );
        expect(again).toEqual(decision);
        expect(JSON.parse(JSON.stringify(decision))).toEqual(decision);
      }),
    );
  });

  it("keeps its promises", () => {
    fc.assert(
      fc.property(diagnoses, situations, (what, loose) => {
        const situation = loose as Situation;
        const decision = decide(known(what), situation);
        expect(decision.reason.length).toBeGreaterThan(0);
        if (what.disposition === "permanent") expect(brief(decision)).toBe("fail");
        if (decision.action === "apply") {
          expect(what.disposition).toBe("adaptable");
          expect(situation.remedies).toContain(decision.remedy);
        }
        if (decision.action === "readBack") expect(situation.readable).toBe(true);
        if (!("delayMs" in decision)) return;
        const { delayMs } = decision;
        expect(Number.isInteger(delayMs) && delayMs >= 0).toBe(true);
        const { elapsedMs = 0, maxElapsedMs = 30 * 60_000, remainingMs = Infinity } = situation;
        expect(elapsedMs + delayMs).toBeLessThanOrEqual(maxElapsedMs);
        expect(delayMs).toBeLessThan(remainingMs);
        if (decision.action !== "retry") return;
        if (what.retryAfterMs !== undefined) expect(delayMs).toBeGreaterThanOrEqual(what.retryAfterMs);
        if (decision.counts) {
          expect(situation.retries ?? (situation.attempt ?? 1) - 1).toBeLessThan(situation.maxRetries ?? 8);
          expect(situation.allowance ?? true).toBe(true);
        }
        if (what.execution === "unknown" && what.disposition === "transient") expect(mayRepeat(situation)).toBe(true);
      }),
    );
  });
});

describe("with a real diagnosis", () => {
  it("an orchestrator may keep it as JSON and decide again on replay", () => {
    const diagnosis = diagnose({
      status: 409,
      bodyAsText: '{"error":{"code":"AnotherOperationInProgress","message":"m"}}',
    });
    const kept = JSON.parse(JSON.stringify(diagnosis)) as Diagnosis;
    expect(kept).toEqual(diagnosis);
    expect(decide(kept, { ...put, ...exact })).toEqual({
      action: "retry",
      delayMs: 5_000,
      counts: true,
      reason: "transient: again in 5 s, conflict backoff",
    });
  });
});

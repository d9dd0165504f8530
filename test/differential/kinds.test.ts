/** The kinds of differences that were found: one wire for each, written out, and what ours makes of it. */
import { afterAll, describe, expect, it } from "vitest";
import { contest, type Round } from "./contest.js";
import { leaveVirtualTime, type Play } from "./play.js";
import type { Answer, Fault, RetryAfter, Wire } from "./wire.js";

afterAll(leaveVirtualTime);

const quiet: Wire = {
  seed: 1,
  client: "compute22",
  call: "get",
  install: "withRemedy",
  existed: true,
  power: "running",
  follow: "azureAsync",
  ends: [],
  pollRetryAfter: undefined,
  style: "wait",
  updateIntervalMs: undefined,
  timeoutMs: undefined,
  moves: false,
  runningWord: "InProgress",
  finalStatus: 200,
  quirk: "none",
  faults: { first: [], poll: [], read: [] },
  abortAtMs: undefined,
  latencyMs: 0,
};

const seconds = (value: number): RetryAfter => ({ form: "seconds", value: String(value) });

function fault(status: number, code: string, more: Partial<Answer> & { executed?: boolean } = {}): Fault {
  const { executed = false, ...rest } = more;
  const body = JSON.stringify({ error: { code, message: `${code} it is.` } });
  return { how: "answer", answer: { status, body, contentType: "application/json", ...rest }, executed, delayMs: 0 };
}

const lost = (executed: boolean): Fault => ({ how: "reset", code: "ECONNRESET", executed, delayMs: 0 });

const play = async (wire: Partial<Wire>, faults: Partial<Wire["faults"]>): Promise<Round> =>
  (await contest()).playWire({ ...quiet, ...wire, faults: { ...quiet.faults, ...faults } });

const worseIn = ({ findings }: Round): string[] =>
  findings.filter(({ verdict }) => verdict === "worse").map(({ kind, detail }) => `${kind} ${detail}`);

function outcomeOf({ outcome }: Play): string {
  return outcome.how === "rejected" ? String(outcome.error.outcome) : outcome.how;
}

describe("what the SDK sends again is sent again", () => {
  it.each<[string, Partial<Wire>, Fault[], Play["outcome"]["how"]]>([
    ["a permanent code in a 502", {}, [fault(502, "AuthorizationFailed")], "resolved"],
    ["one that a remedy would help in a 503", {}, [fault(503, "AllocationFailed")], "resolved"],
    [
      "a lock in a 429 that says when to come back",
      {},
      [fault(429, "ScopeLocked", { retryAfter: seconds(1) })],
      "resolved",
    ],
    ["a 507 to a create", { call: "createOrUpdate", existed: false }, [fault(507, "InsufficientStorage")], "resolved"],
    ["a 408 to a delete", { call: "delete", client: "resources" }, [fault(408, "RequestTimeout")], "resolved"],
    ["no more than by the SDK", {}, Array.from({ length: 4 }, () => fault(500, "InvalidParameter")), "rejected"],
  ])("%s", async (_, wire, first, how) => {
    const round = await play(wire, { first });
    expect(worseIn(round)).toEqual([]);
    expect(round.other.outcome.how).toBe(how);
    expect(round.other.elapsedMs).toBeLessThan(10_000);
  });
});

describe("a call that is turned away is not kept waiting longer than it was told", () => {
  const empty = { "x-ms-ratelimit-remaining-resource": "Microsoft.Compute/HighCostGet3Min;0" };

  it.each<[string, Partial<Wire>, Fault[], number]>([
    [
      "Retry-After: 0, three times",
      {},
      Array.from({ length: 3 }, () => fault(429, "TooManyRequests", { retryAfter: seconds(0) })),
      4_000,
    ],
    [
      "pages after a throttled first one",
      { call: "list" },
      [fault(429, "TooManyRequests", { retryAfter: seconds(1) })],
      4_000,
    ],
    [
      "an empty bucket and Retry-After: 1",
      {},
      [fault(429, "RetryableError", { retryAfter: seconds(1), headers: empty })],
      2_000,
    ],
    ["504s take as long as with the SDK", {}, Array.from({ length: 3 }, () => fault(504, "GatewayTimeout")), 8_000],
  ])("%s", async (_, wire, first, mostMs) => {
    const round = await play(wire, { first });
    expect(round.other.outcome.how).toBe("resolved");
    expect(round.other.elapsedMs).toBeLessThan(mostMs);
  });

  it("a look at a busy resource is part of the wait, however long it takes", async () => {
    const round = await play(
      { client: "network", call: "update" },
      {
        first: [fault(429, "RetryableError", { retryAfter: seconds(4) })],
        read: [{ how: "honest", delayMs: 30_000 }],
      },
    );
    expect(round.other.outcome.how).toBe("resolved");
    expect(round.other.elapsedMs).toBeLessThan(6_000);
  });
});

describe("what is not known is not told", () => {
  const notFound = fault(404, "ResourceNotFound");

  it("failed, of a machine that a replica does not know yet", async () => {
    const round = await play({ call: "update" }, { poll: [notFound], read: [notFound, notFound] });
    expect(worseIn(round)).toEqual([]);
    expect(round.other.outcome.how).toBe("resolved");
  });

  it("failed, of one that nobody finds", async () => {
    const read = Array.from({ length: 9 }, () => notFound);
    const round = await play({ call: "update", ends: [succeedsIn(600_000)] }, { poll: [notFound], read });
    expect(outcomeOf(round.other)).toBe("unknown");
  });

  it("done, of an update that was canceled while nobody could look", async () => {
    const ends = [{ status: "Canceled", error: undefined, durationMs: 10_000 }] as const;
    const read = Array.from({ length: 6 }, () => fault(500, "InternalServerError"));
    const round = await play({ call: "createOrUpdate", follow: "body", ends }, { read });
    expect(outcomeOf(round.other)).toBe("unknown");
  });

  it("failed, where the reply to an earlier send was lost and a later one was canceled", async () => {
    const ends = [succeedsIn(0), { status: "Canceled", error: undefined, durationMs: 60_000 }] as const;
    const round = await play({ call: "update", ends }, { first: [lost(true)] });
    expect(outcomeOf(round.other)).toBe("unknown");
  });

  it("failed, for a Location that keeps answering 500", async () => {
    const poll = Array.from({ length: 30 }, () => fault(500, "InvalidParameter"));
    const round = await play({ call: "restart", follow: "location", ends: [succeedsIn(60_000)] }, { poll });
    expect(outcomeOf(round.other)).toBe("unknown");
    expect(round.other.executions).toBe(1);
  });

  const succeedsIn = (durationMs: number): Wire["ends"][number] => ({
    status: "Succeeded",
    error: undefined,
    durationMs,
  });
});

it("all submissions of a call have one correlation id: the one that Azure gave to the first", async () => {
  const error = JSON.stringify({ code: "InternalExecutionError", message: "An internal execution error occurred." });
  const ends = [{ status: "Failed", error, durationMs: 1_000 }] as const;
  const round = await play({ call: "createOrUpdate", ends }, {});
  expect(round.other.outcome.how).toBe("resolved");
  const puts = round.other.exchanges.filter(({ method }) => method === "PUT");
  expect(puts.map(({ headers }) => headers["x-ms-correlation-request-id"])).toEqual([undefined, "c-1"]);
});

it("an error body that is a JSON text is given as the SDK gives it", async () => {
  const round = await play({ call: "runCommand" }, { first: [fault(409, "", { body: '"busy"' })] });
  expect(worseIn(round)).toEqual([]);
  expect(round.other.outcome).toMatchObject({ error: { response: { parsedBody: "busy" } } });
});

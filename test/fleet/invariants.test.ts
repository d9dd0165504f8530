/** What holds for every run, whatever its source, its function and its end are. */
import { runFleet, type FleetProgress, type FleetResult, type JournalStore } from "azure-remedy/fleet";
import { describe, expect, it } from "vitest";
import fc from "../support/properties.js";
import { memoryJournal } from "./memory-journal.js";

/** What the function does for an item. */
type Deed = "returns" | "returns later" | "throws" | "rejects" | "rejects with nothing" | "waits for the end";

interface Plan {
  readonly deeds: readonly Deed[];
  /** Some items have the name of an earlier one. */
  readonly twins: readonly boolean[];
  readonly source: "list" | "iterable" | "async iterable";
  readonly concurrency: number | undefined;
  /** The run is ended after so many results, by a signal or by `break`; undefined for never. */
  readonly endAfter: number | undefined;
  readonly endBy: "signal" | "break";
}

interface Item {
  readonly id: string;
  readonly deed: Deed;
}

const endless = "waits for the end";
const plan: fc.Arbitrary<Plan> = fc
  .record({
    deeds: fc.array(
      fc.constantFrom<Deed>("returns", "returns later", "throws", "rejects", "rejects with nothing", endless),
      { maxLength: 25 },
    ),
    twins: fc.array(fc.boolean(), { minLength: 25, maxLength: 25 }),
    source: fc.constantFrom<Plan["source"]>("list", "iterable", "async iterable"),
    concurrency: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
    endAfter: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
    endBy: fc.constantFrom<Plan["endBy"]>("signal", "break"),
  })
  // What waits for the end needs one.
  .map((drawn) =>
    drawn.endAfter === undefined
      ? { ...drawn, deeds: drawn.deeds.map((deed) => (deed === endless ? "returns" : deed)) }
      : drawn,
  );

const itemsOf = ({ deeds, twins }: Plan): Item[] =>
  deeds.map((deed, index) => ({ id: `vm-${twins[index] && index > 0 ? index - 1 : index}`, deed }));

function sourceOf({ source }: Plan, items: readonly Item[]): Iterable<Item> | AsyncIterable<Item> {
  if (source === "list") return items;
  if (source === "iterable") return new Set(items);
  return (async function* (): AsyncGenerator<Item> {
    for (const item of items) {
      await Promise.resolve();
      yield item;
    }
  })();
}

interface Played {
  readonly results: readonly FleetResult<Item, string>[];
  readonly calls: readonly string[];
  readonly progress: readonly FleetProgress[];
  readonly mostAtOnce: number;
  readonly callsAfterEnd: number;
  readonly summary: Awaited<ReturnType<typeof runFleet>["summary"]>;
}

async function play(plan: Plan, journal?: JournalStore): Promise<Played> {
  const ending = new AbortController();
  const calls: string[] = [];
  const progress: FleetProgress[] = [];
  const results: FleetResult<Item, string>[] = [];
  const now = { running: 0, most: 0, isOver: false, callsAfterEnd: 0 };
  const work = async ({ id, deed }: Item, signal: AbortSignal): Promise<string> => {
    if (deed === "rejects") throw new Error("no");
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- what a caller's code may do
    if (deed === "rejects with nothing") throw undefined;
    if (deed === "returns later") await new Promise((resolve) => setImmediate(resolve));
    if (deed === endless && !signal.aborted)
      await new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(Object.assign(new Error("ended"), { name: "AbortError" }))),
      );
    return id;
  };
  const run = runFleet(
    sourceOf(plan, itemsOf(plan)),
    (item, { signal, key }) => {
      calls.push(key);
      now.callsAfterEnd += now.isOver ? 1 : 0;
      if (item.deed === "throws") throw new TypeError("at once");
      now.most = Math.max(now.most, ++now.running);
      return work(item, signal).finally(() => (now.running -= 1));
    },
    {
      signal: ending.signal,
      onProgress: (seen) => progress.push(seen),
      ...(plan.concurrency !== undefined && { concurrency: plan.concurrency }),
      ...(journal && { journal, run: "one" }),
    },
  );
  const end = (): void => {
    now.isOver = true;
    ending.abort();
  };
  if (plan.endAfter === 0) end();
  // Where everything waits for the end, no result comes before it.
  const alarm = setTimeout(end, plan.endAfter === undefined ? 10_000 : 20);
  for await (const result of run) {
    results.push(result);
    if (results.length !== plan.endAfter) continue;
    if (plan.endBy === "break") {
      now.isOver = true;
      break;
    }
    end();
  }
  const summary = await run.summary;
  clearTimeout(alarm);
  return { results, calls, progress, summary, mostAtOnce: now.most, callsAfterEnd: now.callsAfterEnd };
}

const statusesOf = (results: Played["results"], status: string): string[] =>
  results.filter((result) => result.status === status).map(({ key }) => key);

describe("every run", () => {
  it("gives one result for each item, counts them, and keeps to its limits", async () => {
    await fc.assert(
      fc.asyncProperty(plan, async (drawn) => {
        const { results, calls, progress, summary, mostAtOnce, callsAfterEnd } = await play(drawn);
        const { causes, ...counts } = summary;
        const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
        const items = itemsOf(drawn);
        const wasEnded = drawn.endAfter !== undefined && (drawn.endAfter === 0 || results.length >= drawn.endAfter);
        if (drawn.source === "list" || !wasEnded) expect(total).toBe(items.length);
        if (drawn.endBy !== "break") expect(results).toHaveLength(total);
        expect(new Set(results.map(({ item }) => item)).size).toBe(results.length);
        expect(new Set(calls).size).toBe(calls.length);
        expect(callsAfterEnd).toBe(0);
        if (drawn.concurrency !== undefined) expect(mostAtOnce).toBeLessThanOrEqual(drawn.concurrency);
        expect(causes.reduce((sum, { count }) => sum + count, 0)).toBe(counts.failed + counts.unknown);
        expect(progress).toHaveLength(total);
        for (const { known, running, causes: _, ...seen } of progress) {
          const done = Object.values(seen).reduce((sum, count) => sum + count, 0);
          expect(done + running).toBeLessThanOrEqual(known);
          expect(known).toBeLessThanOrEqual(items.length);
        }
        for (const { status, value, error, ...result } of results) {
          expect(status === "succeeded" ? value : undefined).toBe(value);
          if (status === "succeeded") expect(value).toBe(result.key);
          if (status === "notStarted" || status === "skipped") expect(error).toBeUndefined();
        }
      }),
      { numRuns: 150 },
    );
  });

  it("skips what succeeded under the same name, and runs everything else again", async () => {
    await fc.assert(
      fc.asyncProperty(plan, async (drawn) => {
        const journal = memoryJournal();
        const first = await play({ ...drawn, source: "list", endBy: "signal" }, journal);
        const second = await play(
          { ...drawn, source: "list", endAfter: undefined, deeds: drawn.deeds.map(() => "returns") },
          journal,
        );
        const done = statusesOf(first.results, "succeeded");
        expect(statusesOf(second.results, "skipped").sort()).toEqual(done.sort());
        expect(second.calls.filter((key) => done.includes(key))).toEqual([]);
        const names = new Set(itemsOf(drawn).map(({ id }) => id));
        expect(second.summary.succeeded + second.summary.skipped).toBe(names.size);
      }),
      { numRuns: 60 },
    );
  });
});

it("holds ten thousand items, and as many failures of one reason, in seconds and little memory", async () => {
  const items = Array.from({ length: 10_000 }, (_, index) => `vm-${index}`);
  const before = process.memoryUsage().heapUsed;
  let last: FleetProgress | undefined;
  const run = runFleet(
    items,
    async (name) => {
      await Promise.resolve();
      throw new Error(`no room for ${name}`);
    },
    { onProgress: (progress) => (last = progress) },
  );
  const { failed, causes } = await run.summary;
  expect([failed, last?.failed, causes.reduce((sum, { count }) => sum + count, 0)]).toEqual([10_000, 10_000, 10_000]);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(300_000_000);
}, 60_000);

/** The documented limits are in one place; the emulator, the benches and the page on options state the same numbers. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { reads, writes } from "../../bench/throttle/scenarios.js";
import { defaultBuckets } from "../../src/emulator/throttling.js";
import { documentedLimits } from "../../src/throttle/limits.js";

const page = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");
const perSecond = ({ capacity, refill }: { capacity: number; refill: number }) => ({ capacity, refill });

describe("the documented limits", () => {
  const { read, write, delete: deletion } = documentedLimits;

  it("are refilled each second", () => {
    expect(Object.values(documentedLimits).map(({ periodMs }) => periodMs)).toEqual([1_000, 1_000, 1_000]);
  });

  it("are those that the emulator enforces", () => {
    expect(defaultBuckets).toEqual({
      reads: perSecond(read),
      writes: perSecond(write),
      deletes: perSecond(deletion),
    });
  });

  it("are those that the benches play against", () => {
    expect(perSecond(reads)).toEqual(perSecond(read));
    expect(perSecond(writes)).toEqual(perSecond(write));
  });

  it("stand on the page on options", () => {
    const text = page("options.md").replaceAll(/\s+/g, " ");
    expect(text).toContain(
      `reads ${read.capacity} with ${read.refill} more each second, writes and deletes ${write.capacity} with ${write.refill} more each second`,
    );
    expect(deletion).toEqual(write);
  });

  it("are in the example of the page on throttling", () => {
    expect(page("throttling.md")).toContain(`: ${read.capacity - 1} of ${read.capacity}`);
  });
});

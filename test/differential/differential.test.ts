/** Random wires, played to the SDK as it ships and to the same client with ours: never worse. A million by hand: `npm run differential`. */
import { afterAll, expect, it } from "vitest";
import { contest } from "./contest.js";
import { leaveVirtualTime } from "./play.js";
import { Tally } from "./tally.js";

const wires = 2_000;

/** Differences that are known and not mended yet. This list only gets shorter. */
const known = new Set([
  "the caller's policy sees a throw",
  "an answer is thrown",
  "waits much longer",
  "rejects what the SDK resolves",
]);

afterAll(leaveVirtualTime);

it("is never worse than the SDK alone", { timeout: 120_000 }, async () => {
  const { findings } = await contest();
  const tally = new Tally();
  const unknown: string[] = [];
  for (let seed = 1; seed <= wires; seed++) {
    const found = await findings(seed);
    tally.add(seed, found);
    for (const { verdict, kind, detail } of found) {
      if (verdict === "worse" && !known.has(kind))
        unknown.push(`${kind}: npm run differential -- --seed ${seed} (${detail})`);
    }
  }
  expect(unknown, tally.print()).toEqual([]);
});

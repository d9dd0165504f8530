/** Random wires, played to the SDK as it ships and to the same client with ours: never worse. A million by hand: `npm run differential`. */
import { afterAll, expect, it } from "vitest";
import { contest } from "./contest.js";
import { leaveVirtualTime } from "./play.js";
import { Tally } from "./tally.js";

const wires = 2_000;

afterAll(leaveVirtualTime);

it("is never worse than the SDK alone", { timeout: 120_000 }, async () => {
  const { findings } = await contest();
  const tally = new Tally();
  const found: string[] = [];
  for (let seed = 1; seed <= wires; seed++) {
    const list = await findings(seed);
    tally.add(seed, list);
    for (const { verdict, kind, detail } of list) {
      if (verdict === "worse") found.push(`${kind}: npm run differential -- --seed ${seed} (${detail})`);
    }
  }
  expect(found, tally.print()).toEqual([]);
});

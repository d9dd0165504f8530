/** A process that is killed, and one that goes on from its journal: the small form of `npm run bench:fleet`. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { judge } from "../../bench/fleet/judge.js";
import { Stage } from "../../bench/fleet/play.js";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
}, 60_000);
afterAll(() => stage.close());

it.concurrent.each([1, 20, 38])(
  "of 40 machines, killed after %i: every machine is what the table says, and no script ran twice",
  async (killAfter) => {
    const played = await stage.play({ script: "night-with-remedy", machines: 40, faults: 0.05, killAfter, speed: 20 });
    expect(judge(played)).toMatchObject({ untrue: [], ranTwice: [] });
    expect(played.statuses.size).toBe(40);
    // What was given out had been written down.
    const done = [...played.statusesBefore].filter(([, status]) => status === "succeeded").map(([name]) => name);
    expect(done.filter((name) => played.statuses.get(name) !== "skipped")).toEqual([]);
  },
  120_000,
);

/** Plays a range of wires and sends the tally. */
import { contest, type ContestOptions } from "./contest.js";
import { Tally } from "./tally.js";

const { first, count, ...options } = JSON.parse(process.argv[2] ?? "{}") as {
  first: number;
  count: number;
} & ContestOptions;
// Thousands of errors are made, and nobody reads where.
Error.stackTraceLimit = 0;
const tally = new Tally();
const play = await contest(options);
for (let seed = first; seed < first + count; seed++) tally.add(seed, await play.findings(seed));
process.send?.(tally.toJSON(), () => process.exit(0));

/**
 * The throttle beside what people use instead: `npm run bench:throttle`. First in virtual time against a simulated bucket,
 * every strategy in the same run; then polls; then the price of an admission; last real processes against a real server,
 * with and without a real Redis.
 *
 * `npm run bench:throttle -- simulated` (or `polls`, `price`, `processes`) runs one part alone, `quick` takes fewer seeds.
 */
import { measureAdmission } from "./admission-cost.js";
import { printPolls } from "./polls.js";
import { printProcesses } from "./processes/main.js";
import { printSimulated } from "./simulated.js";

const asked = process.argv.slice(2);
const isQuick = asked.includes("quick");
const seeds = Array.from({ length: isQuick ? 3 : 11 }, (_, index) => index + 1);

const parts: Readonly<Record<string, () => number | Promise<number>>> = {
  simulated: () => printSimulated(seeds),
  polls: () => printPolls(seeds),
  price: measureAdmission,
  processes: printProcesses,
};

const unknown = asked.find((word) => word !== "quick" && !(word in parts));
if (unknown !== undefined)
  throw new RangeError(`There is no part "${unknown}"; there are ${Object.keys(parts).join(", ")}.`);
const chosen = Object.keys(parts).filter((part) => asked.includes(part));
const startedAt = Date.now();
let missed = 0;
for (const [part, run] of Object.entries(parts))
  if (chosen.length === 0 || chosen.includes(part)) missed += await run();
console.log(missed === 0 ? "\nAll targets are met." : `\n${missed} targets are missed.`);
console.log(`It took ${((Date.now() - startedAt) / 1_000).toFixed(0)} s.`);

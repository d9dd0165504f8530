/**
 * Two hundred creates on a bad night: the SDK as it ships, the loop that people write around it, and azure-remedy, each
 * against an emulator of its own with the same troubles; then a million operations, and what they
 * leave behind. `npm run bench:operations`; a number after `--` draws other troubles.
 */
import { contestants } from "./contestants.js";
import { printNothingLeft } from "./nothing-left.js";
import { atATime, pace, race, writes, type Result } from "./race.js";
import { printResults, printTroubles } from "./table.js";
import { drawMachines, wayOutOf } from "./troubles.js";

const seed = Number(process.argv[2] ?? 1);
if (!Number.isSafeInteger(seed)) throw new RangeError(`The seed must be a whole number, not ${process.argv[2] ?? ""}.`);

const machines = drawMachines(200, seed);
const without = machines.filter(({ troubles }) => troubles.length === 0).length;
const hopeless = machines.filter((machine) => wayOutOf(machine) === "none").length;
const elsewhere = machines.filter((machine) => wayOutOf(machine) === "another size").length;

console.log(`CREATING ${machines.length} VIRTUAL MACHINES, ${atATime} AT A TIME (seed ${seed})`);
console.log(
  [
    `  ${without} meet no trouble of their own. ${machines.length - hopeless} could end well: ${hopeless} ask for what never passes; ${elsewhere} find no room for their size.`,
    `  Real client and sockets, virtual time: a create takes ${pace.durationMs / 1_000} s and is polled every ${pace.retryAfterMs / 1_000} s;`,
    `  the subscription has ${writes.capacity} writes left and gains ${writes.refill} a second.`,
  ].join("\n"),
);

const results = new Map<string, Result>();
for (const contestant of contestants) results.set(contestant.name, await race(contestant, machines, seed));
printResults(results, machines.length - hopeless);
printTroubles(results, machines);

await printNothingLeft();

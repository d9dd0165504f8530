/**
 * The throttle beside what people use instead: `npm run bench:throttle`. First in virtual time against a simulated bucket,
 * every strategy in the same run; then polls; then real processes against a real server, with and without a real Redis;
 * last the price of an admission. `npm run bench:throttle -- quick` takes fewer seeds and leaves out the real processes.
 */
import { measureAdmission } from "./admission-cost.js";
import { printPolls } from "./polls.js";
import { run, type Scenario, type Strategy } from "./scenario.js";
import { furtherScenarios, mainScenarios, sharedScenarios } from "./scenarios.js";
import { awsAdaptive } from "./strategies/aws-adaptive.js";
import { azureDefault } from "./strategies/azure-default.js";
import { cockatielAlone, pRetryAlone } from "./strategies/general-retry.js";
import { withSharedStore } from "./strategies/shared-throttle.js";
import { ownMirrors } from "./strategies/throttle.js";
import { printHeading, printOutcome, printScenario } from "./table.js";

const isQuick = process.argv.includes("quick");
const seeds = Array.from({ length: isQuick ? 3 : 11 }, (_, index) => index + 1);
const peerSeeds = seeds.slice(0, 3);

const peers: readonly Strategy[] = [
  azureDefault("Azure SDK default (3 retries)"),
  awsAdaptive("AWS adaptive (3 attempts)", 3),
  awsAdaptive("AWS adaptive, any attempts", 1_000),
  pRetryAlone,
  cockatielAlone,
];

let failures = 0;

async function compare(scenario: Scenario, ours: Strategy, others: readonly Strategy[]): Promise<void> {
  printScenario(scenario);
  const outcomes = [];
  for (const seed of seeds) outcomes.push(await run(scenario, ours, seed));
  if (!printOutcome(ours, scenario, outcomes, scenario.target)) failures++;
  for (const other of others) {
    const theirs = [];
    for (const seed of peerSeeds) theirs.push(await run(scenario, other, seed));
    printOutcome(other, scenario, theirs, undefined);
  }
}

printHeading("SIMULATED BUCKET, NO CHANNEL BETWEEN PROCESSES (200 + 10/s in steps of a second unless said; medians)");
for (const scenario of mainScenarios) await compare(scenario, ownMirrors, peers);

printHeading("WHAT ELSE A SERVICE MAY DO, NO CHANNEL");
for (const scenario of furtherScenarios) await compare(scenario, ownMirrors, []);

let roundTrips = 0;
const shared = withSharedStore(() => roundTrips++);
printHeading("WITH A STORE THAT THE PROCESSES SHARE");
for (const scenario of sharedScenarios) {
  roundTrips = 0;
  await compare(scenario, shared, []);
  console.log(`  ${(roundTrips / (seeds.length * scenario.calls)).toFixed(2)} round trips to the store for each call`);
}

await printPolls(seeds);
if (!isQuick) {
  const { printProcesses } = await import("./processes/main.js");
  await printProcesses();
}
measureAdmission();
console.log(failures === 0 ? "\nAll targets are met." : `\n${failures} targets are missed.`);

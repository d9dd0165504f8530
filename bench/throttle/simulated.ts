/** Every strategy against the simulated bucket, in virtual time, in one run. */
import { run, type Scenario, type Strategy } from "./scenario.js";
import { furtherScenarios, mainScenarios, readScenarios, sharedScenarios } from "./scenarios.js";
import { awsAdaptive } from "./strategies/aws-adaptive.js";
import { azureDefault } from "./strategies/azure-default.js";
import { cockatielAlone, pRetryAlone } from "./strategies/general-retry.js";
import { withSharedStore } from "./strategies/shared-throttle.js";
import { ownEstimates, ownEstimatesReading } from "./strategies/throttle.js";
import { printHeading, printOutcome, printScenario } from "./table.js";

const peers: readonly Strategy[] = [
  azureDefault("Azure SDK default (3 retries)"),
  awsAdaptive("AWS adaptive (3 attempts)", 3),
  awsAdaptive("AWS adaptive, any attempts", 1_000),
  pRetryAlone,
  cockatielAlone,
];
/** Peers are there to be compared with, not to be measured to the last digit. */
const peerSeeds = 3;

/** @returns the number of targets that are missed */
export async function printSimulated(seeds: readonly number[]): Promise<number> {
  let missed = 0;
  const compare = async (scenario: Scenario, ours: Strategy, others: readonly Strategy[]): Promise<void> => {
    printScenario(scenario);
    const outcomes = [];
    for (const seed of seeds) outcomes.push(await run(scenario, ours, seed));
    if (!printOutcome(ours, scenario, outcomes, scenario.target)) missed++;
    for (const other of others) {
      const theirs = [];
      for (const seed of seeds.slice(0, peerSeeds)) theirs.push(await run(scenario, other, seed));
      printOutcome(other, scenario, theirs, undefined);
    }
  };

  printHeading("SIMULATED BUCKET, NO CHANNEL BETWEEN PROCESSES (200 + 10/s in steps of a second unless said; medians)");
  for (const scenario of mainScenarios) await compare(scenario, ownEstimates, peers);

  printHeading("WHAT ELSE A SERVICE MAY DO, NO CHANNEL");
  for (const scenario of furtherScenarios) await compare(scenario, ownEstimates, []);

  printHeading("READS (250 + 25/s), NO CHANNEL");
  for (const scenario of readScenarios) await compare(scenario, ownEstimatesReading, []);

  let roundTrips = 0;
  const shared = withSharedStore(() => roundTrips++);
  printHeading("WITH A STORE THAT THE PROCESSES SHARE");
  for (const scenario of sharedScenarios) {
    roundTrips = 0;
    await compare(scenario, shared, []);
    console.log(
      `  ${(roundTrips / (seeds.length * scenario.calls)).toFixed(2)} round trips to the store for each call`,
    );
  }
  return missed;
}

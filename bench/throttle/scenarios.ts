/** What is measured, with what must be shown. */
import type { Scenario } from "./scenario.js";
import type { ServiceModel } from "./simulated-service.js";

/** Resource Manager's bucket of writes as documented: 200, and 10 more each second. The targets below hold for it. */
export const writes: ServiceModel = {
  capacity: 200,
  refill: 10,
  periodMs: 1_000,
  tellsLevel: true,
  retryAfter: "rounded",
};
/** And of reads: 250, and 25 more each second. */
export const reads: ServiceModel = { ...writes, capacity: 250, refill: 25, counts: "reads" };
/** Compute's for creating VMs: 1,500, and 500 more each minute. */
const computePuts: ServiceModel = {
  ...writes,
  capacity: 1_500,
  refill: 500,
  periodMs: 60_000,
  policy: "Microsoft.Compute/PutVMSubscription",
};
/** Compute's for one VM: 12, and 4 more each minute. */
const oneVm: ServiceModel = { ...computePuts, capacity: 12, refill: 4, policy: "Microsoft.Compute/UpdateVMResource" };

export const calls = 600;

type Counts = Readonly<Record<number, Scenario["target"]>>;

const mainTargets: Counts = {
  1: { ratio: 1.05, rejected: 5 },
  4: { ratio: 1.1, rejected: 20 },
  16: { ratio: 1.1, rejected: 100 },
};

/** The same scenario for several numbers of processes; targets by their number. */
function forProcesses(
  processes: readonly number[],
  scenario: Partial<Scenario> & { readonly name: string },
  targets: Counts = {},
): Scenario[] {
  return processes.map((count) => {
    const target = targets[count];
    return { calls, model: writes, ...scenario, processes: count, ...(target && { target }) };
  });
}

const same = (ratio: number, rejected: number): Counts => ({
  1: { ratio, rejected },
  4: { ratio, rejected },
  16: { ratio, rejected },
});

/** Shown with all peers beside. */
export const mainScenarios: readonly Scenario[] = [
  ...forProcesses([1, 4, 16], { name: "600 calls at once" }, mainTargets),
  ...forProcesses([1, 4, 16], { name: "20 in flight in each process", inFlight: 20 }, mainTargets),
  ...forProcesses([4, 16], { name: "85 % of the load in one process", skew: 0.85 }, same(1.15, 100)),
  ...forProcesses(
    [1, 4, 16],
    { name: "minute steps, 3,000 calls, 100 in flight", calls: 3_000, inFlight: 100, model: computePuts },
    { ...same(1.1, 20), 16: { ratio: 1.1, rejected: 100 } },
  ),
  ...forProcesses([1, 4, 16], { name: "no headers at all", model: { ...writes, tellsLevel: false } }, same(1.15, 60)),
  ...forProcesses(
    [1, 4, 16],
    { name: "5 % random 500 and 503", model: { ...writes, faults: 0.05 } },
    {
      1: { ratio: 1.15, rejected: 5 },
      4: { ratio: 1.15, rejected: 20 },
      16: { ratio: 1.15, rejected: 100 },
    },
  ),
  ...forProcesses(
    [1, 4],
    {
      name: "penalty: early requests renew a 10 s lock",
      spreadMs: 5_000,
      model: { ...writes, retryAfter: "constant", penaltyMs: 10_000 },
    },
    { 1: { ratio: 1.3, rejected: Infinity }, 4: { ratio: 1.3, rejected: Infinity } },
  ),
];

/** Shown for the throttle alone: what else a service may do. */
export const furtherScenarios: readonly Scenario[] = [
  ...(["exact", "constant", "absent", "date", "ms"] as const).flatMap((retryAfter) =>
    forProcesses([1, 4, 16], { name: `Retry-After ${retryAfter}`, model: { ...writes, retryAfter } }, mainTargets),
  ),
  ...forProcesses(
    [1, 4],
    { name: "no headers, no Retry-After", model: { ...writes, tellsLevel: false, retryAfter: "absent" } },
    same(1.15, 60),
  ),
  ...forProcesses(
    [1, 4, 16],
    { name: "3 foreign requests a second", model: { ...writes, foreignPerSecond: 3 } },
    mainTargets,
  ),
  ...forProcesses(
    [1, 4],
    { name: "limit halved after 15 s", model: { ...writes, change: { atMs: 15_000, capacity: 100, refill: 5 } } },
    mainTargets,
  ),
  ...forProcesses(
    [1, 4],
    { name: "limit doubled after 15 s", model: { ...writes, change: { atMs: 15_000, capacity: 400, refill: 20 } } },
    mainTargets,
  ),
  ...forProcesses([1, 4, 16], { name: "30 tokens at the start", model: { ...writes, start: 30 } }, mainTargets),
  ...forProcesses([1, 4], {
    name: "ten times the documented limit, 3,000 calls",
    calls: 3_000,
    model: { ...writes, capacity: 2_000, refill: 100 },
  }),
  ...forProcesses(
    [1, 4],
    { name: "half the documented limit", calls: 300, model: { ...writes, capacity: 100, refill: 5 } },
    mainTargets,
  ),
  ...forProcesses([1, 4], { name: "one VM: 12 updates, 4 a minute", calls: 24, model: oneVm }),
  ...forProcesses([64], { name: "64 processes" }),
  ...forProcesses([16], { name: "3,000 calls", calls: 3_000 }, mainTargets),
  ...forProcesses([16], {
    name: "penalty: early requests renew a 10 s lock",
    spreadMs: 5_000,
    model: { ...writes, retryAfter: "constant", penaltyMs: 10_000 },
  }),
];

/** Most reads from a full bucket are not counted: that must cost nothing when it empties. */
export const readScenarios: readonly Scenario[] = [
  ...forProcesses([1, 4, 16], { name: "1,500 reads at once", calls: 1_500, model: reads }, mainTargets),
  ...forProcesses(
    [1, 4, 16],
    { name: "1,500 reads, 20 in flight", calls: 1_500, inFlight: 20, model: reads },
    mainTargets,
  ),
  ...forProcesses([1, 4], { name: "1,500 reads within two minutes", calls: 1_500, spreadMs: 120_000, model: reads }),
];

const shared = (ratio: number): Counts => ({ 4: { ratio, rejected: 2 }, 16: { ratio, rejected: 2 } });

/** Shown with a store that the processes share. */
export const sharedScenarios: readonly Scenario[] = [
  ...forProcesses([4, 16], { name: "600 calls at once" }, shared(1.05)),
  ...forProcesses([4, 16], { name: "20 in flight in each process", inFlight: 20 }, shared(1.05)),
  ...forProcesses([4, 16], { name: "85 % of the load in one process", skew: 0.85 }, shared(1.15)),
  ...forProcesses(
    [4, 16],
    { name: "minute steps, 3,000 calls, 100 in flight", calls: 3_000, inFlight: 100, model: computePuts },
    same(1.1, 20),
  ),
  ...forProcesses([4, 16], { name: "no headers at all", model: { ...writes, tellsLevel: false } }, same(1.15, 60)),
  ...forProcesses([4, 16], { name: "5 % random 500 and 503", model: { ...writes, faults: 0.05 } }, shared(1.15)),
  ...forProcesses(
    [4, 16],
    {
      name: "penalty: early requests renew a 10 s lock",
      spreadMs: 5_000,
      model: { ...writes, retryAfter: "constant", penaltyMs: 10_000 },
    },
    {
      4: { ratio: 1.3, rejected: Infinity },
      16: { ratio: 1.3, rejected: Infinity },
    },
  ),
  ...forProcesses([4, 16], { name: "3 foreign requests a second", model: { ...writes, foreignPerSecond: 3 } }),
  ...forProcesses([64], { name: "600 calls at once" }),
];

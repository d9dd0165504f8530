/**
 * Many starts of machines in virtual time: each is a POST, counted by the bucket of writes of its subscription, and then
 * polls, counted by its bucket of reads, until the operation has ended. A process makes so many at a time, and the next as
 * soon as it has noticed an end. So what is late to be noticed costs time.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { reads, writes } from "../throttle/scenarios.js";
import { SimulatedService, type ServiceReply } from "../throttle/simulated-service.js";
import { seeded, VirtualTime } from "../throttle/virtual-time.js";
import type { Random } from "../../src/time/clock.js";

export interface ScaleScenario {
  readonly name: string;
  readonly operations: number;
  readonly processes: number;
  readonly subscriptions: number;
  /** Operations that all processes together have under way at a time. Default all of them. */
  readonly inFlight?: number;
}

/** What a client of one process does. */
export interface Client {
  /** Begins an operation. @returns false when the client has given up */
  start(machine: Machine, send: () => Promise<StartReply>): Promise<boolean>;
  /** Looks once whether it has ended. @returns undefined when the client has given up */
  look(machine: Machine, send: () => Promise<LookReply>): Promise<boolean | undefined>;
}

export interface ScaleStrategy {
  readonly name: string;
  /** @param work is given each millisecond that the strategy's own code takes */
  start(time: VirtualTime, random: Random, work: (ms: number) => void): Client;
  /** Operations that one process has under way at a time, whatever the scenario says. */
  readonly inFlight?: number;
}

export interface Machine {
  readonly url: string;
  readonly operationUrl: string;
}
export interface StartReply extends ServiceReply {
  readonly operationUrl: string;
}
export interface LookReply extends ServiceReply {
  readonly ended: boolean;
}

export interface ScaleOutcome {
  /** Operations whose end was noticed. */
  readonly done: number;
  /** Time until the last end was noticed, over the least possible. */
  readonly ratio: number;
  readonly lagP50Ms: number;
  readonly lagP95Ms: number;
  readonly readsEach: number;
  readonly rejected: number;
  /** Heap in use when half of the operations were done, all processes and the simulation together, in MB. */
  readonly heapMb: number;
  /** Time in the strategy's own code, in microseconds for each operation. */
  readonly cpuUs: number;
}

/** One way takes 30 to 70 ms. */
const latencyMs = { least: 30, spread: 40 };
/** The SDK's poller looks so often when the service does not say. */
const pollEveryMs = 2_000;
/** Whoever has not ended after so many times the least possible is cut off. */
const patience = 10;

export async function simulate(scenario: ScaleScenario, strategy: ScaleStrategy, seed: number): Promise<ScaleOutcome> {
  const time = new VirtualTime();
  const random = seeded(seed);
  const regions = Array.from({ length: scenario.subscriptions }, (_, index) => new Subscription(index, random));
  const durations = Array.from({ length: scenario.operations + regions.length }, () => durationMs(random));
  const least = leastPossibleMs(scenario, durations, regions);
  const record = new Record(scenario.operations);
  const network = (): Promise<void> => time.sleep(latencyMs.least + random() * latencyMs.spread);
  let nextIndex = 0;

  const oneOperation = async (client: Client): Promise<void> => {
    const index = nextIndex++;
    const subscription = at(regions, index % regions.length);
    const machine = subscription.machine(index);
    let endsAt = Infinity;
    const begun = await client.start(machine, async () => {
      await network();
      const reply = subscription.writes.request(time.elapsed);
      if (reply.status === 200) endsAt = time.elapsed + at(durations, subscription.next(regions.length));
      await network();
      return { ...reply, operationUrl: machine.operationUrl };
    });
    while (begun) {
      await time.sleep(pollEveryMs);
      const found = await client.look(machine, async () => {
        record.looks++;
        await network();
        const reply = subscription.reads.request(time.elapsed);
        const ended = reply.status === 200 && time.elapsed >= endsAt;
        if (ended) record.lags.push(time.elapsed - endsAt);
        await network();
        return { ...reply, ended };
      });
      if (found === undefined) break;
      if (found) {
        record.ended(time.elapsed);
        return;
      }
    }
    record.lost(time.elapsed);
  };

  const inFlight = scenario.inFlight ?? scenario.operations;
  for (let process = 0; process < scenario.processes; process++) {
    const client = strategy.start(time, seeded(seed * 100 + process), (ms) => (record.workMs += ms));
    const width = Math.min(strategy.inFlight ?? Infinity, Math.ceil(inFlight / scenario.processes));
    const worker = async (): Promise<void> => {
      while (nextIndex < scenario.operations) await oneOperation(client);
    };
    for (let i = 0; i < width && i < scenario.operations; i++) void worker();
  }
  await time.run(() => record.over === scenario.operations, patience * least);
  const rejected = regions.reduce((sum, region) => sum + region.writes.rejected + region.reads.rejected, 0);
  return record.outcome(least, rejected);
}

class Subscription {
  readonly writesPhaseMs: number;
  readonly writes: SimulatedService;
  readonly reads: SimulatedService;
  readonly #id: string;
  #accepted = 0;

  constructor(
    private readonly index: number,
    random: Random,
  ) {
    this.#id = `0b1f6471-1bf0-4dda-aec3-${String(index).padStart(12, "0")}`;
    this.writesPhaseMs = random() * writes.periodMs;
    this.writes = new SimulatedService(writes, this.writesPhaseMs, random);
    this.reads = new SimulatedService(reads, random() * reads.periodMs, random);
  }

  /** The place of the operation that is accepted now, among all of so many subscriptions that take turns. */
  next(subscriptions: number): number {
    return this.#accepted++ * subscriptions + this.index;
  }

  machine(index: number): Machine {
    const root = `https://management.azure.com/subscriptions/${this.#id}`;
    return {
      url: `${root}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm-${index}/start?api-version=2024-07-01`,
      operationUrl: `${root}/providers/Microsoft.Compute/locations/westeurope/operations/${index}?api-version=2024-07-01`,
    };
  }
}

class Record {
  looks = 0;
  over = 0;
  workMs = 0;
  readonly lags: number[] = [];
  #done = 0;
  #lastAt = 0;
  #heap = 0;

  constructor(private readonly operations: number) {}

  ended(at: number): void {
    this.#done++;
    this.over++;
    this.#lastAt = at;
    if (this.over === Math.ceil(this.operations / 2)) this.#heap = usedHeap();
  }

  lost(at: number): void {
    this.over++;
    this.#lastAt = at;
  }

  outcome(leastMs: number, rejected: number): ScaleOutcome {
    const lags = this.lags.sort((one, other) => one - other);
    const at = (part: number): number => lags[Math.min(lags.length - 1, Math.floor(lags.length * part))] ?? NaN;
    return {
      done: this.#done,
      ratio: this.#lastAt / leastMs,
      lagP50Ms: at(0.5),
      lagP95Ms: at(0.95),
      readsEach: this.looks / this.operations,
      rejected,
      heapMb: this.#heap / 2 ** 20,
      cpuUs: (this.workMs * 1_000) / this.operations,
    };
  }
}

/** Log-normal: a median of a minute, two thirds between 44 and 81 seconds. */
function durationMs(random: Random): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return 60_000 * Math.exp(0.3 * normal);
}

/** When the last end could be known if each token were used as it comes, and each end noticed as it happens. */
function leastPossibleMs(
  { operations, inFlight = operations }: ScaleScenario,
  durations: readonly number[],
  subscriptions: readonly Subscription[],
): number {
  const oneWayMs = latencyMs.least + latencyMs.spread / 2;
  const slots: number[] = Array.from({ length: Math.min(inFlight, operations) }, () => 0);
  let last = 0;
  for (let index = 0; index < operations; index++) {
    const { writesPhaseMs } = at(subscriptions, index % subscriptions.length);
    const earlier = Math.floor(index / subscriptions.length);
    const steps = Math.ceil((earlier + 1 - writes.capacity) / writes.refill);
    const tokenAt = steps <= 0 ? 0 : writesPhaseMs + (steps - 1) * writes.periodMs;
    let free = 0;
    for (let slot = 1; slot < slots.length; slot++) if (at(slots, slot) < at(slots, free)) free = slot;
    const arrives = Math.max(tokenAt, at(slots, free) + oneWayMs);
    slots[free] = arrives + at(durations, index) + oneWayMs;
    last = Math.max(last, at(slots, free));
  }
  return last;
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function usedHeap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) throw new RangeError(`there is no item ${index}`);
  return item;
}

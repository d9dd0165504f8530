/** One run: so many calls from so many processes against one bucket, by one strategy, from one seed. */
import { optimum, SimulatedService, waitIn, type ServiceModel, type ServiceReply } from "./simulated-service.js";
import { seeded, VirtualTime } from "./virtual-time.js";
import type { Clock, Random } from "../../src/time/clock.js";

export interface Scenario {
  readonly name: string;
  readonly calls: number;
  readonly processes: number;
  readonly model: ServiceModel;
  /** Calls that a process makes at a time. Default all at once. */
  readonly inFlight?: number;
  /** The part of all calls that the first process makes. Default the same for each. */
  readonly skew?: number;
  /** Calls come at random within this time. Default all at the start. */
  readonly spreadMs?: number;
  /** What must be shown. */
  readonly target?: { readonly ratio: number; readonly rejected: number };
}

/** What a strategy has in a process. */
export interface ProcessContext {
  readonly clock: Clock;
  readonly random: Random;
  /** Sends one request over the network. */
  readonly send: () => Promise<ServiceReply>;
}

export interface Strategy {
  readonly name: string;
  /** The processes of one run; what they share outside the service is set up here. */
  start(time: Clock, random: Random): (context: ProcessContext) => Caller;
}

/** Makes one call, with all its tries. True when it was served. */
export type Caller = () => Promise<boolean>;

export interface Outcome {
  readonly served: number;
  /** It had not ended after 20 times the least possible. */
  readonly cutOff: boolean;
  readonly rejected: number;
  /** Milliseconds until the last call was served, and the same over the least possible. */
  readonly finishedMs: number;
  readonly ratio: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Jain's index over the processes' progress when half of all calls were served: 1 for equal. */
  readonly fairness: number;
  /** Requests sent by a process before the time that its own last rejection had named. */
  readonly sentWhileClosed: number;
}

/** One way takes 30 to 70 ms. */
const latencyMs = { least: 30, spread: 40 };
/** Whoever has not ended after so many times the least possible is cut off, but not where that is only a eventTime. */
const patience = 20;
const shortestPatienceMs = 750_000;

export async function run(scenario: Scenario, strategy: Strategy, seed: number): Promise<Outcome> {
  const time = new VirtualTime();
  const random = seeded(seed);
  const phaseMs = random() * scenario.model.periodMs;
  const service = new SimulatedService(scenario.model, phaseMs, seeded(seed + 1_000));
  const record = new Record(scenario, time);
  const network = (): Promise<void> => time.sleep(latencyMs.least + random() * latencyMs.spread);
  const least = optimum(scenario.model, scenario.calls, phaseMs) + 2 * latencyMs.least + latencyMs.spread;
  await time.inPlaceOfReal(random, async () => {
    const processOf = strategy.start(time, random);
    callsOf(scenario).forEach((calls, process) => {
      const context: ProcessContext = {
        clock: time,
        random: seeded(seed * 100 + process),
        send: async () => {
          record.sent(process);
          await network();
          const reply = service.request(time.elapsed);
          await network();
          record.answered(process, reply);
          return reply;
        },
      };
      startCalls(scenario, time, random, calls, record.measured(process, processOf(context)));
    });
    await time.run(() => record.done, Math.max(patience * least, shortestPatienceMs));
  });
  return record.outcome(service.rejected, least);
}

/** Each process's number of calls. */
function callsOf({ calls, processes, skew }: Scenario): number[] {
  const first = Math.round(calls * (skew ?? 1 / processes));
  const others = Array.from({ length: processes - 1 }, (_, index) => {
    const rest = calls - first;
    return Math.floor(((index + 1) * rest) / (processes - 1)) - Math.floor((index * rest) / (processes - 1));
  });
  return [processes === 1 ? calls : first, ...others];
}

function startCalls(
  scenario: Scenario,
  time: VirtualTime,
  random: Random,
  calls: number,
  call: () => Promise<void>,
): void {
  const { inFlight = calls, spreadMs } = scenario;
  if (spreadMs !== undefined) {
    for (let i = 0; i < calls; i++) time.after(random() * spreadMs, () => void call());
    return;
  }
  let left = calls;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await call();
  };
  for (let i = 0; i < Math.min(inFlight, calls); i++) void worker();
}

class Record {
  #served = 0;
  #ended = 0;
  #lastServedAt = 0;
  #sentWhileClosed = 0;
  #fairness = 1;
  readonly #latencies: number[] = [];
  readonly #servedBy: number[];
  readonly #closedUntil: number[];

  constructor(
    private readonly scenario: Scenario,
    private readonly time: VirtualTime,
  ) {
    this.#servedBy = Array.from({ length: scenario.processes }, () => 0);
    this.#closedUntil = [...this.#servedBy];
  }

  get done(): boolean {
    return this.#ended === this.scenario.calls;
  }

  sent(process: number): void {
    if (this.time.now() < (this.#closedUntil[process] ?? 0)) this.#sentWhileClosed++;
  }

  answered(process: number, { status, headers }: ServiceReply): void {
    const wait = status === 429 ? waitIn(headers, this.time.now()) : undefined;
    if (wait === undefined) return;
    this.#closedUntil[process] = Math.max(this.#closedUntil[process] ?? 0, this.time.now() + Math.floor(wait));
  }

  measured(process: number, call: Caller): () => Promise<void> {
    return async () => {
      const startedAt = this.time.now();
      const served = await call().catch(() => false);
      this.#ended++;
      if (!served) return;
      this.#served++;
      this.#servedBy[process] = (this.#servedBy[process] ?? 0) + 1;
      this.#lastServedAt = this.time.elapsed;
      this.#latencies.push(this.time.now() - startedAt);
      if (this.#served === Math.ceil(this.scenario.calls / 2)) this.#fairness = this.#jain();
    };
  }

  outcome(rejected: number, leastMs: number): Outcome {
    const sorted = this.#latencies.sort((one, other) => one - other);
    const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
    return {
      served: this.#served,
      cutOff: !this.done,
      rejected,
      finishedMs: this.#lastServedAt,
      ratio: this.#lastServedAt / leastMs,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      fairness: this.#fairness,
      sentWhileClosed: this.#sentWhileClosed,
    };
  }

  #jain(): number {
    const calls = callsOf(this.scenario);
    const progress = this.#servedBy.map((served, process) => served / Math.max(1, calls[process] ?? 1));
    const sum = progress.reduce((total, part) => total + part, 0);
    const squares = progress.reduce((total, part) => total + part * part, 0);
    return squares === 0 ? 1 : (sum * sum) / (progress.length * squares);
  }
}

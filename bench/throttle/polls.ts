/**
 * PollSchedule of long-running operations: how late an end is noticed, against the reads that noticing costs. Operations take about
 * a minute each, pollers come back two seconds after each answer as the SDK's do, and all share one bucket of reads.
 */
import { createThrottle } from "../../src/throttle/local-throttle.js";
import type { Throttle } from "../../src/throttle/throttle.js";
import type { Random } from "../../src/time/clock.js";
import { reads } from "./scenarios.js";
import { SimulatedService, waitIn, type ServiceReply } from "./simulated-service.js";
import { median } from "./table.js";
import { seeded, VirtualTime } from "./virtual-time.js";

const oneWayMs = 50;
const pollEveryMs = 2_000;
const startsWithinMs = 10_000;
const subscription = "https://management.azure.com/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590";

export interface PollOutcome {
  readonly meanLagMs: number;
  readonly p95LagMs: number;
  readonly readsEach: number;
  readonly rejected: number;
  readonly lost: number;
}

interface Poller {
  /** A request has begun an operation that can be followed at this URL. */
  began(url: string): Promise<void>;
  /** Looks whether it has ended. Undefined when the look was given up. */
  look(url: string, ask: () => Promise<ServiceReply & { readonly ended: boolean }>): Promise<boolean | undefined>;
}

interface PollStrategy {
  readonly name: string;
  start(time: VirtualTime, random: Random): Poller;
  /** Operations that end before those that are measured begin. */
  readonly before?: number;
}

/** As the SDK does it: what is rejected is tried again three times, then the operation counts as failed. */
const everyTwoSeconds: PollStrategy = {
  name: "every 2 s (SDK)",
  start: (time) => ({
    began: () => Promise.resolve(),
    look: async (_url, ask) => {
      for (let tries = 0; tries < 4; tries++) {
        const { status, headers, ended } = await ask();
        if (status === 200) return ended;
        await time.sleep(waitIn(headers, time.now()) ?? 0);
      }
      return undefined;
    },
  }),
};

const paced: PollStrategy = {
  name: "azure-remedy, first time",
  start: (time, random) => pacedPoller(createThrottle({ clock: time, random }), time),
};
const pacedAgain: PollStrategy = { ...paced, name: "azure-remedy, kind known", before: 64 };

function pacedPoller(throttle: Throttle, time: VirtualTime): Poller {
  const vm = `${subscription}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm`;
  return {
    began: async (url) => {
      const permit = await throttle.admit({ method: "PUT", url: vm, headers: new Map<string, string>() });
      permit.settle({ status: 201, headers: new Map([["azure-asyncoperation", url]]) });
    },
    look: async (url, ask) => {
      for (;;) {
        const permit = await throttle.admit({ method: "GET", url, headers: new Map<string, string>() }, { poll: true });
        const { status, headers, ended } = await ask();
        const retryAfterMs = waitIn(headers, time.now());
        permit.settle({ status, headers: new Map(Object.entries(headers)), retryAfterMs, ended });
        if (status === 200) return ended;
      }
    },
  };
}

async function measure(operations: number, strategy: PollStrategy, seed: number): Promise<PollOutcome> {
  const time = new VirtualTime();
  const random = seeded(seed);
  const service = new SimulatedService(reads, random() * reads.periodMs, random);
  const poller = strategy.start(time, random);
  const { before = 0 } = strategy;
  if (before > 0) await follow(before, 0, time, random, service, poller);
  const rejectedBefore = service.rejected;
  const { lags, asked } = await follow(operations, before, time, random, service, poller);
  lags.sort((one, other) => one - other);
  return {
    meanLagMs: lags.reduce((sum, lag) => sum + lag, 0) / lags.length,
    p95LagMs: lags[Math.floor(lags.length * 0.95)] ?? NaN,
    readsEach: asked / operations,
    rejected: service.rejected - rejectedBefore,
    lost: operations - lags.length,
  };
}

/** Follows so many operations to their ends. */
async function follow(
  operations: number,
  firstIndex: number,
  time: VirtualTime,
  random: Random,
  service: SimulatedService,
  poller: Poller,
): Promise<{ readonly lags: number[]; readonly asked: number }> {
  const lags: number[] = [];
  let asked = 0;
  let over = 0;
  const one = async (url: string, endsAt: number): Promise<void> => {
    await poller.began(url);
    for (;;) {
      await time.sleep(pollEveryMs);
      const found = await poller.look(url, async () => {
        asked++;
        await time.sleep(oneWayMs);
        const reply = service.request(time.elapsed);
        const isOver = time.now() >= endsAt;
        await time.sleep(oneWayMs);
        return { ...reply, ended: reply.status === 200 && isOver };
      });
      if (found === false) continue;
      if (found) lags.push(time.now() - oneWayMs - endsAt);
      over++;
      return;
    }
  };
  for (let index = 0; index < operations; index++) {
    time.after(random() * startsWithinMs, () => {
      void one(operationUrl(firstIndex + index), time.now() + durationMs(random));
    });
  }
  await time.run(() => over === operations);
  return { lags, asked };
}

/** Log-normal: a median of a minute, two thirds between 44 and 81 seconds. */
function durationMs(random: Random): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return 60_000 * Math.exp(0.3 * normal);
}

const operationUrl = (index: number): string =>
  `${subscription}/providers/Microsoft.Compute/locations/westeurope/operations/${index}?api-version=2024-07-01`;

/** One run of ours, for operations of a kind never seen. */
export function measurePolls(operations: number, seed: number): Promise<PollOutcome> {
  return measure(operations, paced, seed);
}

/** @returns 0: there is no target but to be better than what stands beside */
export async function printPolls(seeds: readonly number[]): Promise<number> {
  console.log("\nPOLLS OF LONG-RUNNING OPERATIONS OF ABOUT A MINUTE (reads: 250 + 25/s; medians)");
  console.log(
    `${"".padEnd(44)}${["lag s", "p95 lag s", "reads each", "rejected", "lost"].map((head) => head.padStart(12)).join("")}`,
  );
  for (const operations of [1, 10, 50, 200, 500, 1_000]) {
    for (const strategy of [paced, pacedAgain, everyTwoSeconds]) {
      const outcomes: PollOutcome[] = [];
      for (const seed of seeds) outcomes.push(await measure(operations, strategy, seed));
      const of = (key: keyof PollOutcome): number => median(outcomes.map((outcome) => outcome[key]));
      const cells = [
        (of("meanLagMs") / 1_000).toFixed(1),
        (of("p95LagMs") / 1_000).toFixed(1),
        of("readsEach").toFixed(1),
        of("rejected").toFixed(0),
        of("lost").toFixed(0),
      ];
      console.log(
        `${`${operations} operations`.padStart(18)}  ${strategy.name.padEnd(24)}${cells.map((cell) => cell.padStart(12)).join("")}`,
      );
    }
  }
  return 0;
}

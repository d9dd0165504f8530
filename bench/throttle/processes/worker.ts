/** A process of its own that makes its part of the calls against the emulator, by one strategy. Driven by its parent's messages. */
import { createClient } from "redis";
import { createThrottle } from "../../../src/throttle/local-throttle.js";
import { redisThrottleStore } from "../../../src/throttle/lease/redis.js";
import { systemClock } from "../../../src/time/clock.js";
import type { Caller, ProcessContext, Strategy } from "../scenario.js";
import { waitIn, type ServiceReply } from "../simulated-service.js";
import { awsAdaptive } from "../strategies/aws-adaptive.js";
import { azureDefault } from "../strategies/azure-default.js";
import { cockatielAlone, pRetryAlone } from "../strategies/general-retry.js";
import { throttledCaller } from "../strategies/throttle.js";
import type { Work, WorkDone } from "./work.js";

let work: Work | undefined;
let call: Caller | undefined;
let close: () => void = () => undefined;
let name = 0;
let rejected = 0;
let sentWhileClosed = 0;
let roundTrips = 0;
let closedUntil = 0;

const latenciesMs: number[] = [];
let servedAtHalf = 0;
let finishedAt = 0;

process.on("message", (message: Work | "go" | "stop") => {
  if (message === "stop") report();
  else void (message === "go" ? makeCalls() : prepare(message));
});

async function prepare(given: Work): Promise<void> {
  work = given;
  const context: ProcessContext = { clock: systemClock, random: Math.random, send: () => send(given) };
  call = await callerOf(given, context);
  process.send?.("ready");
}

async function callerOf({ strategy, redisPort }: Work, context: ProcessContext): Promise<Caller> {
  const start = (peer: Strategy): Caller => peer.start(systemClock, Math.random)(context);
  switch (strategy) {
    case "azure-remedy":
      return throttledCaller(createThrottle(), context);
    case "azure-remedy with Redis": {
      const client = createClient({
        socket: { host: "127.0.0.1", ...(redisPort !== undefined && { port: redisPort }) },
      });
      await client.connect();
      close = () => client.destroy();
      const store = redisThrottleStore(client);
      const counted: typeof store = {
        lease: (...asked) => {
          roundTrips++;
          return store.lease(...asked);
        },
      };
      return throttledCaller(createThrottle({ store: counted }), context);
    }
    case "Azure SDK default":
      return start(azureDefault(strategy));
    case "AWS adaptive":
      return start(awsAdaptive(strategy, 3));
    case "p-retry":
      return start(pRetryAlone);
    case "cockatiel":
      return start(cockatielAlone);
  }
}

async function send({ endpoint, subscriptionId }: Work): Promise<ServiceReply> {
  if (Date.now() < closedUntil) sentWhileClosed++;
  const group = `g-${process.pid}-${name++}`;
  const url = `${endpoint}/subscriptions/${subscriptionId}/resourceGroups/${group}?api-version=2024-03-01`;
  const response = await fetch(url, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: '{"location":"westeurope"}',
  });
  await response.arrayBuffer();
  const headers = Object.fromEntries(response.headers);
  if (response.status === 429) {
    rejected++;
    closedUntil = Math.max(closedUntil, Date.now() + (waitIn(headers, Date.now()) ?? 0));
  }
  return { status: response.ok ? 200 : (response.status as ServiceReply["status"]), headers };
}

async function makeCalls(): Promise<void> {
  if (!work || !call) return;
  const one = call;
  let left = work.calls;
  const half = Date.now() + work.halfMs;
  const row = async (): Promise<void> => {
    while (left-- > 0) {
      const startedAt = Date.now();
      if (!(await one().catch(() => false))) continue;
      finishedAt = Date.now();
      latenciesMs.push(finishedAt - startedAt);
      if (finishedAt <= half) servedAtHalf++;
    }
  };
  await Promise.all(Array.from({ length: Math.min(work.inFlight, work.calls) }, row));
  report();
}

/** What has come of it: at the end, or as far as it has come when patience has ended. */
function report(): void {
  const done: WorkDone = {
    served: latenciesMs.length,
    servedAtHalf,
    rejected,
    sentWhileClosed,
    roundTrips,
    finishedAt,
    latenciesMs,
  };
  process.send?.(done, () => {
    close();
    process.exit();
  });
}

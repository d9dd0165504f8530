/** What is measured at scale: the throttle, and the SDK's own behaviour with a limit of calls in flight. */
import { createThrottle } from "../../src/throttle/local-throttle.js";
import type { Permit, ThrottledRequest, ThrottleReply } from "../../src/throttle/throttle.js";
import type { AbortSignalLike, Clock } from "../../src/time/clock.js";
import { waitIn, type ServiceReply } from "../throttle/simulated-service.js";
import type { VirtualTime } from "../throttle/virtual-time.js";
import type { ScaleStrategy } from "./simulation.js";

/** One throttle for each process, and nothing between them. */
export const ours: ScaleStrategy = {
  name: "azure-remedy",
  start: (time, random, work) => {
    const throttle = createThrottle({ clock: new WatchedClock(time, work), random });
    const measured = <Result>(body: () => Result): Result => {
      const startedAt = cpuMs();
      const result = body();
      work(cpuMs() - startedAt);
      return result;
    };
    const call = async <Reply extends ServiceReply>(
      request: ThrottledRequest,
      poll: boolean,
      send: () => Promise<Reply>,
      more: (reply: Reply) => Partial<ThrottleReply> & { readonly urls?: Readonly<Record<string, string>> },
    ): Promise<Reply> => {
      const since = time.now();
      for (;;) {
        const admitted = measured(() => throttle.admit(request, { poll, since }));
        const permit: Permit = admitted instanceof Promise ? await admitted : admitted;
        const reply = await send();
        const { status, headers } = reply;
        const { urls, ...rest } = more(reply);
        const seen = new Map(Object.entries({ ...headers, ...urls }));
        measured(() => permit.settle({ status, headers: seen, retryAfterMs: waitIn(headers, time.now()), ...rest }));
        if (status === 200) return reply;
      }
    };
    return {
      start: async ({ url, operationUrl }, send) => {
        const accepted = async (): Promise<ServiceReply & { operationUrl: string }> => send();
        await call({ method: "POST", url, headers: noHeaders }, false, accepted, () => ({
          urls: { "azure-asyncoperation": operationUrl },
        }));
        return true;
      },
      look: async ({ operationUrl }, send) => {
        const { ended } = await call({ method: "GET", url: operationUrl, headers: noHeaders }, true, send, (reply) => ({
          ended: reply.ended,
        }));
        return ended;
      },
    };
  },
};

/** The SDK: what is rejected is tried again three times after the time it names, then given up. */
export const sdkWithLimit: ScaleStrategy = {
  name: "SDK, 50 at a time",
  inFlight: 50,
  start: (time) => ({
    start: async (_machine, send) => (await tried(time, send)) !== undefined,
    look: async (_machine, send) => (await tried(time, send))?.ended,
  }),
};

async function tried<Reply extends ServiceReply>(
  time: VirtualTime,
  send: () => Promise<Reply>,
): Promise<Reply | undefined> {
  for (let tries = 0; tries < 4; tries++) {
    const reply = await send();
    if (reply.status === 200) return reply;
    await time.sleep(waitIn(reply.headers, time.now()) ?? 0);
  }
  return undefined;
}

/** Milliseconds that this process has had of the processor: what other processes do meanwhile does not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

const noHeaders: ReadonlyMap<string, string> = new Map();

/** Measures what happens in the throttle when its timer fires. */
class WatchedClock implements Clock {
  constructor(
    private readonly time: VirtualTime,
    private readonly work: (ms: number) => void,
  ) {}

  now(): number {
    return this.time.now();
  }

  sleep(ms: number, signal?: AbortSignalLike): Promise<void> {
    const { work } = this;
    let startedAt = 0;
    const sleeping = this.time.sleep(ms, signal).then(() => {
      startedAt = cpuMs();
    });
    // The throttle's own reaction runs between these two.
    const then = sleeping.then.bind(sleeping);
    sleeping.then = (onFulfilled, onRejected) => {
      const reaction = then(onFulfilled, onRejected);
      reaction.then(
        () => startedAt > 0 && work(cpuMs() - startedAt),
        () => undefined,
      );
      return reaction;
    };
    return sleeping;
  }
}

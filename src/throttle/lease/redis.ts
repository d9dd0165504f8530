/**
 * A store in Redis or Valkey: all processes of a subscription take their permits from one bucket for each scope, atomically
 * and in one round trip, several permits at a time under load. Give every process a client of its own that is connected
 * to the same server; node-redis 4 to 6 and ioredis 5 and 6 both work, single servers and clusters alike.
 *
 * ```ts
 * import { createThrottle } from "azure-remedy";
 * import { redisThrottleStore } from "azure-remedy/redis";
 * import { createClient } from "redis";
 *
 * const client = await createClient({ url }).connect();
 * const throttle = createThrottle({ store: redisThrottleStore(client) });
 * ```
 *
 * Nothing here can fail a request: without an answer in time each process goes by its own estimate until the store is back.
 */
import { leaseScript } from "./redis-script.js";
import type { Lease, LeaseAsk, ThrottleStore } from "./store.js";
export type { RateLimit } from "../limits.js";
export type { Lease, LeaseAsk, ThrottleStore } from "./store.js";

/** The part of node-redis (4, 5, 6) that is used. */
export interface NodeRedisClient {
  readonly isReady?: boolean;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** The part of ioredis (5, 6) that is used. */
export interface IoRedisClient {
  readonly status?: string;
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  evalsha(sha1: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
}

export interface RedisThrottleStoreOptions {
  /** Prefix of every key, followed by a version of the format. Default `azure-remedy:throttle:`. */
  readonly prefix?: string;
  /** Replaces the server's time (epoch milliseconds), for tests. */
  readonly now?: () => number;
}

/** Runs the script, by its hash or its text. */
interface Runner {
  isReady(): boolean;
  byHash(sha1: string, keys: string[], args: string[]): Promise<unknown>;
  byText(keys: string[], args: string[]): Promise<unknown>;
}

/** The format of the stored values. Versions that read them differently do not share a bucket. */
const formatVersion = "v2";

const numbersPerLease = 6;

/**
 * @param client connected, or about to be; of node-redis or ioredis
 * @throws TypeError when the client is neither
 */
export function redisThrottleStore(
  client: NodeRedisClient | IoRedisClient,
  { prefix = "azure-remedy:throttle:", now = () => 0 }: RedisThrottleStoreOptions = {},
): ThrottleStore {
  const runner = runnerFor(client);
  let sha1: string | undefined;
  const run = async (keys: string[], args: string[]): Promise<unknown> => {
    // Clients queue commands while the server is away and would send them when they are no longer of use.
    if (!runner.isReady()) throw new Error("the client is not connected");
    sha1 ??= await sha1Of(leaseScript);
    try {
      return await runner.byHash(sha1, keys, args);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return await runner.byText(keys, args);
    }
  };
  return {
    lease: async (slot, member, asks) => {
      // In a cluster, the part in braces decides where a key is stored: buckets of one slot stay together.
      const keys = asks.map(({ key }) => `${prefix}${formatVersion}:{${slot}}:${key}`);
      const args = [member, String(now()), ...asks.flatMap(argumentsOf)];
      return readLeases(await run(keys, args), asks.length);
    },
  };
}

function runnerFor(client: NodeRedisClient | IoRedisClient): Runner {
  if (isNodeRedis(client)) {
    return {
      isReady: () => client.isReady ?? true,
      byHash: (sha1, keys, args) => client.evalSha(sha1, { keys, arguments: args }),
      byText: (keys, args) => client.eval(leaseScript, { keys, arguments: args }),
    };
  }
  if (isIoRedis(client)) {
    return {
      isReady: () => client.status === undefined || client.status === "ready",
      byHash: (sha1, keys, args) => client.evalsha(sha1, keys.length, ...keys, ...args),
      byText: (keys, args) => client.eval(leaseScript, keys.length, ...keys, ...args),
    };
  }
  throw new TypeError("azure-remedy: redisThrottleStore() needs a client of node-redis (4 to 6) or ioredis (5 or 6).");
}

function isNodeRedis(client: unknown): client is NodeRedisClient {
  return has(client, "eval") && has(client, "evalSha");
}

function isIoRedis(client: unknown): client is IoRedisClient {
  return has(client, "eval") && has(client, "evalsha");
}

function has(client: unknown, method: string): boolean {
  return typeof (client as Record<string, unknown> | null | undefined)?.[method] === "function";
}

function argumentsOf(ask: LeaseAsk): string[] {
  const { limit, want, answered, returned, levelless, level, closedForMs = 0 } = ask;
  return [
    limit.capacity,
    limit.refill,
    limit.periodMs,
    want,
    answered,
    returned,
    levelless,
    level?.tokens ?? -1,
    level?.sentAgoMs ?? 0,
    level?.receivedAgoMs ?? 0,
    closedForMs,
  ].map(String);
}

/** @throws TypeError if the server returned something else */
function readLeases(reply: unknown, count: number): Lease[] {
  const numbers = Array.isArray(reply) ? reply.map(numberIn) : [];
  if (numbers.length !== count * numbersPerLease || numbers.some(Number.isNaN)) {
    throw new TypeError("the server's reply cannot be read");
  }
  return Array.from({ length: count }, (_, index) => {
    const [granted = 0, ttlMs = 0, askAgainMs = 0, needsAnswer = 0, closedForMs = 0, level = 0] = numbers.slice(
      index * numbersPerLease,
    );
    return { granted, ttlMs, askAgainMs, needsAnswer: needsAnswer === 1, closedForMs, level };
  });
}

/** Servers give integers as numbers or as text. `Number` alone would make a zero of nothing, and of much else. */
function numberIn(value: unknown): number {
  return typeof value === "number" || (typeof value === "string" && /^-?\d/.test(value)) ? Number(value) : NaN;
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.includes("NOSCRIPT");
}

async function sha1Of(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

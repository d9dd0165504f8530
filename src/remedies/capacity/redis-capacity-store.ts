/**
 * What is out of capacity, in Redis or Valkey, for all processes of a subscription. The throttle's client can be used
 * here too.
 */
import { memoryFormat, type CapacityStore } from "../capacity-memory.js";

/** The part of node-redis (4 to 6) or ioredis (5, 6) that is used: one command with its arguments. */
export type RedisCapacityClient =
  | { sendCommand(command: string[]): Promise<unknown>; call?: never }
  | { call(command: string, ...args: string[]): Promise<unknown> };

export interface RedisCapacityStoreOptions {
  /** Prefix of every key, followed by a version of the format. Default `azure-remedy:capacity:`. */
  readonly prefix?: string;
}

/**
 * A store for `new CapacityMemory({ store })`. Keys contain a version of the format, so that two releases in a rolling
 * deployment never misread each other.
 */
export function redisCapacityStore(
  client: RedisCapacityClient,
  { prefix = "azure-remedy:capacity:" }: RedisCapacityStoreOptions = {},
): CapacityStore {
  const keyOf = (region: string): string => `${prefix}${memoryFormat}:${region}`;
  const run = (...command: [string, ...string[]]): Promise<unknown> =>
    typeof client.call === "function"
      ? client.call(...command)
      : (client as { sendCommand(command: string[]): Promise<unknown> }).sendCommand(command);
  return {
    async read(region) {
      return asUntil(await run("HGETALL", keyOf(region)));
    },
    async write(region, key, until) {
      await run("HSET", keyOf(region), key, String(Math.round(until)));
      // Not every server can expire single fields, so a region without a write for a day expires as a whole.
      await run("PEXPIRE", keyOf(region), String(24 * 3_600_000));
    },
  };
}

/** Clients return a hash as an object, a Map, or a flat list of fields and values. */
function asUntil(reply: unknown): Record<string, number> {
  const entries: [unknown, unknown][] = Array.isArray(reply)
    ? reply.flatMap((field, at) => (at % 2 === 0 ? [[field, reply[at + 1]] as [unknown, unknown]] : []))
    : reply instanceof Map
      ? [...(reply as Map<unknown, unknown>)]
      : Object.entries(reply ?? {});
  const until: Record<string, number> = Object.create(null) as Record<string, number>;
  for (const [key, value] of entries) {
    const at = Number(value);
    if (typeof key === "string" && Number.isFinite(at)) until[key] = at;
  }
  return until;
}

import fc from "../support/properties.js";
import { Redis as IoRedis6 } from "ioredis";
import { Redis as IoRedis5 } from "ioredis-5";
import * as redis6 from "redis";
import * as redis4 from "redis-4";
import * as redis5 from "redis-5";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { redisThrottleStore, type IoRedisClient, type NodeRedisClient } from "azure-remedy/redis";
import { createThrottle } from "../../src/throttle/local-throttle.js";
import { lease, newSharedBucket, type SharedBucket } from "../../src/throttle/lease/shared-bucket.js";
import type { LeaseAsk } from "../../src/throttle/lease/store.js";
import { redisBinary, startRedis, type RedisServer } from "./redis-server.js";
import { reply, vmUrl, writesLeft } from "./support.js";

const limit = { capacity: 200, refill: 10, periodMs: 1_000 };
const slot = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";

function ask(changes: Partial<LeaseAsk> = {}): LeaseAsk {
  return { key: "writes", limit, want: 0, answered: 0, returned: 0, levelless: 0, ...changes };
}

interface Connection {
  readonly client: NodeRedisClient | IoRedisClient;
  readonly close: () => unknown;
}

const clients: Record<string, (port: number) => Promise<Connection>> = {
  "node-redis 6": async (port) => {
    const client = redis6.createClient({ socket: { host: "127.0.0.1", port } });
    await client.connect();
    return { client: client as unknown as NodeRedisClient, close: () => client.destroy() };
  },
  "node-redis 5": async (port) => {
    const client = redis5.createClient({ socket: { host: "127.0.0.1", port } });
    await client.connect();
    return { client: client as unknown as NodeRedisClient, close: () => client.destroy() };
  },
  "node-redis 4": async (port) => {
    const client = redis4.createClient({ socket: { host: "127.0.0.1", port } });
    await client.connect();
    return { client: client as unknown as NodeRedisClient, close: () => client.disconnect() };
  },
  "ioredis 6": async (port) => {
    const client = new IoRedis6({ host: "127.0.0.1", port, lazyConnect: true });
    await client.connect();
    return { client: client as unknown as IoRedisClient, close: () => client.disconnect() };
  },
  "ioredis 5": async (port) => {
    const client = new IoRedis5({ host: "127.0.0.1", port, lazyConnect: true });
    await client.connect();
    return { client: client as unknown as IoRedisClient, close: () => client.disconnect() };
  },
};

function connect(name: string, port: number): Promise<Connection> {
  const start = clients[name];
  if (!start) throw new Error(`no client called ${name}`);
  return start(port);
}

describe.skipIf(redisBinary === undefined)("redisThrottleStore (needs redis-server or valkey-server)", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it.each(Object.keys(clients))("gives leases through %s", async (name) => {
    const connection = await connect(name, server.port);
    try {
      const store = redisThrottleStore(connection.client, { prefix: `${name}:` });
      const told = { tokens: 100, sentAgoMs: 100, receivedAgoMs: 0 };
      const leases = await store.lease(slot, "a", [
        ask({ want: 5, level: told }),
        ask({ key: "reads", want: 3, level: told }),
      ]);
      expect(leases.map(({ granted, level }) => [granted, level])).toEqual([
        [5, 95],
        [3, 97],
      ]);
      const [second] = await store.lease(slot, "b", [ask({ want: 200 })]);
      // 95 are left, 2 are kept back, and "a" may still want its 5 of 205.
      expect(second).toMatchObject({ granted: Math.floor((93 * 200) / 205), closedForMs: 0 });
    } finally {
      await connection.close();
    }
  });

  it("answers as the arithmetic in TypeScript does", async () => {
    const connection = await connect("node-redis 6", server.port);
    let run = 0;
    const tokens = fc.integer({ min: 0, max: 250 });
    const ago = fc.double({ min: 0, max: 3_000, noNaN: true });
    const step = fc.record({
      member: fc.constantFrom("a", "b", "c"),
      passes: fc.integer({ min: 0, max: 4_000 }),
      want: fc.integer({ min: 0, max: 300 }),
      answered: fc.integer({ min: 0, max: 20 }),
      returned: fc.integer({ min: 0, max: 3 }),
      levelless: fc.integer({ min: 0, max: 3 }),
      level: fc.option(fc.record({ tokens, sentAgoMs: ago, receivedAgoMs: ago }), { nil: undefined }),
      closedForMs: fc.option(fc.integer({ min: 1, max: 5_000 }), { nil: undefined, freq: 6 }),
      limit: fc.constantFrom(
        limit,
        { capacity: 1_500, refill: 500, periodMs: 60_000 },
        { capacity: 12, refill: 4.5, periodMs: 60_000 },
      ),
    });
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
          let now = 1_700_000_000_000;
          const store = redisThrottleStore(connection.client, { prefix: `parity-${run++}:`, now: () => now });
          const limitOfBucket = steps[0]?.limit ?? limit;
          let bucket: SharedBucket | undefined;
          for (const { member, passes, level, closedForMs, ...rest } of steps) {
            now += passes;
            const next = ask({
              ...rest,
              limit: limitOfBucket,
              ...(level && { level }),
              ...(closedForMs !== undefined && { closedForMs }),
            });
            const [fromRedis] = await store.lease(slot, member, [next]);
            bucket ??= newSharedBucket(limitOfBucket.capacity, now);
            expect(fromRedis).toEqual(lease(bucket, member, next, now));
          }
        }),
        { numRuns: 60 },
      );
    } finally {
      await connection.close();
    }
  });

  it("may be stopped and started again while calls go on", async () => {
    const other = await startRedis();
    const events: string[] = [];
    const { client, close } = await connect("ioredis 6", other.port);
    (client as IoRedis6).on("error", () => undefined);
    const throttle = createThrottle({ store: redisThrottleStore(client), onEvent: ({ state }) => events.push(state) });
    let level = 199;
    const call = async (): Promise<void> => {
      const permit = await throttle.admit({ method: "PUT", url: vmUrl(), headers: new Map<string, string>() });
      permit.settle(reply(201, writesLeft(level--)));
    };
    let restarted: RedisServer | undefined;
    try {
      await call();
      expect(throttle.snapshot().store).toBe("connected");
      await other.stop();
      await call();
      await call();
      expect(events).toEqual(["storeLost"]);
      restarted = await startRedis(other.port);
      await vi.waitFor(
        async () => {
          await call();
          expect(events).toEqual(["storeLost", "storeBack"]);
        },
        { timeout: 10_000, interval: 50 },
      );
    } finally {
      await close();
      await restarted?.stop();
    }
  });

  it.each<[string, (redis: IoRedis6, key: string) => Promise<unknown>]>([
    ["a text", (redis, key) => redis.set(key, "x")],
    ["a list", (redis, key) => redis.rpush(key, "1", "2")],
    ["a set", (redis, key) => redis.sadd(key, "1")],
    ["a hash of words", (redis, key) => redis.hset(key, { level: "none", at: "now", a: "{", capacity: "NaN" })],
    [
      "a hash of numbers that cannot be",
      (redis, key) => redis.hset(key, { level: "1e300", at: "1e300", closed: "inf" }),
    ],
  ])("calls go on where its key holds %s", async (name, plant) => {
    const { client, close } = await connect("ioredis 6", server.port);
    const prefix = `foreign ${name}:`;
    const redis = client as unknown as IoRedis6;
    const throttle = createThrottle({ store: redisThrottleStore(client, { prefix }) });
    let level = 150;
    const call = async (): Promise<void> => {
      const permit = await throttle.admit({ method: "PUT", url: vmUrl(), headers: new Map<string, string>() });
      permit.settle(reply(201, writesLeft(level--)));
    };
    try {
      await call();
      await vi.waitFor(async () => expect(await redis.keys(`${prefix}*`)).not.toEqual([]), { timeout: 2_000 });
      for (const key of await redis.keys(`${prefix}*`)) {
        await redis.del(key);
        await plant(redis, key);
      }
      const began = Date.now();
      for (let calls = 0; calls < 10; calls++) await call();
      expect(Date.now() - began).toBeLessThan(2_000);
    } finally {
      await close();
    }
  });

  it("gives every key an end", async () => {
    const { client, close } = await connect("ioredis 6", server.port);
    try {
      await redisThrottleStore(client, { prefix: "ends:" }).lease(slot, "a", [ask({ want: 1 })]);
      const redis = client as unknown as IoRedis6;
      const keys = await redis.keys("ends:*");
      expect(keys).toEqual([`ends:v2:{${slot}}:writes`]);
      expect(await redis.pttl(keys[0] ?? "")).toBeGreaterThan(60_000);
    } finally {
      await close();
    }
  });
});

describe("redisThrottleStore", () => {
  it.each([[undefined], [{}], [{ eval: () => undefined }], ["redis://localhost"]])(
    "refuses %j, which is no client",
    (client) => {
      expect(() => redisThrottleStore(client as never)).toThrow(/node-redis .* or ioredis/);
    },
  );

  it.each([
    ["node-redis", { isReady: false, eval: () => Promise.resolve([]), evalSha: () => Promise.resolve([]) }],
    ["ioredis", { status: "reconnecting", eval: () => Promise.resolve([]), evalsha: () => Promise.resolve([]) }],
  ])("asks nothing of a client of %s that is not connected", async (_, client) => {
    await expect(redisThrottleStore(client).lease(slot, "a", [ask()])).rejects.toThrow("not connected");
  });

  it.each([[null], ["OK"], [[1, 2, 3]], [["a", "b", "c", "d", "e", "f"]], [[null, null, "", true, [], 0]]])(
    "does not take %j for an answer",
    async (answer) => {
      const client = { eval: () => Promise.resolve(answer), evalsha: () => Promise.resolve(answer) };
      await expect(redisThrottleStore(client).lease(slot, "a", [ask()])).rejects.toThrow("cannot be read");
    },
  );
});

/**
 * Polls are paced by the bucket of reads. Where it was smaller than documented, the polls of operations that lasted longer
 * than the others were held for a quarter of an hour, their operations long ended and the bucket nearly full.
 */
import { expect, it } from "vitest";
import { createThrottle } from "azure-remedy";
import { connect, generations } from "../support/clients.js";
import { scene } from "../support/scene.js";

it.each(generations)("arm-compute %s: a hundred creates where few reads are to be had", (generation) =>
  scene(
    generation,
    async ({ arm, time }) => {
      const client = connect(generation, arm, time, { throttle: createThrottle({ random: () => 0.5 }) });
      const names = Array.from({ length: 100 }, (_, index) => `vm-${index}`);
      const slow = names.slice(0, 10).map((name) => `PUT virtualMachines/${name}`);
      arm.fail("StorageAccountTooBusy", { on: slow, times: 10 });
      arm.fail({ status: 503 }, { on: "GET operations", times: 12 });
      const tookMs: number[] = [];
      const queue = [...names];
      const createNext = async (): Promise<void> => {
        for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
          const from = time.elapsedMs();
          await client.create(name);
          tookMs.push(time.elapsedMs() - from);
        }
      };

      await Promise.all(Array.from({ length: 50 }, createNext));

      expect(Math.max(...tookMs)).toBeLessThan(4 * 60_000);
      expect(arm.exchanges.filter(({ status }) => status === 429)).toEqual([]);
    },
    {
      operations: { durationMs: 45_000, polls: 0, retryAfterMs: 10_000 },
      throttling: { reads: { capacity: 60, refill: 6 } },
    },
  ),
);

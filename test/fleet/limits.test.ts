/** How fast a run goes under the documented limits, in virtual time. */
import { createThrottle } from "azure-remedy";
import { runFleet } from "azure-remedy/fleet";
import { expect, it } from "vitest";
import { scene } from "../support/scene.js";

it("300 starts end within 1.2 of the least time that the limits allow, and none is refused", async () => {
  const operationMs = 60_000;
  // Resource Manager lets 200 writes through at once, and ten a second after that.
  const leastMs = ((300 - 200) / 10) * 1_000 + operationMs;
  await scene(
    "24",
    async ({ arm, client, time }) => {
      const names = Array.from({ length: 300 }, (_, index) => `vm-${index}`);
      for (const name of names) arm.addVm({ name, powerState: "deallocated" });
      const compute = client({ throttle: createThrottle() });
      expect(await runFleet(names, (name) => compute.start(name)).summary).toMatchObject({ succeeded: 300 });
      expect(time.elapsedMs() / leastMs).toBeLessThan(1.2);
      expect(arm.exchanges.filter(({ status }) => status === 429)).toEqual([]);
    },
    { throttling: {}, operations: { durationMs: operationMs, retryAfterMs: 30_000 } },
  );
}, 60_000);

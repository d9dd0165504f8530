/** core-lro puts any Retry-After of a poll into a timer; one beyond 2³¹ ms fires at once, and the operation is polled every millisecond. */
import { expect, it } from "vitest";
import { generations } from "../support/clients.js";
import { scene } from "../support/scene.js";

const weekMs = 7 * 86_400_000;

it.each(generations)("arm-compute %s: in seconds", (generation) =>
  scene(
    generation,
    async (told) => {
      told.arm.addVm({ name: "web-01", powerState: "deallocated" });
      await told.client().start("web-01");
      expect(told.time.elapsedMs()).toBeGreaterThan(3 * weekMs);
    },
    { operations: { polls: 2, retryAfterMs: 3_000_000_000 } },
  ),
);

it.each(generations)("arm-compute %s: as a date", (generation) =>
  scene(generation, async (told) => {
    told.arm.addVm({ name: "web-01", powerState: "deallocated" });
    const headers = { "retry-after": "Fri, 01 Jan 2027 08:00:00 GMT" };
    told.arm.fail({ status: 200, headers, body: { status: "InProgress" } }, { on: "GET operations", times: 2 });
    await told.client().start("web-01");
    expect(told.time.elapsedMs()).toBeGreaterThan(3 * weekMs);
  }),
);

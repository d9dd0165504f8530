/** A caller's own poll interval is kept to while the buckets are full. */
import { ComputeManagementClient as Compute24 } from "@azure/arm-compute";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { afterEach, describe, expect, it } from "vitest";
import { connect, generations, wholeBody, type Compute } from "../support/clients.js";
import { inVirtualTime } from "../support/virtual-time.js";

let arm: Emulator;
afterEach(() => arm.stop());

const often = { updateIntervalInMs: 1 };

async function create({ client }: Compute, name: string): Promise<unknown> {
  return client instanceof Compute24
    ? client.virtualMachines.createOrUpdate("rg", name, wholeBody({}), often)
    : client.virtualMachines.beginCreateOrUpdateAndWait("rg", name, wholeBody({}), often);
}

describe.each(generations)("arm-compute %s", (generation) => {
  it("ten creates that are polled every millisecond cost what they cost the SDK", async () => {
    const play = (options: object | null): Promise<{ elapsedMs: number; requests: number }> =>
      inVirtualTime(async (time) => {
        arm = await startEmulator();
        const compute = connect(generation, arm, time, options);
        for (let n = 0; n < 10; n++) await create(compute, `web-${n}`);
        const cost = { elapsedMs: time.elapsedMs(), requests: arm.exchanges.length };
        if (options === null) await arm.stop();
        return cost;
      });
    const alone = await play(null);
    const ours = await play({});
    expect(ours.elapsedMs).toBeLessThanOrEqual(alone.elapsedMs + 1_000);
    expect(ours.requests).toBeLessThanOrEqual(alone.requests);
  });
});

/**
 * When an operation has succeeded, the poller reads the resource for its result; if that fails, the create has failed to the
 * caller, and the poller is dead for good, though the machine is there and runs.
 */
import { expect, it } from "vitest";
import { connect, generations } from "../support/clients.js";
import { thrownBy } from "../support/outcome.js";
import { scene } from "../support/scene.js";

it.each(generations)("arm-compute %s: the result is read when the outage is over", (generation) =>
  scene(generation, async (told) => {
    const { arm, time } = told;
    const outage = arm.fail({ status: 503 }, { on: "GET virtualMachines", times: 6 });
    expect(await thrownBy(connect(generation, arm, time, null).create("web-01"))).toMatchObject({ statusCode: 503 });
    expect(arm.vm("web-01")).toMatchObject({ provisioningState: "Succeeded", powerState: "running" });
    outage.remove();

    arm.fail({ status: 503 }, { on: "GET virtualMachines", times: 6 });
    expect(await told.client().create("web-02")).toMatchObject({ name: "web-02" });
    expect(arm.exchanges.filter(({ method, name }) => method === "PUT" && name.endsWith("web-02"))).toHaveLength(1);
  }),
);

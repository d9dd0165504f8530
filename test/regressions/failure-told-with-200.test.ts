/** A `Location` poll that answers 200 with `{"status":"Failed"}` is a success to core-lro: the failure goes unnoticed. */
import { expect, it } from "vitest";
import { connect, generations } from "../support/clients.js";
import { remedyErrorOf } from "../support/outcome.js";
import { scene } from "../support/scene.js";

it.each(generations)("arm-compute %s: it is a failure", (generation) =>
  scene(generation, async (told) => {
    const { arm, time } = told;
    arm.addVm({ name: "web-01" });
    arm.longRunning({ on: "POST virtualMachines/runCommand", style: "location" });
    const body = { status: "Failed", error: { code: "VMAgentStatusCommunicationError", message: "No agent answers." } };
    arm.fail({ status: 200, body }, { on: "GET operations", times: 2 });

    await connect(generation, arm, time, null).runCommand("web-01", ["date"]);

    const error = await remedyErrorOf(told.client().runCommand("web-01", ["date"]));
    expect(error).toMatchObject({ code: "VMAgentStatusCommunicationError", details: body });
  }),
);

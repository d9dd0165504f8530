/** An operation that fails without an error object ends in "The long-running operation has failed", and nothing else. */
import { expect, it } from "vitest";
import { generations } from "../support/clients.js";
import { remedyErrorOf } from "../support/outcome.js";
import { scene } from "../support/scene.js";

it.each(generations)("arm-compute %s: the caller is told where to look", (generation) =>
  scene(generation, async (told) => {
    const { arm } = told;
    arm.addVm({ name: "web-01" });
    arm.fail({ status: 500 }, { on: "POST virtualMachines/runCommand", as: "operation" });

    const error = await remedyErrorOf(told.client().runCommand("web-01", ["date"]));

    expect(error).toMatchObject({ code: "Failed", details: { status: "Failed" } });
    expect(error.diagnosis.remedy.steps.length).toBeGreaterThan(0);
    expect(error.request?.url).toContain("/operations/");
    expect(arm.story).toEqual(["POST virtualMachines/web-01/runCommand 202", "GET operations/op-1 200 Failed"]);
  }),
);

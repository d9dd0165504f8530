/**
 * arm-compute 24 makes its errors after the pipeline, by a narrow model: of a refused create it keeps code and message, of a
 * failed `Location` poll the same, and below the first `details` nothing at all. What ours carries does not depend on it.
 */
import { expect, it } from "vitest";
import { connect, generations } from "../support/clients.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { scene } from "../support/scene.js";

const body = {
  error: {
    code: "RequestDisallowedByPolicy",
    message: "The policy assignment forbids it.",
    target: "web-01",
    details: [{ code: "PolicyViolation", message: "See below.", details: [{ code: "Deep", message: "Deeper." }] }],
    additionalInfo: [{ type: "PolicyViolation", info: { policyAssignmentName: "sizes" } }],
  },
};
interface SdkError extends Error {
  details?: unknown;
}

it.each(generations)("arm-compute %s: a refused create has its whole body", (generation) =>
  scene(generation, async (told) => {
    const { arm, time } = told;
    arm.fail({ status: 403, body }, { on: "PUT virtualMachines", times: 2 });
    const plain = (await thrownBy(connect(generation, arm, time, null).create("web-01"))) as SdkError;
    if (generation === "24") expect(plain.details).toBeUndefined();

    const error = await remedyErrorOf(told.client().create("web-01"));
    expect(error.details).toEqual(body);
    expect((error.response as { parsedBody?: unknown }).parsedBody).toEqual(body);
  }),
);

it.each(generations)("arm-compute %s: so has an operation that fails by Location", (generation) =>
  scene(generation, async (told) => {
    const { arm } = told;
    arm.addVm({ name: "web-01" });
    arm.longRunning({ on: "POST virtualMachines/runCommand", style: "location" });
    arm.fail({ status: 403, body }, { on: "GET operations" });

    const error = await remedyErrorOf(told.client().runCommand("web-01", ["date"]));
    expect(error.statusCode).toBe(403);
    expect(error.details).toMatchObject(body);
  }),
);

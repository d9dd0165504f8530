/** core-lro looks for `code` in Compute's innererror, which has none, and says "The long-running operation has failed. undefined. …. undefined". */
import { expect, it } from "vitest";
import { connect, generations } from "../support/clients.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { scene } from "../support/scene.js";

const innererror = { exceptiontype: "AllocationException", errordetail: "fragmented" };

it.each(generations)("arm-compute %s: the code of the failure is kept, and its inner error", (generation) =>
  scene(generation, async (told) => {
    const { arm, time } = told;
    arm.fail("AllocationFailed", { on: "PUT virtualMachines", error: { innererror }, message: "No room.", times: 2 });

    const plain = await thrownBy(connect(generation, arm, time, null).create("web-01"));
    expect(plain.message).toBe("The long-running operation has failed. undefined. No room. undefined");

    const error = await remedyErrorOf(told.client().create("web-01"));
    expect(error).toMatchObject({ name: "RestError", code: "AllocationFailed", diagnosis: { message: "No room." } });
    expect(error.details).toMatchObject({ status: "Failed", error: { code: "AllocationFailed", innererror } });
  }),
);

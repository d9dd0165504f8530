/** Compute sends some errors without the `error` envelope; 24 then gives `details: { error: undefined }`. */
import { expect, it } from "vitest";
import { generations } from "../support/clients.js";
import { remedyErrorOf } from "../support/outcome.js";
import { scene } from "../support/scene.js";

const body = { code: "SkuNotAvailable", message: "The requested size is not available." };

it.each(generations)("arm-compute %s: is read, and carried as it came", (generation) =>
  scene(generation, async (told) => {
    const { arm } = told;
    arm.fail({ status: 409, body }, { on: "PUT virtualMachines" });

    const error = await remedyErrorOf(told.client().create("web-01"));

    expect(error).toMatchObject({
      code: body.code,
      statusCode: 409,
      details: body,
      diagnosis: { message: body.message },
    });
  }),
);

/** JSON that is declared as text/plain has no code to the SDK: 22 gives its text for a message, 24 "Unexpected status code: 400". */
import { expect, it } from "vitest";
import { connect, generations } from "../support/clients.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { scene } from "../support/scene.js";

const body = JSON.stringify({
  error: { code: "InvalidParameter", message: "The value of parameter size is invalid." },
});

it.each(generations)("arm-compute %s: is read all the same", (generation) =>
  scene(generation, async (told) => {
    const { arm, time } = told;
    arm.addVm({ name: "web-01" });
    const fault = { status: 400, headers: { "content-type": "text/plain" }, body };
    arm.fail(fault, { on: "GET virtualMachines", times: 2 });

    expect(await thrownBy(connect(generation, arm, time, null).get("web-01"))).toMatchObject({ code: undefined });

    const error = await remedyErrorOf(told.client().get("web-01"));
    expect(error).toMatchObject({ code: "InvalidParameter", statusCode: 400 });
    expect(error.diagnosis.parameters).toEqual({ parameter: "size" });
  }),
);

/** Results that say in a 200 what failed, as errors for callers who ask. */
import {
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import { createThrottle, isRemedyError, remedyPolicy, type RemedyOptions } from "azure-remedy";
import { describe, expect, it } from "vitest";
import { thrownBy } from "../support/outcome.js";

const url =
  "https://management.azure.com/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm1";
const failed = { properties: { instanceView: { executionState: "Failed", exitCode: 3, error: "E: no such tree" } } };
const fine = { properties: { instanceView: { executionState: "Succeeded", exitCode: 0, error: "" } } };
const bulk = { results: [{ resourceId: "/vm1", errorCode: "ScopeLocked", errorDetails: "It is locked." }] };

/** One request that is answered 200 with this body, and how often it was sent. */
async function send(body: object, options: RemedyOptions): Promise<{ response: PipelineResponse; sent: () => number }> {
  const bodyAsText = JSON.stringify(body);
  let sent = 0;
  const pipeline = createEmptyPipeline();
  pipeline.addPolicy(remedyPolicy({ throttle: createThrottle(), ...options }), { phase: "Retry" });
  const response = await pipeline.sendRequest(
    {
      sendRequest: (request) => {
        sent += 1;
        return Promise.resolve({ request, status: 200, headers: createHttpHeaders(), bodyAsText });
      },
    },
    createPipelineRequest({ url: `${url}/runCommands/r1?$expand=instanceView` }),
  );
  return { response, sent: () => sent };
}

describe("failOn", () => {
  it("makes an error of a result of the kind in which something failed", async () => {
    const error = await thrownBy(send(failed, { failOn: ["runCommand"] }));
    expect(isRemedyError(error)).toBe(true);
    expect(error).toMatchObject({
      statusCode: 200,
      diagnosis: { category: "guest-os", parameters: { exitCode: "3", stderr: "E: no such tree" } },
      outcome: "failed",
    });
  });

  it("takes the code of a machine for that of the error", async () => {
    expect(await thrownBy(send(bulk, { failOn: ["bulk"] }))).toMatchObject({ code: "ScopeLocked" });
  });

  it.each<[what: string, body: object, options: RemedyOptions]>([
    ["by default", failed, {}],
    ["of another kind", failed, { failOn: ["bulk"] }],
    ["in which nothing failed", fine, { failOn: ["runCommand"] }],
  ])("leaves a result %s a result", async (_, body, options) => {
    const { response, sent } = await send(body, options);
    expect(response.bodyAsText).toBe(JSON.stringify(body));
    expect(sent()).toBe(1);
  });

  it("refuses a kind that there is not, by name", () => {
    expect(() => remedyPolicy({ failOn: ["runcommand" as "runCommand"] })).toThrow(/failOn\[0\].*runcommand/s);
  });
});

/**
 * A status document that a proxy has garbled says nothing, and a poller takes its 200 for the end. After trouble that the SDK
 * alone would have ended with, that was reported as done.
 */
import type { PipelineRequest, PipelineResponse, SendRequest } from "@azure/core-rest-pipeline";
import { describe, expect, it } from "vitest";
import { generations } from "../support/clients.js";
import { remedyErrorOf } from "../support/outcome.js";
import { scene, type Scene } from "../support/scene.js";

/** Garbles the answers to so many polls of the operation. */
function garbling(times: number, garble: (response: PipelineResponse) => PipelineResponse) {
  let left = times;
  const sendRequest = async (request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> => {
    const response = await next(request);
    if (!request.url.includes("/operations/") || response.status !== 200 || left === 0) return response;
    left -= 1;
    return garble(response);
  };
  return { position: "perRetry" as const, policy: { name: "garbling", sendRequest } };
}

function start({ arm, client }: Scene, policy: ReturnType<typeof garbling>): Promise<unknown> {
  arm.addVm({ name: "web-01", powerState: "deallocated" });
  arm.longRunning({ on: "POST virtualMachines", durationMs: 30_000, polls: 3 });
  arm.reset({ on: "GET operations" });
  return client({}, { additionalPolicies: [policy] }).start("web-01");
}

const bodies = ["", "null", "[]", '"busy"', '{"status":"InPro'];

describe.each(generations)("with arm-compute %s", (generation) => {
  it.each(bodies)("%j is asked for again", (bodyAsText) =>
    scene(generation, async (told) => {
      await start(
        told,
        garbling(2, (response) => ({ ...response, bodyAsText })),
      );
      expect(told.arm.vm("web-01")?.powerState).toBe("running");
    }),
  );

  it("nothing but that is an unknown outcome", () =>
    scene(generation, async (told) => {
      const error = await remedyErrorOf(
        start(
          told,
          garbling(Infinity, (response) => ({ ...response, bodyAsText: "[]" })),
        ),
      );
      expect(error).toMatchObject({ code: "StatusNotReadable", outcome: "unknown" });
    }));

  it("a status in a text of another type is a status", () =>
    scene(generation, async (told) => {
      const asText = (response: PipelineResponse): PipelineResponse => {
        response.headers.set("content-type", "text/plain");
        return response;
      };
      await start(told, garbling(1, asText));
      expect(told.arm.vm("web-01")?.powerState).toBe("running");
    }));
});

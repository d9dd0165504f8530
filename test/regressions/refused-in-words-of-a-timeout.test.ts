/**
 * A refusal whose text says "The request timed out." was taken for an unknown outcome, and the resource was read for half an
 * hour. The service's own 4xx says that nothing was begun: it is returned at once, as the SDK alone does.
 */
import { createPipelineRequest } from "@azure/core-rest-pipeline";
import { isRemedyError } from "azure-remedy";
import { describe, expect, it } from "vitest";
import { thrownBy } from "../support/outcome.js";
import { answer, stubPipeline, vmUrl } from "../support/stub.js";

const machine = { name: "vm", properties: { provisioningState: "Succeeded" } };

describe.each([400, 401, 403, 404, 405, 413, 422])("a %d", (status) => {
  it.each(["PUT", "PATCH", "DELETE", "POST"] as const)("to a %s is a refusal", async (method) => {
    const asked: string[] = [];
    const { clock, send } = stubPipeline((request) => {
      asked.push(request.method);
      return request.method === method
        ? answer(request, status, { error: { message: "The request timed out." } })
        : answer(request, 200, machine);
    }, {});
    const startedAt = clock.now();
    const url = method === "POST" ? vmUrl.replace("?", "/restart?") : vmUrl;
    const error = await clock.run(thrownBy(send(createPipelineRequest({ url, method, body: "{}" }))));
    expect(isRemedyError(error) && error.outcome).toBe("failed");
    expect(clock.now() - startedAt).toBe(0);
    expect(asked).toEqual([method]);
  });
});

it.each([409, 500, 503])("a %d may come from an earlier send, so the resource is read", async (status) => {
  const asked: string[] = [];
  const { clock, send } = stubPipeline((request) => {
    asked.push(request.method);
    return request.method === "POST"
      ? answer(request, status, { error: { message: "The request timed out." } })
      : answer(request, 200, { statuses: [{ code: "PowerState/running" }] });
  }, {});
  const url = vmUrl.replace("?", "/start?");
  await clock.run(Promise.resolve(send(createPipelineRequest({ url, method: "POST" }))).catch(() => undefined));
  expect(asked).toContain("GET");
});

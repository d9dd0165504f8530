/** A reply was lost: what an earlier attempt did is recognised, and what acts each time is not sent blindly. */
import type { PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import { createPipelineRequest } from "@azure/core-rest-pipeline";
import { describe, expect, it } from "vitest";
import { remedyErrorOf } from "../support/outcome.js";
import { answer, stubPipeline, vmUrl } from "../support/stub.js";

const reset = (): Error => Object.assign(new Error("read ECONNRESET"), { name: "RestError", code: "ECONNRESET" });
const refusal = (request: PipelineRequest, status: number, code: string): PipelineResponse =>
  answer(request, status, { error: { code, message: `It says ${code}.` } });

type Turn = (request: PipelineRequest) => PipelineResponse;

/** Answers by method, in turn; what is left out is the last answer again. */
function play(
  answers: Readonly<Partial<Record<string, readonly (Turn | "reset")[]>>>,
  request: PipelineRequest,
): { readonly sends: string[]; readonly call: Promise<PipelineResponse> } {
  const sends: string[] = [];
  const { clock, send } = stubPipeline((sent) => {
    const earlier = sends.filter((method) => method === sent.method).length;
    sends.push(sent.method);
    const turns = answers[sent.method] ?? [];
    const turn = turns[Math.min(earlier, turns.length - 1)];
    if (turn === undefined || turn === "reset") throw reset();
    return turn(sent);
  });
  return { sends, call: clock.run(send(request)) };
}

const put = (url: string, body: object): PipelineRequest =>
  createPipelineRequest({ url, method: "PUT", body: JSON.stringify(body) });
const found =
  (resource: object): Turn =>
  (request) =>
    answer(request, 200, resource);

describe("what an earlier attempt did is recognised", () => {
  const asked = { location: "westeurope", tags: { mark: "new" } };

  it.each([409, 412])("a %i met by the request's own earlier success is that success", async (status) => {
    const vm = { ...asked, name: "web-01", properties: { provisioningState: "Succeeded" } };
    const { call, sends } = play(
      { PUT: ["reset", (request) => refusal(request, status, "PreconditionFailed")], GET: [found(vm)] },
      put(vmUrl, asked),
    );
    expect(JSON.parse((await call).bodyAsText ?? "")).toEqual(vm);
    expect(sends).toEqual(["PUT", "PUT", "GET"]);
  });

  it("a 412 met by a stranger's change stays one", async () => {
    const vm = { name: "web-01", tags: { mark: "other" }, properties: { provisioningState: "Succeeded" } };
    const { call } = play(
      { PUT: ["reset", (request) => refusal(request, 412, "PreconditionFailed")], GET: [found(vm)] },
      put(vmUrl, asked),
    );
    expect(await remedyErrorOf(call)).toMatchObject({ statusCode: 412, outcome: "unknown" });
  });

  it("a DELETE that waited for another's deletion and finds nothing is done", async () => {
    const { call, sends } = play(
      {
        DELETE: [
          (request) => refusal(request, 409, "AnotherOperationInProgress"),
          (request) => refusal(request, 404, "ResourceNotFound"),
        ],
      },
      createPipelineRequest({ url: vmUrl, method: "DELETE" }),
    );
    expect((await call).status).toBe(204);
    // In between the resource may be looked at, unless another call has just done so.
    expect(sends.filter((method) => method !== "GET")).toEqual(["DELETE", "DELETE"]);
  });

  it("a DELETE of what was never there stays a 404", async () => {
    const { call } = play(
      { DELETE: [(request) => refusal(request, 404, "ResourceNotFound")] },
      createPipelineRequest({ url: vmUrl, method: "DELETE" }),
    );
    expect(await remedyErrorOf(call)).toMatchObject({ statusCode: 404 });
  });

  it("a deployment whose PUT was lost and that is active is followed, not run twice", async () => {
    const url =
      "https://management.azure.com/subscriptions/s/resourceGroups/rg/providers/Microsoft.Resources/deployments/d?api-version=2024-03-01";
    const properties = { provisioningState: "Running", templateHash: "1", timestamp: "2026-01-05T08:00:01Z" };
    const { call, sends } = play(
      {
        PUT: ["reset", (request) => refusal(request, 409, "DeploymentActive")],
        GET: [found({ name: "d", properties })],
      },
      put(url, { properties: { template: {}, mode: "Incremental" } }),
    );
    expect(JSON.parse((await call).bodyAsText ?? "")).toMatchObject({ properties: { provisioningState: "Running" } });
    expect(sends.filter((method) => method === "PUT")).toHaveLength(2);
  });
});

describe("what acts each time is read first", () => {
  const url = vmUrl.replace("web-01", "web-01/runCommands/rc");
  const asked = { location: "westeurope", properties: { source: { script: "date" } } };

  it("a managed run command that was there before may not have run again", async () => {
    const before = { ...asked, properties: { ...asked.properties, provisioningState: "Succeeded" } };
    const { call, sends } = play({ PUT: ["reset"], GET: [found(before)] }, put(url, asked));
    expect(await remedyErrorOf(call)).toMatchObject({ outcome: "unknown" });
    expect(sends.filter((method) => method === "PUT")).toHaveLength(1);
  });

  it("a block is not appended twice", async () => {
    const request = createPipelineRequest({
      url: "https://account.blob.core.windows.net/c/b?comp=appendblock",
      method: "PUT",
      body: "x",
    });
    const { call, sends } = play({ PUT: ["reset"] }, request);
    expect(await remedyErrorOf(call)).toMatchObject({ outcome: "unknown" });
    expect(sends).toEqual(["PUT"]);
  });
});

/**
 * A reading that tells what became of a create had a budget of its own: one that hung was sent again when the call's time
 * was over, and the caller waited for it.
 */
import { createPipelineRequest, type PipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import { isRemedyError } from "azure-remedy";
import { expect, it } from "vitest";
import { thrownBy } from "../support/outcome.js";
import { answer, stubPipeline, vmUrl } from "../support/stub.js";

const maxElapsedMs = 40_000;
const attemptTimeoutMs = 30_000;

it("no reading is begun when the call's time is over", async () => {
  const readAt: number[] = [];
  const timedOut = { error: { code: "OSProvisioningTimedOut", message: "The guest did not report in time." } };
  const { clock, send } = stubPipeline(
    (request) => {
      if (request.method === "PUT") return answer(request, 409, timedOut);
      readAt.push(clock.now() - startedAt);
      return hangs(request);
    },
    { maxElapsedMs, attemptTimeoutMs },
  );
  const startedAt = clock.now();
  const error = await clock.run(thrownBy(send(createPipelineRequest({ url: vmUrl, method: "PUT", body: "{}" }))));
  expect(isRemedyError(error)).toBe(true);
  expect(readAt.length).toBeGreaterThan(0);
  expect(Math.max(...readAt)).toBeLessThanOrEqual(maxElapsedMs);
});

/** Never answers; ends when it is told to. */
const hangs = ({ abortSignal }: PipelineRequest): Promise<PipelineResponse> =>
  new Promise((_, reject) => {
    abortSignal?.addEventListener("abort", () => {
      reject(Object.assign(new Error("The operation was aborted."), { name: "AbortError" }));
    });
  });

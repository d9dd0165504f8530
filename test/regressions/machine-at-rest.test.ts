/**
 * After a lost reply the machine was read for half an hour, although no operation was at work on it: what has not begun after
 * some seconds does not begin. And a collision after a lost reply waited for a reading that took minutes.
 */
import { createPipelineRequest } from "@azure/core-rest-pipeline";
import { isRemedyError } from "azure-remedy";
import { expect, it } from "vitest";
import { thrownBy } from "../support/outcome.js";
import { answer, stubPipeline, vmUrl } from "../support/stub.js";

const view = (provisioning: string): object => ({
  statuses: [{ code: `ProvisioningState/${provisioning}` }, { code: "PowerState/running" }],
});

it.each([
  ["at rest", "succeeded", [5_000, 10_000]],
  ["at work", "updating", [5_000, 10_000, 20_000, 40_000, 70_000, 100_000]],
])("a power-off that timed out is read while the machine is at work: %s", async (_, state, readAtMs) => {
  const readings: number[] = [];
  const { clock, send } = stubPipeline(
    (request) => {
      if (request.method === "POST") return answer(request, 409, { error: { message: "The request timed out." } });
      readings.push(clock.now() - startedAt);
      return answer(request, 200, view(state));
    },
    { maxElapsedMs: 120_000 },
  );
  const startedAt = clock.now();
  const url = vmUrl.replace("?", "/powerOff?");
  const error = await clock.run(thrownBy(send(createPipelineRequest({ url, method: "POST" }))));
  expect(isRemedyError(error) && error.outcome).toBe("unknown");
  expect(readings).toEqual(readAtMs);
});

it("a collision after a lost reply is reported within seconds, though the reading takes minutes", async () => {
  let sends = 0;
  const { clock, send } = stubPipeline((request) => {
    if (request.method === "GET") {
      return new Promise((resolve, reject) => {
        void clock
          .sleep(120_000)
          .then(() => answer(request, 200, {}))
          .then(resolve);
        request.abortSignal?.addEventListener("abort", () => {
          reject(Object.assign(new Error("The operation was aborted."), { name: "AbortError" }));
        });
      });
    }
    sends += 1;
    return sends === 1
      ? Promise.reject(Object.assign(new Error("reset"), { code: "ECONNRESET" }))
      : answer(request, 412, { error: { code: "PreconditionFailed", message: "The condition was not met." } });
  }, {});
  const startedAt = clock.now();
  const error = await clock.run(thrownBy(send(createPipelineRequest({ url: vmUrl, method: "PUT", body: "{}" }))));
  expect(isRemedyError(error) && error.code).toBe("PreconditionFailed");
  expect(clock.now() - startedAt).toBeLessThan(20_000);
});

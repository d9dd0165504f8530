/** Another retry policy outside of ours multiplies its tries with our own. It is reported once; what is thrown stays as it is. */
import type { PipelinePolicy, RestError } from "@azure/core-rest-pipeline";
import { remedyPolicy, type RemedyEvent, type RemedyOptions } from "azure-remedy";
import { describe, expect, it } from "vitest";
import { generations, type Compute } from "../support/clients.js";
import { logLinesOf } from "../support/log-lines.js";
import { remedyErrorOf } from "../support/outcome.js";
import { openThrottle, scene, type Scene } from "../support/scene.js";

const advice = /another retry policy .*removePolicy\({ name: "defaultRetryPolicy" }\), or use withRemedy/;
const faultsOf = ({ said }: Scene): string[] => said.filter((line) => line.startsWith("fault"));

/** The SDK's client with the policy put in by hand. */
function byHand(told: Scene, options: RemedyOptions): Compute {
  const compute = told.client(null);
  const onEvent = (event: RemedyEvent): void => void told.events.push(event);
  compute.client.pipeline.addPolicy(remedyPolicy({ random: () => 0, throttle: openThrottle, onEvent, ...options }), {
    phase: "Retry",
  });
  return compute;
}

function withoutTheirs(compute: Compute): Compute {
  compute.client.pipeline.removePolicy({ name: "defaultRetryPolicy" });
  return compute;
}

function outOfOrder({ arm }: Scene): void {
  arm.addVm({ name: "web-01" });
  arm.fail(
    { status: 500, body: { error: { code: "InternalServerError", message: "Oops." } } },
    { on: "GET virtualMachines", times: Infinity },
  );
}

describe.each(generations)("arm-compute %s", (generation) => {
  it("the SDK's default retry policy was left in: told once, for all calls", () =>
    scene(generation, async (told) => {
      outOfOrder(told);
      const compute = byHand(told, { maxRetries: 1 });

      const lines = await logLinesOf(async () => {
        for (let call = 0; call < 2; call++) {
          const error = await remedyErrorOf(compute.get("web-01"));
          expect(error).toMatchObject({ name: "RestError", statusCode: 500, code: "InternalServerError" });
          expect(error.response?.status).toBe(500);
          expect(error.attempts).toHaveLength(2);
        }
      });

      expect(told.arm.story).toHaveLength(2 * 4 * 2);
      expect(faultsOf(told)).toEqual([expect.stringMatching(advice)]);
      expect(lines.filter((line) => line.includes("defaultRetryPolicy"))).toHaveLength(1);
    }));

  it("a retry policy of the user's own, outside of withRemedy's: told", () =>
    scene(generation, async (told) => {
      outOfOrder(told);
      const policy: PipelinePolicy = {
        name: "stubborn",
        sendRequest: async (request, next) => {
          const { status } = await next(request).catch((error: unknown) => ({
            status: (error as RestError).statusCode,
          }));
          expect(status).toBe(500);
          return next(request);
        },
      };
      const compute = told.client({ maxRetries: 1 }, { additionalPolicies: [{ policy, position: "perCall" }] });

      expect(await remedyErrorOf(compute.get("web-01"))).toMatchObject({ statusCode: 500 });

      expect(told.arm.story).toHaveLength(2 * 2);
      expect(faultsOf(told)).toEqual([expect.stringMatching(advice)]);
    }));

  it("taken out: calls that fail one after the other, and operations with their polls, are nobody's retries", () =>
    scene(generation, async (told) => {
      outOfOrder(told);
      told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines", times: 2 });
      told.arm.fail({ status: 503 }, { on: "GET operations", times: 12 });
      const compute = withoutTheirs(byHand(told, { maxRetries: 2 }));

      for (let n = 0; n < 3; n++) await remedyErrorOf(compute.get("web-01"));
      await remedyErrorOf(compute.create("web-02"));

      expect(told.events.filter(({ type }) => type === "failed")).toHaveLength(4);
      expect(faultsOf(told)).toEqual([]);
    }));

  it("a claims challenge is sent again by the bearer policy, which is none of them", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      const claims = Buffer.from(JSON.stringify({ access_token: {} })).toString("base64");
      told.arm.fail(
        {
          status: 401,
          headers: { "www-authenticate": `Bearer realm="", error="insufficient_claims", claims="${claims}"` },
          body: { error: { code: "InvalidAuthenticationToken", message: "The access token lacks claims." } },
        },
        { on: "GET virtualMachines", times: Infinity },
      );

      const error = await remedyErrorOf(withoutTheirs(byHand(told, {})).get("web-01"));

      expect(error.statusCode).toBe(401);
      expect(told.arm.story).toHaveLength(2);
      expect(faultsOf(told)).toEqual([]);
    }));
});

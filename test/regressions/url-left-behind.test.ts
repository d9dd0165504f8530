/**
 * arm-compute 24 takes the URL of an operation's result from the request that began it, and policies outside of ours take a
 * request for what they sent: a poll that was led to a resubmission's URL must come back with its own.
 */
import type { PipelinePolicy } from "@azure/core-rest-pipeline";
import { expect, it } from "vitest";
import { generations } from "../support/clients.js";
import { begin, resume } from "../support/pollers.js";
import { scene } from "../support/scene.js";

it.each(generations)("arm-compute %s: every request comes back with the URL it went in with", (generation) =>
  scene(
    generation,
    async (told) => {
      const urls: [before: string, after: string][] = [];
      const policy: PipelinePolicy = {
        name: "watchUrls",
        async sendRequest(request, next) {
          const before = request.url;
          const response = await next(request);
          urls.push([before, request.url]);
          return response;
        },
      };
      told.arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines" });
      const setup = { additionalPolicies: [{ policy, position: "perCall" as const }] };
      const poller = await begin(told.client(), "create", "web-01");
      // Follows the same operation, and knows nothing of the URL that the first one is led to.
      const other = await resume(told.client({}, setup), "create", "web-01", await poller.state());
      for (let polls = 0; told.arm.exchanges.filter(({ method }) => method === "PUT").length < 2; polls++) {
        await told.time.sleep(polls * 2_000);
        await poller.poll();
      }

      await other.done();
      await poller.done();

      expect(urls.length).toBeGreaterThan(1);
      for (const [before, after] of urls) expect(after).toBe(before);
    },
    { operations: { polls: 4 } },
  ),
);

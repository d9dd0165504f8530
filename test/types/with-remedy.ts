/** What must compile and what must not, checked by `npm run types`; nothing here runs. */
import type { ComputeManagementClient as Compute24 } from "@azure/arm-compute";
import type { NetworkManagementClient } from "@azure/arm-network";
import type { ResourceManagementClient } from "@azure/arm-resources";
import { createPipelineFromOptions, type Pipeline, type PipelinePolicy } from "@azure/core-rest-pipeline";
import type { ComputeManagementClient as Compute22 } from "arm-compute-22";
import type { ComputeManagementClient as Compute23 } from "arm-compute-23";
import {
  registerProvider,
  remedyPolicy,
  withRemedy,
  type ClientWithPipeline,
  type RemedyEvent,
  type RemedyOptions,
} from "azure-remedy";
import { expectTypeOf } from "vitest";

declare const compute22: Compute22;
declare const compute23: Compute23;
declare const compute24: Compute24;
declare const network: NetworkManagementClient;
declare const resources: ResourceManagementClient;

// A client keeps its type, and with it every method.
expectTypeOf(withRemedy(compute22)).toEqualTypeOf<Compute22>();
expectTypeOf(withRemedy(compute23, {})).toEqualTypeOf<Compute23>();
expectTypeOf(withRemedy(compute24, { maxRetries: 3 })).toEqualTypeOf<Compute24>();
expectTypeOf(withRemedy(network)).toEqualTypeOf<NetworkManagementClient>();
expectTypeOf(withRemedy(resources)).toEqualTypeOf<ResourceManagementClient>();
expectTypeOf(withRemedy({ pipeline: createPipelineFromOptions({}) }).pipeline).toEqualTypeOf<Pipeline>();

class OurClient implements ClientWithPipeline {
  readonly pipeline = createPipelineFromOptions({});
  readonly region = "westeurope";
}
expectTypeOf(withRemedy(new OurClient())).toEqualTypeOf<OurClient>();

// @ts-expect-error a client without a pipeline
withRemedy({ virtualMachines: {} });
// @ts-expect-error a pipeline is no client
withRemedy(createPipelineFromOptions({}));
// @ts-expect-error nothing to add it to
withRemedy();

// The policy goes wherever the SDK takes one, in every generation.
expectTypeOf(remedyPolicy()).toEqualTypeOf<PipelinePolicy>();
compute22.pipeline.addPolicy(remedyPolicy(), { phase: "Retry" });
compute23.pipeline.addPolicy(remedyPolicy({}), { phase: "Retry" });
compute24.pipeline.addPolicy(remedyPolicy({ maxRetries: 0 }), { phase: "Retry" });

// Every option, as the docs write it.
const options: RemedyOptions = {
  maxRetries: 3,
  maxElapsedMs: 60_000,
  maxResubmissions: 1,
  attemptTimeoutMs: 30_000,
  deadline: () => 5_000,
  remedies: [registerProvider()],
  priority: "background",
  circuitBreaker: { failures: 5 },
  onEvent: (event) => {
    expectTypeOf(event).toEqualTypeOf<RemedyEvent>();
  },
};
withRemedy(compute24, options);
withRemedy(compute24, { deadline: new Date(), circuitBreaker: false });
withRemedy(compute24, { deadline: 1_800_000_000_000 });

// A typo is an error, not an option that does nothing.
// @ts-expect-error the option is called maxRetries
withRemedy(compute24, { maxRetry: 3 });
// @ts-expect-error the option is called maxElapsedMs
remedyPolicy({ maxElapsed: 3 });
// @ts-expect-error the field is called failures
remedyPolicy({ circuitBreaker: { failure: 3 } });
// @ts-expect-error a number, not its text
remedyPolicy({ maxRetries: "3" });
// @ts-expect-error foreground or background
remedyPolicy({ priority: "low" });
// @ts-expect-error remedies are called, not named
remedyPolicy({ remedies: ["registerProvider"] });

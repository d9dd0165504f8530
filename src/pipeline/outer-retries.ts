/**
 * A retry policy outside of ours multiplies its tries with our own, and no policy can see the pipeline it stands in. But a
 * request that comes in again after its final verdict gives such a policy away.
 */
import type { PipelineRequest } from "@azure/core-rest-pipeline";
import type { Entry } from "./entry.js";
import type { Settings } from "./options.js";
import { isRemedyError } from "./remedy-error.js";

const advice =
  "another retry policy sends again what remedyPolicy has given up, and their tries multiply: take it out with " +
  'pipeline.removePolicy({ name: "defaultRetryPolicy" }), or use withRemedy(client), which does so';

export class OuterRetries {
  readonly #settings: Settings;
  readonly #entry: Entry | undefined;
  readonly #givenUp = new WeakSet<PipelineRequest>();
  #told = false;

  constructor(settings: Settings, entry: Entry | undefined) {
    this.#settings = settings;
    this.#entry = entry;
  }

  noteEnd(request: PipelineRequest, error: unknown): void {
    if (isRemedyError(error)) this.#givenUp.add(request);
  }

  /** Tells of it when a request is here that was given up before: once, since every call would say the same. */
  lookAt(request: PipelineRequest): void {
    if (this.#told || !(this.#givenUp.has(request) || this.#entry?.hasVerdictOn(request))) return;
    this.#told = true;
    this.#settings.teller.fault("the pipeline", advice, this.#settings.clock.now());
  }
}

/**
 * A retry policy outside ours multiplies our retries, and no policy can see the pipeline it belongs to. But if a
 * request comes in again after its final error, there must be such a policy.
 */
import type { PipelineRequest } from "@azure/core-rest-pipeline";
import type { Settings } from "../recovery/settings.js";
import type { OuterPolicy } from "./outer-policy.js";

const advice =
  "another retry policy sends again what remedyPolicy has given up, and their tries multiply: take it out with " +
  'pipeline.removePolicy({ name: "defaultRetryPolicy" }), or use withRemedy(client), which does so';

export class NestedRetryDetector {
  readonly #settings: Settings;
  readonly #outer: OuterPolicy | undefined;
  readonly #givenUp = new WeakSet<PipelineRequest>();
  #reported = false;

  constructor(settings: Settings, outer: OuterPolicy | undefined) {
    this.#settings = settings;
    this.#outer = outer;
  }

  noteFailure(request: PipelineRequest): void {
    this.#givenUp.add(request);
  }

  /** Reports a request that comes in again after its final error. Once only, since every call would report the same. */
  check(request: PipelineRequest): void {
    if (this.#reported || !(this.#givenUp.has(request) || this.#outer?.isHeld(request))) return;
    this.#reported = true;
    this.#settings.reporter.fault("the pipeline", advice, this.#settings.clock.now());
  }
}

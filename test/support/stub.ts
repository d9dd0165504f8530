/** A pipeline of the policy alone before a transport of the test's own, in virtual time: thousands of calls in a moment. */
import {
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  type PipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import { remedyPolicy, type RemedyOptions } from "azure-remedy";
import { freePassage } from "./free-passage.js";
import { virtualClock, type VirtualClock } from "./virtual-clock.js";

/** Answers, or throws; `send` counts from 0. */
export type Transport = (request: PipelineRequest, send: number) => PipelineResponse | Promise<PipelineResponse>;

export interface StubPipeline {
  readonly clock: VirtualClock;
  readonly send: (request: PipelineRequest) => Promise<PipelineResponse>;
}

/**
 * Without chance and without a throttle, unless the options say otherwise.
 * @param deadlineInMs milliseconds from the start of the clock until the deadline
 */
export function stubPipeline(transport: Transport, options: RemedyOptions = {}, deadlineInMs?: number): StubPipeline {
  const clock = virtualClock();
  const pipeline = createEmptyPipeline();
  const deadline = deadlineInMs === undefined ? {} : { deadline: clock.now() + deadlineInMs };
  const settings = { clock, random: () => 0, throttle: freePassage, ...deadline, ...options };
  pipeline.addPolicy(remedyPolicy(settings), { phase: "Retry" });
  let sends = 0;
  const http = { sendRequest: async (request: PipelineRequest) => transport(request, sends++) };
  return { clock, send: (request) => pipeline.sendRequest(http, request) };
}

export const vmUrl =
  "https://management.azure.com/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01?api-version=2024-07-01";

export const get = (url = vmUrl): PipelineRequest => createPipelineRequest({ url });

/** An answer; a body that is no text is sent as JSON. */
export function answer(
  request: PipelineRequest,
  status: number,
  body: unknown = "",
  headers: Record<string, string> = {},
): PipelineResponse {
  const bodyAsText = typeof body === "string" ? body : JSON.stringify(body);
  return { request, status, headers: createHttpHeaders(headers), bodyAsText };
}

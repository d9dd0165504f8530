/** One look at a resource that another operation holds, on behalf of a request that it refused. */
import type { PipelineRequest, SendRequest } from "@azure/core-rest-pipeline";
import type { AddedRequests } from "../lro/operation.js";
import { jsonOf } from "../lro/json-body.js";
import { watchedStateOf, type WatchedState } from "./conflict-watch.js";
import { diagnoseSend } from "./diagnosing.js";
import type { Engine } from "./engine.js";
import { ownRequest } from "./own-request.js";
import { newRequestState } from "./request-state.js";
import { throwIfAborted } from "./sender.js";

/** What a look may wait for its turn in the throttle, in milliseconds. */
const maxQueueWaitMs = 1_000;

/** @throws AbortError when the caller aborts */
export async function readWatched(
  engine: Engine,
  url: string,
  { request, next, countedIn }: { request: PipelineRequest; next: SendRequest; countedIn: AddedRequests },
): Promise<WatchedState> {
  const { settings } = engine;
  const own = ownRequest(request, { method: "GET", url });
  const reading = newRequestState(own, next, settings.clock.now(), { nested: true, maxQueueWaitMs, countedIn });
  const sent = await engine.attempt(reading);
  throwIfAborted(sent, own);
  if (sent.kind !== "response") {
    if (sent.kind === "error") sent.permit.settle();
    return "unreadable";
  }
  if (sent.response.status >= 400) diagnoseSend(sent, own, settings);
  else sent.permit.settle(sent.response);
  return watchedStateOf(sent.response.status, jsonOf(sent.response));
}

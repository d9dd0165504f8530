/** Requests from one part of the service to another: Resource Manager writes the resources of a template this way. */
import type { JsonObject } from "./json.js";
import type { Operation } from "./operations.js";
import type { Reply } from "./wire.js";

/** It needs no token, meets no throttle and does not appear in the story. */
export interface InnerRequest {
  readonly method: string;
  readonly path: string;
  readonly apiVersion: string;
  readonly body?: JsonObject;
}

export interface InnerReply {
  readonly reply: Reply;
  /** What the request began. */
  readonly operation: Operation | undefined;
}

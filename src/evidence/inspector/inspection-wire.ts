/** How a run of VM Inspector reaches the service and the storage that holds its report. */
import type { BlobRequest } from "../../recovery/evidence.js";

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  header(name: string): string | undefined;
}

export interface InspectionWire {
  send(method: "GET" | "POST", path: string, body?: unknown): Promise<Reply>;
  /** Follows the address that the service gave, which may be on another host. */
  poll(url: string): Promise<Reply>;
  sleep(ms: number): Promise<void>;
  now(): number;
  /** The error of a failure: the service's response, or the one it would have given. */
  fail(error: unknown, reason: string): Error;
  readBlob?(request: BlobRequest): Promise<Uint8Array>;
}

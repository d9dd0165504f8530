/** How a run of VM Inspector speaks to the service and to the storage that holds its report. */
import type { BlobRequest } from "../../recovery/evidence.js";

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  header(name: string): string | undefined;
}

/** How a run speaks to the service. */
export interface InspectionWire {
  send(method: "GET" | "POST", path: string, body?: unknown): Promise<Reply>;
  /** Follows where the service said, which may be another host. */
  poll(url: string): Promise<Reply>;
  sleep(ms: number): Promise<void>;
  now(): number;
  /** The error of a failure: what the service answered, or what it would have. */
  fail(error: unknown, reason: string): Error;
  readBlob?(request: BlobRequest): Promise<Uint8Array>;
}

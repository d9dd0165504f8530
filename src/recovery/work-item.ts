/**
 * The item of a larger run that the current calls belong to. `azure-remedy/fleet` sets it, so that a run over many
 * machines can follow the calls of each without code in the caller. It is shared by every copy of the package in the
 * process, whichever of them made the client.
 */
import type { PipelineRequest, SendRequest } from "@azure/core-rest-pipeline";
import type { RemedyEvent } from "./events.js";

/** What a run wants to know about the calls made for one of its items. */
export interface WorkItem {
  /** Names the item, for events. */
  readonly key: string;
  /**
   * How requests of the item reach the service: `next`, or a wrapper around it. Called once for each request of a
   * client.
   */
  around(request: PipelineRequest, next: SendRequest): SendRequest;
  onEvent(event: RemedyEvent): void;
}

/**
 * Keeps the item of the running code: Node's `AsyncLocalStorage`, which the core does not import, since it also runs in
 * browsers.
 */
export interface WorkItemStorage {
  getStore(): WorkItem | undefined;
  run<T>(item: WorkItem, work: () => T): T;
}

/** The number is the version of {@link WorkItem}: copies of the package that differ in it do not see each other's items. */
const slot = Symbol.for("azure-remedy/work-item@1");
const shared = globalThis as { [slot]?: WorkItemStorage | undefined };

/** The item that the running code belongs to, if any. */
export function currentWorkItem(): WorkItem | undefined {
  return shared[slot]?.getStore();
}

/** The storage of the process; the first caller creates it. */
export function workItemStorage(make: () => WorkItemStorage): WorkItemStorage {
  return (shared[slot] ??= make());
}

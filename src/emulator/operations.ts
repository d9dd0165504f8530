/**
 * Long-running operations. Each one's life is a generator that pauses while the operation runs and updates the resource
 * when it ends. No timer drives it: each request, and each read of the state, first applies the effects of the time
 * that has passed.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "../time/clock.js";
import type { JsonObject } from "./json.js";
import type { OperationPace, PollingStyle } from "./options.js";

export type OperationStatus = "InProgress" | "Succeeded" | "Failed" | "Canceled";

export interface OperationFailure {
  readonly status: "Failed" | "Canceled";
  /** `{ code, message, details?, innererror? }`; if omitted, the operation fails without an error. */
  readonly error: JsonObject | undefined;
  /** The status with which `Location` polling reports the failure. */
  readonly httpStatus: number;
  /** The work still completes later: the operation only gave up waiting. */
  readonly completesAnyway: boolean;
}

/** Work that takes as long as its parts do. */
export interface OperationWork {
  /** Advances whatever can advance; true once all of it has ended. `looked`: a poll found it running. */
  advance(looked: boolean): boolean;
  /** Why it failed, once it has ended. */
  readonly failure: OperationFailure | undefined;
}

export interface OperationPlan {
  /** The method of the request that began it. */
  readonly method: string;
  /** The resource it works on. GETs of that resource count as looks. */
  readonly resourceId: string;
  readonly namespace: string;
  readonly location: string;
  readonly style: PollingStyle;
  readonly pace: OperationPace;
  /** An injected fault. */
  readonly failure: OperationFailure | undefined;
  /** Path of its status documents, if it is not the default for the namespace and location. */
  readonly statusPath: string | undefined;
  /** Replaces the pace. */
  readonly work: OperationWork | undefined;
  readonly succeed: () => void;
  /** Leaves the resource as a failed operation leaves it. */
  readonly fail: (failure: OperationFailure) => void;
  /** The body of the final `Location` response; undefined for an empty one. */
  readonly result: () => unknown;
}

export interface Operation extends OperationPlan {
  /** The GUID of its URL. */
  readonly id: string;
  /** Its name in the story: `op-1`. */
  readonly label: string;
  readonly startedAt: number;
  readonly status: OperationStatus;
  readonly endedAt: number | undefined;
  readonly error: JsonObject | undefined;
}

type LiveOperation = { -readonly [Key in keyof Operation]: Operation[Key] } & {
  life: Life;
  /** Since when no client knows about it. */
  unfollowedSince: number | undefined;
};
/** Pauses while nothing changes; resumed with `true` by a look that found it running. */
type Life = Generator<undefined, void, boolean>;

/** An operation unknown to its client needs no looks to end: it ends once its time and this have passed. */
const unfollowedMs = 1000;
/** `polls: Infinity` means an operation that never ends, followed or not. */
const mostLooks = 1000;

/** Ended operations stay readable this long; real ones for about a week. */
const endedKept = 10_000;

export class Operations {
  readonly #byId = new Map<string, LiveOperation>();
  readonly #alive = new Set<LiveOperation>();
  /** The same by the resource they work on, its id in lower case. */
  readonly #aliveByResource = new Map<string, Set<LiveOperation>>();
  /** None can end by time alone before this: most requests need not check thousands of operations. */
  #nextDueAt = Infinity;
  #count = 0;

  constructor(private readonly clock: Clock) {}

  begin(plan: OperationPlan): Operation {
    this.#supersede(plan.resourceId);
    this.#count += 1;
    const operation: LiveOperation = {
      ...plan,
      id: randomUUID(),
      label: `op-${this.#count}`,
      startedAt: this.clock.now(),
      status: "InProgress",
      endedAt: undefined,
      error: undefined,
      life: idle(),
      unfollowedSince: undefined,
    };
    operation.life = lifeOf(operation, this.clock);
    const isOver = operation.life.next(false).done;
    this.#byId.set(operation.id, operation);
    if (!isOver) this.#keepAlive(operation);
    this.#forgetOldest();
    return operation;
  }

  find(id: string): Operation | undefined {
    return this.#byId.get(id);
  }

  /** The operation currently working on the resource. */
  running(resourceId: string): Operation | undefined {
    return this.#aliveOn(resourceId).find((operation) => operation.status === "InProgress");
  }

  /** Applies the effects of the time that has passed. */
  pass(): void {
    const now = this.clock.now();
    if (now < this.#nextDueAt) return;
    for (const operation of this.#alive) if (now >= dueAtOf(operation)) this.#advance(operation, false);
    this.#nextDueAt = Infinity;
    for (const operation of this.#alive) this.#nextDueAt = Math.min(this.#nextDueAt, dueAtOf(operation));
  }

  /** The operation was polled; the next poll may find it further on. */
  lookedAt(operation: Operation): void {
    const live = this.#byId.get(operation.id);
    // Work that continues after an operation gave up shows only in the resource.
    if (live?.status === "InProgress" && this.#alive.has(live)) this.#advance(live, true);
  }

  /**
   * The resource was read: this counts as a look at its operation, and at work that continues after its operation gave
   * up.
   */
  lookedAtResource(resourceId: string): void {
    for (const operation of this.#aliveOn(resourceId)) this.#advance(operation, true);
  }

  /** The response with its link was lost, so no client can poll it. */
  unfollow(operation: Operation): void {
    const live = this.#byId.get(operation.id);
    if (live) live.unfollowedSince = this.clock.now();
  }

  /** A newer operation takes the resource over. */
  preempt(resourceId: string): void {
    for (const operation of this.#aliveOn(resourceId)) {
      this.#bury(operation);
      if (operation.status !== "InProgress") continue;
      end(operation, "Canceled", this.clock, {
        code: "OperationPreempted",
        message: "The operation has been preempted by a more recent operation.",
      });
    }
  }

  /** Finishes everything, whatever it still had to wait for. */
  finishAll(): void {
    while (this.#alive.size > 0) {
      for (const operation of [...this.#alive]) this.#finish(operation);
    }
  }

  get all(): readonly Operation[] {
    return [...this.#byId.values()];
  }

  #advance(operation: LiveOperation, looked: boolean): void {
    const { unfollowedSince = Infinity, life, pace } = operation;
    const isOnItsOwn = this.clock.now() - unfollowedSince >= unfollowedMs;
    const looks = isOnItsOwn ? Math.max(1, Math.min(pace.polls, mostLooks)) : 1;
    for (let look = 0; look < looks; look += 1) {
      if (!life.next(looked || isOnItsOwn).done) continue;
      this.#bury(operation);
      return;
    }
  }

  #finish(operation: LiveOperation): void {
    // Its parts are operations of their own, which end in this round or the next.
    if (operation.work && !operation.work.advance(true)) return;
    this.#bury(operation);
    const failure = failureOf(operation);
    if (operation.status === "InProgress" && failure) {
      end(operation, failure.status, this.clock, failure.error);
      if (!failure.completesAnyway) {
        operation.fail(failure);
        return;
      }
    }
    operation.succeed();
    if (operation.status === "InProgress") end(operation, "Succeeded", this.clock);
  }

  /** A newer operation cancels what one that gave up would still have completed. */
  #supersede(resourceId: string): void {
    for (const operation of this.#aliveOn(resourceId)) {
      if (operation.status !== "InProgress") this.#bury(operation);
    }
  }

  #aliveOn(resourceId: string): LiveOperation[] {
    return [...(this.#aliveByResource.get(resourceId.toLowerCase()) ?? [])];
  }

  #keepAlive(operation: LiveOperation): void {
    this.#alive.add(operation);
    this.#nextDueAt = Math.min(this.#nextDueAt, dueAtOf(operation));
    const id = operation.resourceId.toLowerCase();
    const there = this.#aliveByResource.get(id);
    if (there) there.add(operation);
    else this.#aliveByResource.set(id, new Set([operation]));
  }

  #bury(operation: LiveOperation): void {
    this.#alive.delete(operation);
    const id = operation.resourceId.toLowerCase();
    const there = this.#aliveByResource.get(id);
    there?.delete(operation);
    if (there?.size === 0) this.#aliveByResource.delete(id);
  }

  #forgetOldest(): void {
    if (this.#byId.size <= endedKept) return;
    for (const [id, operation] of this.#byId) {
      if (this.#alive.has(operation)) continue;
      this.#byId.delete(id);
      return;
    }
  }
}

/** Work has no time of its own. */
function dueAtOf({ work, startedAt, pace }: LiveOperation): number {
  return work ? -Infinity : startedAt + pace.durationMs;
}

/**
 * The life of an operation, from acceptance to its end, and beyond if the work continues after the operation gave up.
 */
function* lifeOf(operation: LiveOperation, clock: Clock): Life {
  if (operation.work) yield* working(operation.work);
  else yield* running(operation.pace, clock);
  const failure = failureOf(operation);
  if (!failure) {
    operation.succeed();
    end(operation, "Succeeded", clock);
    return;
  }
  end(operation, failure.status, clock, failure.error);
  if (!failure.completesAnyway) {
    operation.fail(failure);
    return;
  }
  yield* running(operation.pace, clock);
  operation.succeed();
}

/** Pauses until both the time and the looks of the pace have passed. */
export function* running(pace: OperationPace, clock: Clock): Life {
  const dueAt = clock.now() + pace.durationMs;
  let looks = 0;
  while (looks < pace.polls || clock.now() < dueAt) {
    if (yield) looks += 1;
  }
}

/** The first look begins the work, so that the response shows it as accepted. */
function* working(work: OperationWork): Life {
  for (let looked = yield; !work.advance(looked); looked = yield);
}

function failureOf({ work, failure }: LiveOperation): OperationFailure | undefined {
  return work ? (work.failure ?? failure) : failure;
}

function* idle(): Life {
  yield;
}

function end(operation: LiveOperation, status: OperationStatus, clock: Clock, error?: JsonObject): void {
  operation.status = status;
  operation.endedAt = clock.now();
  operation.error = error;
}

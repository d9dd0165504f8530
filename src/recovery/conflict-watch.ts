/**
 * Waits for the operation that another request collided with by watching the resource. A conflict ends when that
 * operation does, and the resource shows when: so it is read a few times a minute, instead of being written again and
 * again.
 *
 * A resource is watched only if it is seen at work. A run command or a change of a dependent resource does not show in
 * its state, so there only the usual backoff helps; the same applies to a request that a free resource refused.
 */
import type { Throttle } from "../throttle/throttle.js";

export type WatchedState = "busy" | "free" | "unreadable";

/** Milliseconds between two reads of one resource: five a minute, shared by all that wait for it. */
export const lookIntervalMs = 12_000;

interface Watched {
  /** Epoch milliseconds. */
  lookedAt: number;
  state: WatchedState;
  /** The read in flight. */
  pending: Promise<WatchedState> | undefined;
}

export class ConflictWatch {
  readonly #watched = new Map<string, Watched>();

  /** What the resource shows: from a recent read, from the one in flight, or from a new one. */
  async look(url: string, now: number, read: () => Promise<WatchedState>): Promise<WatchedState> {
    const known = this.#watched.get(url);
    if (known?.pending) return known.pending;
    if (known && isFresh(known, now)) return known.state;
    const watched: Watched = { lookedAt: now, state: "busy", pending: undefined };
    this.#forgetOld(now);
    this.#watched.set(url, watched);
    watched.pending = read();
    try {
      watched.state = await watched.pending;
    } catch (error) {
      // Its caller went away: those who joined it read again.
      this.#watched.delete(url);
      throw error;
    } finally {
      watched.pending = undefined;
    }
    return watched.state;
  }

  /** Milliseconds until the next read of a resource that was just read. */
  nextLookMs(url: string, now: number): number {
    const known = this.#watched.get(url);
    return known && isFresh(known, now) ? known.lookedAt + lookIntervalMs - now : 0;
  }

  #forgetOld(now: number): void {
    for (const [url, { lookedAt, pending }] of this.#watched) {
      if (!pending && now - lookedAt >= lookIntervalMs) this.#watched.delete(url);
    }
  }
}

/** A clock that was set back makes no look last for hours. */
const isFresh = ({ lookedAt }: Watched, now: number): boolean => now >= lookedAt && now - lookedAt < lookIntervalMs;

const watches = new WeakMap<Throttle, ConflictWatch>();

/** One for all clients that share a throttle, since they wait for the same limits. */
export function conflictWatchOf(throttle: Throttle): ConflictWatch {
  const known = watches.get(throttle) ?? new ConflictWatch();
  watches.set(throttle, known);
  return known;
}

/**
 * The resource whose state shows when a conflict is over; undefined if none does. A virtual machine locks everything
 * below it.
 */
export function watchedUrlOf(method: string, url: string): string | undefined {
  if (method === "GET" || method === "HEAD") return undefined;
  const queryAt = url.indexOf("?");
  const path = queryAt < 0 ? url : url.slice(0, queryAt);
  const query = queryAt < 0 ? "" : url.slice(queryAt);
  const machine = /^.*\/providers\/Microsoft\.Compute\/virtualMachines\/[^/]+/i.exec(path)?.[0];
  if (machine !== undefined) return machine + query;
  const isResource = /\/resourceGroups\/[^/]+\/providers\/[^/]+(?:\/[^/]+\/[^/]+)+$/i.test(path);
  return isResource && method !== "POST" ? url : undefined;
}

/** What a body says about its resource. */
export function watchedStateOf(status: number, body: unknown): WatchedState {
  if (status !== 200) return "unreadable";
  const { properties } = (body ?? {}) as { properties?: { provisioningState?: unknown } };
  const state = properties?.provisioningState;
  if (typeof state !== "string") return "unreadable";
  return /^(?:Succeeded|Failed|Canceled)$/i.test(state) ? "free" : "busy";
}

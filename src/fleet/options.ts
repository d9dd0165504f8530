/** The options of a run, and their check at creation. */
import { check, checkCount, checkNames, print } from "../option-check.js";
import type { Deadline } from "../recovery/settings.js";
import type { RemedyEvent } from "../recovery/events.js";
import { systemClock, type Clock } from "../time/clock.js";
import type { Cause } from "./causes.js";
import type { JournalStore } from "./journal/store.js";

/** How an item ended. */
export type FleetStatus =
  /** The function returned. */
  | "succeeded"
  /** The function threw. */
  | "failed"
  /** It may be done, half done or not done: a reply was lost, or the run ended in the middle of it. */
  | "unknown"
  /** An earlier process of the same run already did it. */
  | "skipped"
  /** The run ended before its turn: its function was not called, or had sent no write. */
  | "notStarted";

/** Counts while the run is in progress. */
export interface FleetProgress {
  /** Items known so far; all of them if the source is a list. */
  readonly known: number;
  /** Items whose function is running. */
  readonly running: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly unknown: number;
  readonly skipped: number;
  readonly notStarted: number;
  /** Why items failed so far, most frequent cause first. */
  readonly causes: readonly Cause[];
}

/** An event of a client that the function uses, with the item it belongs to and the item's name. */
export type FleetEvent<Item = unknown> = RemedyEvent & { readonly key: string; readonly item: Item };

/** All optional. */
export interface FleetOptions<Item> {
  /** Names an item, the same each time. Default the item itself if it is a string, otherwise its `id`. */
  readonly key?: (item: Item) => string;
  /** Path of a file of JSON lines, or a store. With it, an interrupted run continues where it was. Default none. */
  readonly journal?: string | JournalStore;
  /**
   * Name of the run. What succeeded under the same name is skipped. Default: the last run of the journal if it was cut
   * short, otherwise a new one.
   */
  readonly run?: string;
  /** The most items at a time. Default as many as the throttle allows, at most 1000. */
  readonly concurrency?: number;
  /** When the run must have ended: a `Date`, epoch milliseconds, or a function that returns the milliseconds left. */
  readonly deadline?: Deadline;
  /** Ends the run: nothing more is sent, and each item gets its result. */
  readonly signal?: AbortSignal;
  /** Called after each result. What it throws is ignored. */
  readonly onProgress?: (progress: FleetProgress) => void;
  /** Called with every event of the clients that the function uses. What it throws is ignored. */
  readonly onEvent?: (event: FleetEvent<Item>) => void;
  /** Replaces time, for tests. */
  readonly clock?: Clock;
}

export interface FleetSettings<Item> extends FleetOptions<Item> {
  readonly key: (item: Item) => string;
  readonly clock: Clock;
}

const known = Object.keys({
  key: true,
  journal: true,
  run: true,
  concurrency: true,
  deadline: true,
  signal: true,
  onProgress: true,
  onEvent: true,
  clock: true,
} satisfies Record<keyof FleetOptions<unknown>, true>);

/** @throws TypeError or RangeError that names the option and the value */
export function settleFleet<Item>(options: FleetOptions<Item>): FleetSettings<Item> {
  check(isObject(options), "options", options, "an object");
  checkNames("runFleet", options, known);
  const { key = defaultKey, journal, run, concurrency, signal, clock = systemClock, deadline } = options;
  check(typeof key === "function", "key", key, "a function that names an item");
  check(
    journal === undefined ||
      (typeof journal === "string"
        ? journal !== ""
        : typeof (journal as Partial<JournalStore> | null)?.open === "function"),
    "journal",
    journal,
    "a path or a store with open()",
  );
  check(run === undefined || (typeof run === "string" && run !== ""), "run", run, "a name");
  if (concurrency !== undefined) {
    checkCount("concurrency", concurrency);
    check(concurrency > 0, "concurrency", concurrency, "1 or more");
  }
  check(
    signal === undefined || typeof (signal as Partial<AbortSignal> | null)?.addEventListener === "function",
    "signal",
    signal,
    "an AbortSignal",
  );
  check(
    deadline === undefined || typeof deadline === "function" || Number.isFinite(Number(deadline)),
    "deadline",
    deadline,
    "a valid Date, epoch milliseconds, or a function giving the milliseconds left",
  );
  for (const name of ["onProgress", "onEvent"] as const)
    check(options[name] === undefined || typeof options[name] === "function", name, options[name], "a function");
  return { ...options, key, clock };
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function defaultKey(item: unknown): string {
  const id: unknown = typeof item === "string" ? item : (item as { id?: unknown } | null | undefined)?.id;
  if (typeof id === "string" && id !== "") return id;
  throw new TypeError(
    `azure-remedy: an item has no id (it is ${print(item)}). Give options.key, a function that names an item.`,
  );
}

/** Milliseconds from now until a deadline; Infinity if there is none. */
export function msUntil(deadline: Deadline | undefined, now: number): number {
  if (deadline === undefined) return Infinity;
  const left = typeof deadline === "function" ? deadline() : Number(deadline) - now;
  return Number.isNaN(left) ? Infinity : left;
}

/**
 * One function over many machines. As many run at once as the throttle allows, subscriptions take turns, every item
 * gets exactly one result, and an interrupted run continues from its journal without doing anything twice.
 */
import { setMaxListeners } from "node:events";
import { check } from "../option-check.js";
import { log } from "../log.js";
import { messageOf } from "../recovery/event-reporter.js";
import { isRemedyError } from "../recovery/remedy-error.js";
import { AbortError } from "../time/clock.js";
import { Bell } from "./bell.js";
import { CauseTally, failureInShort, type Cause } from "./causes.js";
import { FairOrder, type Entry, type ItemSource } from "./fair-order.js";
import { ItemWork } from "./item-work.js";
import { openJournal, type RunJournal } from "./journal/journal.js";
import type { JournalStore } from "./journal/store.js";
import {
  msUntil,
  settleFleet,
  type FleetOptions,
  type FleetProgress,
  type FleetSettings,
  type FleetStatus,
} from "./options.js";
import { ResultQueue } from "./results.js";
import { runAsItem } from "./run-as-item.js";
import { StartGate } from "./start-gate.js";

/** The result of one item. */
export interface FleetResult<Item, Value> {
  readonly key: string;
  readonly item: Item;
  readonly status: FleetStatus;
  /** What the function returned, for `succeeded`. */
  readonly value?: Value;
  /** What it threw, for `failed` and `unknown`. */
  readonly error?: unknown;
}

/** The result of a run. */
export interface FleetSummary {
  readonly succeeded: number;
  readonly failed: number;
  readonly unknown: number;
  /** Done by an earlier process of the same run. */
  readonly skipped: number;
  readonly notStarted: number;
  /** Why items failed or ended unknown, most frequent cause first. */
  readonly causes: readonly Cause[];
}

/** A run in progress. Its results can be iterated once, as they come; `break` ends the run. */
export interface FleetRun<Item, Value> extends AsyncIterable<FleetResult<Item, Value>> {
  /**
   * Settles when every item has its result.
   * Rejects when the journal cannot be opened or written, or the source or `key` throws. What was begun is seen through
   * before, and of a list nothing is begun where `key` throws.
   */
  readonly summary: Promise<FleetSummary>;
}

/** What the function gets besides the item. */
export interface FleetContext {
  /** Aborts when the run ends early: pass it on as `abortSignal`. */
  readonly signal: AbortSignal;
  readonly key: string;
}

/** After the run has ended, a function that ignores its signal gets this long before its item counts as unknown. */
const graceMs = 5_000;

/**
 * Runs a function for each of many items, usually machines.
 *
 * ```ts
 * const run = runFleet(compute.virtualMachines.listAll(), (vm, { signal }) =>
 *   compute.virtualMachines.deallocate("rg", vm.name!, { abortSignal: signal }),
 *   { journal: "nightly.jsonl" });
 * for await (const { key, status } of run) console.log(key, status);
 * console.log(await run.summary);
 * ```
 *
 * The calls that the function makes through clients of `withRemedy` belong to the item: their events carry it, and the
 * journal follows them.
 * @param items a list, an iterable, or an async iterable such as a pager of the SDK
 * @param work runs once for each item; a poller that it returns is waited for
 * @throws TypeError or RangeError that names a bad option and its value
 */
export function runFleet<Item, Value>(
  items: ItemSource<Item>,
  work: (item: Item, context: FleetContext) => Value | PromiseLike<Value>,
  options: FleetOptions<Item> = {},
): FleetRun<Item, Value> {
  check(isSource(items), "items", items, "a list, an iterable or an async iterable");
  check(typeof work === "function", "work", work, "a function that runs for each item");
  return new Fleet(items, work, settleFleet(options));
}

class Fleet<Item, Value> implements FleetRun<Item, Value> {
  readonly summary: Promise<FleetSummary>;
  readonly #settings: FleetSettings<Item>;
  readonly #work: (item: Item, context: FleetContext) => Value | PromiseLike<Value>;
  readonly #bell = new Bell();
  readonly #order: FairOrder<Item>;
  readonly #gate: StartGate;
  readonly #ending = new AbortController();
  readonly #results: ResultQueue<FleetResult<Item, Value>>;
  readonly #counts = { succeeded: 0, failed: 0, unknown: 0, skipped: 0, notStarted: 0 };
  readonly #tally = new CauseTally();
  readonly #keys = new Set<string>();
  #journal: RunJournal | undefined;
  #fault: { error: unknown } | undefined;

  constructor(
    items: ItemSource<Item>,
    work: (item: Item, context: FleetContext) => Value | PromiseLike<Value>,
    settings: FleetSettings<Item>,
  ) {
    this.#settings = settings;
    this.#work = work;
    const ring = (): void => this.#bell.ring();
    this.#order = new FairOrder(items, settings.key, ring);
    this.#gate = new StartGate(settings.concurrency, ring);
    // Every call under way listens to it; more than ten are no leak.
    setMaxListeners(0, this.#ending.signal);
    this.#results = new ResultQueue(() => this.#end());
    this.summary = this.#conduct();
    // Whoever iterates the results learns of a fault there; an unused summary must not end the process.
    this.summary.catch(() => undefined);
  }

  [Symbol.asyncIterator](): AsyncIterator<FleetResult<Item, Value>> {
    return this.#results;
  }

  async #conduct(): Promise<FleetSummary> {
    const { clock, journal, signal, deadline } = this.#settings;
    const onAbort = (): void => this.#end();
    signal?.addEventListener("abort", onAbort);
    const alarm = new AbortController();
    try {
      if (signal?.aborted) this.#end();
      this.#endAt(msUntil(deadline, clock.now()), alarm.signal);
      if (journal !== undefined) this.#journal = await this.#openOrEnd(journal);
      await this.#runAll();
      if (this.#fault) throw this.#fault.error;
      const isCutShort = this.#ending.signal.aborted && this.#counts.notStarted + this.#counts.unknown > 0;
      if (!isCutShort) await this.#journal?.write({ type: "finished", at: this.#now() });
      this.#results.close();
      return { ...this.#counts, causes: this.#tally.causes };
    } catch (error) {
      this.#results.close({ error });
      throw error;
    } finally {
      alarm.abort();
      signal?.removeEventListener("abort", onAbort);
      await this.#journal?.close().catch(warnOfClosing);
    }
  }

  #endAt(leftMs: number, signal: AbortSignal): void {
    if (leftMs <= 0) this.#end();
    if (leftMs <= 0 || leftMs === Infinity) return;
    this.#settings.clock.sleep(leftMs, signal, { background: true }).then(
      () => this.#end(),
      () => undefined,
    );
  }

  /** The journal, or nothing when the run is ended while another one holds it: then nothing has been done. */
  async #openOrEnd(journal: string | JournalStore): Promise<RunJournal | undefined> {
    const opening = openJournal(journal, this.#settings.run, this.#settings.clock.now());
    const opened = await Promise.race([opening, aborted(this.#ending.signal)]);
    if (!opened) opening.then((late) => late.close()).catch(() => undefined);
    return opened;
  }

  /** Nothing more is begun, and nothing more is sent. */
  #end(): void {
    this.#ending.abort();
    this.#bell.ring();
  }

  async #runAll(): Promise<void> {
    const running = new Set<Promise<void>>();
    while (!this.#hasEnded() && !this.#order.isOver && !this.#hasBadList()) {
      const entry = this.#order.take((turn) => this.#gate.hasRoom(turn));
      if (!entry) {
        await this.#bell.wait();
        continue;
      }
      const run = this.#runItem(entry).catch((error: unknown) => this.#fail(error));
      running.add(run);
      void run.finally(() => running.delete(run));
    }
    // Where the source has failed, what was begun before is seen through.
    if (this.#order.fault) this.#fault ??= this.#order.fault;
    if (!this.#order.isOver) for (const entry of this.#order.drain()) this.#give({ ...entry, status: "notStarted" });
    await Promise.all(running);
  }

  /** A list is known whole before the first function is called; with an item that has no name, none is. */
  #hasBadList(): boolean {
    return this.#order.isList && this.#order.fault !== undefined;
  }

  #hasEnded(): boolean {
    return this.#ending.signal.aborted;
  }

  /** The journal cannot be written: nothing more is sent, since nobody would know of it, and the run ends with the error. */
  #fail(error: unknown): void {
    this.#fault ??= { error };
    this.#end();
  }

  async #runItem(entry: Entry<Item>): Promise<void> {
    const { item, key, turn } = entry;
    if (this.#keys.has(key)) {
      this.#give({
        item,
        key,
        status: "failed",
        error: new TypeError(
          `azure-remedy: two items have the key ${JSON.stringify(key)}; set options.key to a function that names each item differently.`,
        ),
      });
      return;
    }
    this.#keys.add(key);
    if (this.#journal?.historyOf(key)?.status === "succeeded") {
      this.#give({ item, key, status: "skipped" });
      return;
    }
    const pass = this.#gate.enter(turn);
    try {
      const itemWork = this.#workFor(entry, pass.admitted);
      this.#noteStart(key);
      const result = await this.#outcome(entry, itemWork);
      await this.#noteResult(result);
      pass.leave();
      this.#give(result);
    } finally {
      pass.leave();
    }
  }

  #workFor({ item, key }: Entry<Item>, onAdmitted: () => void): ItemWork {
    return new ItemWork({
      key,
      journal: this.#journal,
      signal: this.#ending.signal,
      onAdmitted,
      onEvent: (event) => this.#hand(this.#settings.onEvent, { ...event, key, item }),
      now: () => this.#settings.clock.now(),
    });
  }

  async #outcome({ item, key }: Entry<Item>, itemWork: ItemWork): Promise<FleetResult<Item, Value>> {
    const { signal } = this.#ending;
    try {
      const value = await this.#orEnd(runAsItem(itemWork, () => this.#work(item, { signal, key })));
      return { item, key, status: "succeeded", value };
    } catch (error) {
      if (isUnknown(error)) return { item, key, status: "unknown", error };
      if (!signal.aborted || !isAbort(error)) return { item, key, status: "failed", error };
      return itemWork.hasSentNothing ? { item, key, status: "notStarted" } : { item, key, status: "unknown", error };
    }
  }

  /** The function's result, or an abort some time after the end of the run. */
  async #orEnd<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this.#ending;
    const done = new AbortController();
    const end = new Promise<never>((_resolve, reject) => {
      const onEnd = (): void => {
        this.#settings.clock.sleep(graceMs, done.signal, { background: true }).then(
          () => reject(new AbortError("The run ended before the function did.")),
          () => undefined,
        );
      };
      if (signal.aborted) onEnd();
      else {
        signal.addEventListener("abort", onEnd);
        done.signal.addEventListener("abort", () => signal.removeEventListener("abort", onEnd));
      }
    });
    try {
      return await Promise.race([promise, end]);
    } finally {
      done.abort();
    }
  }

  #noteStart(key: string): void {
    // Not awaited: if a crash loses this record, the item had done nothing yet.
    this.#journal?.write({ type: "item", key, at: this.#now() }).catch((error: unknown) => this.#fail(error));
  }

  async #noteResult({ key, status, error }: FleetResult<Item, Value>): Promise<void> {
    if (!this.#journal || status === "notStarted" || status === "skipped") return;
    const why = status === "succeeded" ? {} : { error: inShort(error) };
    await this.#journal.write({ type: "result", key, status, ...why, at: this.#now() });
  }

  #now(): string {
    return new Date(this.#settings.clock.now()).toISOString();
  }

  #give({ item, key, status, ...rest }: FleetResult<Item, Value>): void {
    const { value, error } = rest;
    this.#counts[status] += 1;
    if (status === "failed" || status === "unknown") this.#tally.add(failureInShort(error), key);
    this.#results.push({
      key,
      item,
      status,
      ...(status === "succeeded" && { value: value as Value }),
      ...((status === "failed" || status === "unknown") && { error }),
    });
    if (this.#settings.onProgress) this.#hand(this.#settings.onProgress, this.#progress());
  }

  #progress(): FleetProgress {
    const { known } = this.#order;
    return { known, running: this.#gate.running, ...this.#counts, causes: this.#tally.causes };
  }

  #hand<Argument>(listener: ((argument: Argument) => unknown) | undefined, argument: Argument): void {
    try {
      // A listener may be async, whatever its type says.
      Promise.resolve(listener?.(argument)).catch((error: unknown) =>
        log.warning(`a listener of a run rejected: ${messageOf(error)}`),
      );
    } catch (error) {
      log.warning(`a listener of a run threw: ${messageOf(error)}`);
    }
  }
}

function isSource(items: unknown): boolean {
  return typeof items === "object" && items !== null && (Symbol.asyncIterator in items || Symbol.iterator in items);
}

/** Resolves, with nothing, once a signal is aborted. */
const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });

const warnOfClosing = (error: unknown): void => log.warning(`the journal could not be closed: ${messageOf(error)}`);

/** Whether an error, or one that it was made from, says that nobody knows what became of a write. */
function isUnknown(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth++)
    if (isRemedyError(at)) return at.outcome === "unknown";
  return false;
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === "AbortError";

/** What a journal keeps of an error: nothing secret. */
function inShort(error: unknown): unknown {
  const { code, disposition, explanation } = failureInShort(error);
  return { ...(code !== undefined && { code }), disposition, explanation };
}

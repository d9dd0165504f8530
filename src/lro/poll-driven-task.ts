/**
 * Work of minutes on behalf of an operation: a remedy, or what a remedy left for the end. It advances only while a poll
 * drives it and pauses between polls, which are deferred. So a long wait is the poller's own, which ends on abort;
 * calls are made with the token of the current poll; and a poller that goes away leaves nothing running.
 */
import type { PipelineRequest, SendRequest } from "@azure/core-rest-pipeline";
import { untilDue, type Clock, type DueTime } from "../time/clock.js";

/** What a remedy acts with: the live request whose token and pipeline its calls use, and the clock for its waits. */
export interface SendContext {
  request: PipelineRequest;
  next: SendRequest;
  clock: Clock;
}

/** What driving a task returns to a poll: its end, or the milliseconds that it waits. */
export type Turn<End> = { readonly end: End } | { readonly waitMs: number };

interface Pause extends DueTime {
  readonly goOn: () => void;
}

/** A wait this short ends within the poll: pollers wait in whole seconds. */
export const shortWaitMs = 1_000;

export class PollDrivenTask<End> {
  readonly #context: SendContext;
  readonly #clock: Clock;
  readonly #begin: () => Promise<End>;
  readonly #pauses = new Set<Pause>();
  #work: Promise<Turn<End>> | undefined;
  #onPause: (() => void) | undefined;

  /** @param context is updated to the current poll, and given a clock whose long waits pause the task */
  constructor(context: SendContext, clock: Clock, begin: () => Promise<End>) {
    this.#context = context;
    this.#clock = clock;
    this.#begin = begin;
  }

  /** Continues as far as this poll can. Rejects with what the work rejects with. */
  async drive(request: PipelineRequest, next: SendRequest): Promise<Turn<End>> {
    Object.assign(this.#context, { request, next, clock: this.#pausingClock });
    const dueInMs = this.#dueInMs;
    if (dueInMs !== undefined && dueInMs > shortWaitMs) return { waitMs: dueInMs };
    if (dueInMs !== undefined && dueInMs > 0) await this.#clock.sleep(dueInMs, request.abortSignal);

    const paused = new Promise<void>((resolve) => (this.#onPause = resolve));
    this.#work ??= this.#begin().then((end) => ({ end }));
    this.#endDuePauses();
    const ends: Promise<Turn<End> | undefined>[] = [this.#work, paused.then(() => undefined)];
    // One of several branches may pause: if the others do nothing that ends the turn, a short wait does.
    if (this.#pauses.size > 0) ends.push(this.#clock.sleep(shortWaitMs, request.abortSignal).then(() => undefined));
    return (await Promise.race(ends)) ?? { waitMs: this.#dueInMs ?? shortWaitMs };
  }

  readonly #pausingClock: Clock = {
    now: () => this.#clock.now(),
    sleep: (ms, signal, options) => {
      if (ms <= shortWaitMs) return this.#clock.sleep(ms, signal, options);
      return new Promise((resolve) => {
        const begunAt = this.#clock.now();
        const pause = {
          begunAt,
          dueAt: begunAt + ms,
          goOn: () => {
            this.#pauses.delete(pause);
            resolve();
          },
        };
        this.#pauses.add(pause);
        this.#onPause?.();
      });
    },
  };

  #endDuePauses(): void {
    const now = this.#clock.now();
    for (const pause of this.#pauses) if (untilDue(pause, now) === 0) pause.goOn();
  }

  /** Milliseconds until the first pause is due; undefined if there is none. */
  get #dueInMs(): number | undefined {
    if (this.#pauses.size === 0) return undefined;
    const now = this.#clock.now();
    return Math.min(...[...this.#pauses].map((pause) => untilDue(pause, now)));
  }
}

/**
 * `azure-remedy/bullmq`: workers of BullMQ that come back when a new try makes sense, give up on what will never pass, and
 * go on with what another worker had begun.
 *
 * ```ts
 * import { Worker } from "bullmq";
 * import { remedyProcessor } from "azure-remedy/bullmq";
 *
 * const process = remedyProcessor((job, { signal }) =>
 *   compute.virtualMachines.deallocate("rg", job.data.name, { abortSignal: signal }));
 * new Worker("machines", process, { connection });
 * ```
 */
import { DelayedError, UnrecoverableError, type Job } from "bullmq";
import { ItemWork } from "../fleet/item-work.js";
import { header, readRuns, type JournalRecord } from "../fleet/journal/records.js";
import type { RunJournal } from "../fleet/journal/journal.js";
import { runAsItem } from "../fleet/run-as-item.js";
import { check, checkMs, checkNames } from "../option-check.js";
import { isRemedyError, type RemedyError } from "../recovery/remedy-error.js";
import { comesBackAt } from "./comes-back-at.js";
import { createThrottle, type CreatedThrottle } from "../throttle/local-throttle.js";
import type { ThrottleOptions } from "../throttle/options.js";
import { redisThrottleStore, type IoRedisClient, type NodeRedisClient } from "../throttle/lease/redis.js";

/** What the function gets besides the job. */
export interface JobContext {
  /** Aborts when the worker has to stop this job: pass it on as `abortSignal`. */
  readonly signal: AbortSignal;
}

export interface RemedyProcessorOptions {
  /**
   * Milliseconds after the job was added in which it may come back; after that it fails for good. Default 86400000 (a
   * day).
   */
  readonly maxAgeMs?: number;
  /** Milliseconds until a job with a running operation comes back. Default 30000. */
  readonly followAfterMs?: number;
}

/** Our part of a job's data: what has been sent for it, so that another worker can continue. */
const journalKey = "azureRemedyJournal";

const dayMs = 86_400_000;

/**
 * A processor for `new Worker(name, processor)`.
 *
 * - A failure with `retryAt` delays the job until then; it does not count as an attempt.
 * - A permanent failure throws BullMQ's `UnrecoverableError`, with the RemedyError as its `cause`.
 * - The job's data records what the function sends through clients of `withRemedy`. After a crash the next worker
 *   follows the running operation instead of sending its request again, and does not run a script twice.
 *
 * Every other error passes unchanged, so BullMQ's own `attempts` and `backoff` apply to it.
 * @throws TypeError or RangeError that names a bad option and its value
 */
export function remedyProcessor<Data, Result>(
  work: (job: Job<Data>, context: JobContext) => Result | PromiseLike<Result>,
  options: RemedyProcessorOptions = {},
): (job: Job<Data>, token?: string, signal?: AbortSignal) => Promise<Result> {
  check(typeof work === "function", "work", work, "a function that gets a job");
  checkNames("remedyProcessor", options, ["maxAgeMs", "followAfterMs"]);
  const { maxAgeMs = dayMs, followAfterMs = 30_000 } = options;
  checkMs("maxAgeMs", maxAgeMs);
  checkMs("followAfterMs", followAfterMs);

  return async (job, token, given) => {
    const signal = given ?? new AbortController().signal;
    const item = new ItemWork({
      key: job.id ?? job.name,
      journal: new JobJournal(job),
      signal,
      onAdmitted: () => undefined,
      onEvent: () => undefined,
      now: () => Date.now(),
    });
    try {
      return await runAsItem(item, () => work(job, { signal }));
    } catch (error) {
      if (!isRemedyError(error)) throw error;
      const at = comesBackAt(error, Date.now() + followAfterMs);
      if (at === undefined) throw unrecoverable(error);
      if (at > job.timestamp + maxAgeMs) throw unrecoverable(error, "it is older than maxAgeMs allows");
      await job.moveToDelayed(at, token);
      throw new DelayedError();
    }
  };
}

function unrecoverable(cause: RemedyError, why?: string): UnrecoverableError {
  const error = new UnrecoverableError(
    why === undefined ? cause.message : `${cause.message}\n  Not tried again: ${why}.`,
  );
  error.cause = cause;
  return error;
}

/** The journal of one job, in its own data: only the worker that holds the job writes it. */
class JobJournal implements RunJournal {
  readonly run: string;
  readonly #job: Job;
  readonly #lines: string[];
  readonly #items: ReturnType<typeof readRuns>[number]["items"] | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(job: Job) {
    this.#job = job;
    this.run = job.id ?? job.name;
    const data = job.data as Record<string, unknown> | null | undefined;
    const kept: unknown = data?.[journalKey];
    this.#lines = Array.isArray(kept) ? kept.filter((line): line is string => typeof line === "string") : [];
    if (this.#lines.length === 0) {
      const begin: JournalRecord = { type: "run", run: this.run, at: new Date().toISOString() };
      this.#lines.push(JSON.stringify(header), JSON.stringify(begin));
    }
    this.#items = readRuns(this.#lines, `of job ${this.run}`).at(-1)?.items;
  }

  historyOf(key: string): ReturnType<RunJournal["historyOf"]> {
    return this.#items?.get(key);
  }

  write(record: Parameters<RunJournal["write"]>[0]): Promise<void> {
    this.#lines.push(JSON.stringify(record));
    return (this.#writing = this.#writing.catch(() => undefined).then(() => this.#save()));
  }

  close(): Promise<void> {
    return this.#writing;
  }

  async #save(): Promise<void> {
    const data = this.#job.data as object;
    await this.#job.updateData({ ...data, [journalKey]: [...this.#lines] });
  }
}

/** A `Worker` or a `Queue`, of BullMQ 5 or 6. */
export type RedisOwner =
  { readonly client: Promise<unknown> } | { getBackend(): { readonly client?: Promise<unknown> } | object };

/**
 * A throttle that all workers of one Redis share, over the existing connection of a worker or queue.
 * @throws TypeError if the owner has no connection to Redis
 */
export async function sharedThrottleOf(
  owner: RedisOwner,
  options: Omit<ThrottleOptions, "store"> = {},
): Promise<CreatedThrottle> {
  const backend = "getBackend" in owner ? owner.getBackend() : owner;
  const client = await (backend as { readonly client?: Promise<unknown> }).client;
  check(
    typeof client === "object" && client !== null,
    "owner",
    owner,
    "a Worker or a Queue with a connection to Redis",
  );
  return createThrottle({ ...options, store: redisThrottleStore(client as IoRedisClient | NodeRedisClient) });
}

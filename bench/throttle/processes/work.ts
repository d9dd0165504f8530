/** What the parent tells a worker process, and what the worker answers. */

export interface Work {
  readonly endpoint: string;
  readonly subscriptionId: string;
  readonly strategy: WorkerStrategy;
  readonly calls: number;
  readonly inFlight: number;
  /** When the fairness of the progress is read, in milliseconds after the start. */
  readonly halfMs: number;
  readonly redisPort?: number;
}

export const workerStrategies = [
  "azure-remedy",
  "azure-remedy with Redis",
  "Azure SDK default",
  "AWS adaptive",
  "p-retry",
  "cockatiel",
] as const;
export type WorkerStrategy = (typeof workerStrategies)[number];

export interface WorkDone {
  readonly served: number;
  /** Calls served by half of the least possible time. */
  readonly servedAtHalf: number;
  readonly rejected: number;
  readonly sentWhileClosed: number;
  readonly roundTrips: number;
  /** Epoch milliseconds of the last call served. */
  readonly finishedAt: number;
  readonly latenciesMs: readonly number[];
}

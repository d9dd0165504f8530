/** What a throttle tells: windows that close and open, a store that goes and comes back. */
export interface ThrottleEvent {
  readonly type: "throttle";
  /** Epoch milliseconds. */
  readonly at: number;
  /** The scope in words: kind of call, subscription, endpoint. */
  readonly scope: string;
  readonly what: "closed" | "reopened" | "storeLost" | "storeBack";
  /** What happened to it, in words. */
  readonly change: string;
  /** For `closed`: epoch milliseconds until which nothing is sent. */
  readonly until?: number;
}

export type ThrottleListener = (event: ThrottleEvent) => void;

/** What a throttle reports: windows that close and open, a store that is lost and returns. */
export interface ThrottleEvent {
  readonly type: "throttle";
  /** Epoch milliseconds. */
  readonly at: number;
  /** The scope in words: request class or limit group, subscription, endpoint. */
  readonly scope: string;
  readonly state: "closed" | "reopened" | "storeLost" | "storeBack";
  /** What happened to it, in words. */
  readonly change: string;
  /** For `closed`: epoch milliseconds until which nothing is sent. */
  readonly until?: number;
}

export type ThrottleListener = (event: ThrottleEvent) => void;

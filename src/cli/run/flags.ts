/** The options of `azure-remedy run`, as they were parsed. */
export interface RunFlags {
  readonly json?: true;
  /** Milliseconds. */
  readonly deadline?: number;
  readonly maxRetries: number;
  readonly idempotent?: true;
  readonly github?: true;
  readonly rules?: readonly string[];
}

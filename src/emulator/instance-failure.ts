/** How an instance of a scale set fails while the set succeeds. */
export interface InstanceFailure {
  readonly code: string;
  readonly message: string;
}

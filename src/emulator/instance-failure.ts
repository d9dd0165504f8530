/** How an instance of a scale set fails, behind a set that succeeds. */
export interface InstanceFailure {
  readonly code: string;
  readonly message: string;
}

/** Results for the caller, who may take them as they come, later, or not at all. */

export class ResultQueue<Result> implements AsyncIterableIterator<Result> {
  readonly #ready: Result[] = [];
  readonly #waiting: ((step: IteratorResult<Result, undefined> | Promise<never>) => void)[] = [];
  readonly #onReturn: () => void;
  #end: { error?: unknown } | undefined;

  /** @param onReturn called when the caller takes no more results */
  constructor(onReturn: () => void) {
    this.#onReturn = onReturn;
  }

  push(result: Result): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting({ value: result, done: false });
    else this.#ready.push(result);
  }

  /** No more results will come; with an error, whoever iterates gets it. */
  close(fault?: { error: unknown }): void {
    this.#end ??= fault ?? {};
    for (const waiting of this.#waiting.splice(0)) waiting(this.#last());
  }

  async next(): Promise<IteratorResult<Result, undefined>> {
    const result = this.#ready.shift();
    if (result !== undefined) return { value: result, done: false };
    if (this.#end) return this.#last();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  return(): Promise<IteratorResult<Result, undefined>> {
    this.#onReturn();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #last(): IteratorResult<Result, undefined> | Promise<never> {
    const end = this.#end;
    if (end && "error" in end) {
      this.#end = {};
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what the source or the store threw
      return Promise.reject(end.error);
    }
    return { value: undefined, done: true };
  }
}

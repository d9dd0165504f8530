/** How a call of the SDK goes out. */

/** Polls follow one another at once. */
export const atOnce = { updateIntervalInMs: 1 };

/** What a rejected call threw, as a user would look at it. */
export async function thrownBy(promise: Promise<unknown>): Promise<Thrown> {
  try {
    await promise;
  } catch (error) {
    return error as Thrown;
  }
  throw new Error("It should have failed.");
}

export interface Thrown extends Error {
  readonly code?: string;
  readonly statusCode?: number;
  readonly details?: unknown;
  readonly response?: {
    readonly bodyAsText?: string | null;
    readonly headers: { get(name: string): string | undefined };
  };
}

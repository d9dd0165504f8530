/** Takes step after step until one is the last. cockatiel runs the loop; the steps do the waiting, since its waits do not end on abort. */
import { loadCockatiel } from "./cockatiel.js";

/** @param step is given 0 for the first time, and says whether it is to be taken again */
export async function takeSteps<Step extends { readonly again: boolean }>(
  step: (taken: number) => Promise<Step>,
): Promise<Step & { readonly again: false }> {
  const library = loadCockatiel();
  // The first step is taken in the turn of its caller, who may want to abort it in the next.
  const { ConstantBackoff, handleWhenResult, retry } = library instanceof Promise ? await library : library;
  const loop = retry(
    handleWhenResult((result) => (result as Step).again),
    { maxAttempts: Number.MAX_SAFE_INTEGER, backoff: new ConstantBackoff(0) },
  );
  return (await loop.execute(({ attempt }) => step(attempt))) as Step & { readonly again: false };
}

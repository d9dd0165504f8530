import type { Diagnosis } from "../catalog/diagnosis.js";

/** The part of a diagnosis or an event that makes up a cause. */
export type FailureInShort = Pick<Diagnosis, "disposition" | "explanation"> & {
  readonly code?: string | undefined;
  readonly rule?: { readonly id: string } | undefined;
  readonly parameters?: Diagnosis["parameters"] | undefined;
  readonly steps?: readonly string[] | undefined;
};

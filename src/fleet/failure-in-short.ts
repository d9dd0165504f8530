import type { Diagnosis } from "../catalog/diagnosis.js";

/** The part of a diagnosis, or of an event, that a reason is made of. */
export type FailureInShort = Pick<Diagnosis, "disposition" | "explanation"> & {
  readonly code?: string | undefined;
  readonly rule?: { readonly id: string } | undefined;
  readonly parameters?: Diagnosis["parameters"] | undefined;
  readonly steps?: readonly string[] | undefined;
};

import type { Execution, FailureChain } from "../failure/failure.js";
import type { Category, Disposition, RuleKnowledge, RuleSource } from "./rule.js";
import type { Parameters } from "./template.js";

/** What a diagnosis is based on, from surest to least sure. */
export type Basis =
  | "message" // the message is a rule's, to the letter or closely
  | "code" // the code is a rule's, the message none that is known
  | "pattern" // the kind of code or the kind of wording
  | "status" // the HTTP status alone
  | "none"; // nothing known

/** Advice for a person, and the automatic action that a caller may allow. */
export interface RemedyAdvice {
  /** What to do, in one line. */
  readonly summary: string;
  /** One to three steps, with names from the message filled in. */
  readonly steps: readonly string[];
  /** Name of the automatic remedy that helps, for `options.remedies`. */
  readonly automatic?: string;
  /** A page with more detail. */
  readonly docs: string;
}

/** Another language for explanations, steps and summaries, such as `zh` of `azure-remedy/zh`. */
export interface Language {
  /** BCP 47 tag. */
  readonly tag: string;
  /** What happened and what to do, in this language if it has the words, otherwise in English. @internal */
  readonly renderAdvice: (
    knowledge: RuleKnowledge,
    parameters: Parameters,
    refinement?: RuleKnowledge,
  ) => { explanation: string; remedy: RemedyAdvice };
}

/** A further root of the same failure. */
export interface OtherRoot {
  readonly code?: string;
  readonly message: string;
  readonly disposition: Disposition;
  readonly category: Category;
}

/** A failure plus the rule that explains it. Plain data: survives `JSON.stringify` and `JSON.parse`. */
export interface Diagnosis {
  /** The root failure's code, as the service spelled it; absent if it has none. */
  readonly code?: string;
  /** The root failure's message, secrets removed. */
  readonly message: string;
  /** HTTP status, if known. */
  readonly status?: number;
  readonly disposition: Disposition;
  readonly category: Category;
  readonly basis: Basis;
  /**
   * The rule or family that decided; absent for basis `none`. `sources` name documented rows. `kindOnly` if it knows
   * only the kind of failure.
   */
  readonly rule?: { readonly id: string; readonly sources: readonly RuleSource[]; readonly kindOnly?: true };
  /** Values read from the message, by placeholder name: `{ vmName: "web-01" }`. */
  readonly parameters: Parameters;
  /** From the outermost node to the root. */
  readonly chain: FailureChain;
  /** Further roots, if `details` had siblings. */
  readonly others: readonly OtherRoot[];
  /** One sentence: what happened, with the names filled in. */
  readonly explanation: string;
  readonly remedy: RemedyAdvice;
  /** Whether the service may have executed the request. */
  readonly execution: Execution;
  /** The wait that the service asked for, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The first wait that fits this failure if the service asks for none and the rule knows one, in milliseconds. */
  readonly usualWaitMs?: number;
  readonly requestId?: string;
  readonly correlationId?: string;
  /** Azure has announced an outage here: it is waited out beyond `maxRetries`, with two sends a minute. */
  readonly outage?: boolean;
  /** The diagnosis of the response alone, if evidence found a deeper root. */
  readonly refinedFrom?: Diagnosis;
}

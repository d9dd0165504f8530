import type { Execution, FailureChain } from "../failure/failure.js";
import type { Category, Disposition, RuleKnowledge, RuleSource } from "./rule.js";
import type { Parameters } from "./template.js";

/** How sure a diagnosis is, from the surest to the least sure. */
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
  /** One to three steps, with the names of the message filled in. */
  readonly steps: readonly string[];
  /** Name of the automatic remedy that helps, for `options.remedies`. */
  readonly automatic?: string;
  /** The page that says more. */
  readonly docs: string;
}

/** Another language for explanations, steps and summaries, such as `zh` of `azure-remedy/zh`. */
export interface Language {
  /** BCP 47 tag. */
  readonly tag: string;
  /** What happened and what to do, in this language where it has the words, else in English. @internal */
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
  /** The root failure's code, as the service spelled it; absent when it has none. */
  readonly code?: string;
  /** The root failure's message, secrets cut out. */
  readonly message: string;
  /** HTTP status, when one is known. */
  readonly status?: number;
  readonly disposition: Disposition;
  readonly category: Category;
  readonly basis: Basis;
  /**
   * The rule or family that decided; absent for basis `none`. `sources` name documented rows. `kindOnly` where it knows what
   * kind of failure it is and no more.
   */
  readonly rule?: { readonly id: string; readonly sources: readonly RuleSource[]; readonly kindOnly?: true };
  /** Values read out of the message, by placeholder name: `{ vmName: "web-01" }`. */
  readonly parameters: Parameters;
  /** From the outermost node to the root. */
  readonly chain: FailureChain;
  /** Further roots, when `details` had siblings. */
  readonly others: readonly OtherRoot[];
  /** One sentence: what happened, with the names filled in. */
  readonly explanation: string;
  readonly remedy: RemedyAdvice;
  /** Whether the service may have executed the request. */
  readonly execution: Execution;
  /** The wait that the service asked for, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The first wait that fits this failure when the service asks for none, where the rule knows one, in milliseconds. */
  readonly usualWaitMs?: number;
  readonly requestId?: string;
  readonly correlationId?: string;
  /** Azure has announced an outage here: it is waited for beyond `maxRetries`, with two sends a minute. */
  readonly outage?: boolean;
  /** What the answer alone said, where a look around the failure found a deeper root. */
  readonly refinedFrom?: Diagnosis;
}

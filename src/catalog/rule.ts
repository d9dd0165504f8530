/** One row of knowledge. Rules are written as YAML in `policies/` and compiled into one module. */

/** From most to least hopeful. */
export const dispositions = ["transient", "indeterminate", "adaptable", "permanent"] as const;

/**
 * - `transient`: the same request will pass in minutes.
 * - `indeterminate`: the outcome is unknown; what was asked for may still complete.
 * - `adaptable`: a changed request, or a preparatory step that a program can do, would pass.
 * - `permanent`: only a person or a code change helps.
 */
export type Disposition = (typeof dispositions)[number];

export const categories = [
  "throttling",
  "capacity",
  "quota",
  "conflict",
  "platform",
  "timeout",
  "invalid-input",
  "unsupported",
  "not-found",
  "authorization",
  "authentication",
  "guest-os",
  "extension",
  "storage",
  "network",
  "encryption",
  "image",
  "precondition",
  "other",
] as const;

/** What kind of failure it is. */
export type Category = (typeof categories)[number];

/** The source of a fact: a documented row, by document and row number. */
export interface RuleSource {
  readonly document: string;
  readonly row: number;
}

/** What a rule knows once it is recognized; shared by code rules and families. */
export interface RuleKnowledge {
  /** Stable and unique, for example `OperationNotAllowed.not-deallocated`. Never reused for another meaning. */
  readonly id: string;
  readonly disposition: Disposition;
  readonly category: Category;
  /** One sentence: what happened. May contain `{placeholders}` of the message. */
  readonly explanation: string;
  /** One to three steps: what to do. May contain `{placeholders}`. */
  readonly steps: readonly string[];
  /** Name of the automatic remedy that helps, for adaptable rules that have one. */
  readonly automatic?: string;
  /** A page with more detail. */
  readonly docs: string;
  /** The wait in milliseconds if nothing else names one. */
  readonly waitMs?: number;
  /** It knows only the kind of failure: the message alone says what to correct. */
  readonly kindOnly?: boolean;
}

/** A rule for one error code, with or without a message template. */
export interface Rule extends RuleKnowledge {
  readonly code: string;
  /** The message with `{namedPlaceholders}`; without it, the rule matches the code with any message. */
  readonly message?: string;
  /** The message on the Chinese page, with the same placeholder names. */
  readonly messageZh?: string;
  /** The HTTP status that carries the failure, if known. */
  readonly status?: number;
  readonly sources: readonly RuleSource[];
  /** The code alone says little (`OperationNotAllowed`, `BadRequest`): the wording of the message is checked first. */
  readonly vague?: boolean;
}

/** What the form of an unknown code or message suggests. */
export interface Family extends RuleKnowledge {
  /** Code patterns with `*` at either end, case-insensitive: `*QuotaExceeded`. */
  readonly codes?: readonly string[];
  /** Kinds of wording: words in order, `*` for a gap, `a|b` for either; compared after folding case, quotes and punctuation. */
  readonly phrases?: readonly string[];
  /**
   * Categories of rules that this family refines if its phrases occur: its explanation comes first, and its steps
   * replace the rule's.
   */
  readonly refines?: readonly Category[];
  /** HTTP statuses that mean this if nothing better is known. */
  readonly statuses?: readonly number[];
  /** If phrases of several families occur in one message, the lowest rank wins; on a tie, the least hopeful. */
  readonly rank: number;
}

/** `azure-remedy/diagnose`: what a failure means, without the SDK and without dependencies. */
import type { Catalog } from "./catalog/catalog.js";
import { defaultCatalog } from "./catalog/default-catalog.js";
import { diagnoseFailure } from "./catalog/diagnose-failure.js";
import { saysSomething, withoutRepeats } from "./catalog/repeats.js";
import type { Diagnosis, Language } from "./catalog/diagnosis.js";
import { locateCode, locateMessage, type Span } from "./failure/locate.js";
import { readFailure, readFailures } from "./failure/read.js";

export interface DiagnoseOptions {
  /** Your own rules before ours, from `defineCatalog()`. Default the package's catalog. */
  readonly catalog?: Catalog;
  /** Language of explanation, steps and summary: `zh` from `azure-remedy/zh`. Default English. */
  readonly language?: Language;
  /** Epoch milliseconds, for wait hints that are dates. Default `Date.now()`. */
  readonly now?: number;
}

/**
 * Explains any failure: what happened, what kind it is, whether a retry helps, what to do. Never throws. For a text
 * with several failures, the least hopeful one decides; the others are in `others`.
 *
 * @param input a response (`{ status, headers?, bodyAsText }`), an ARM error body (enveloped or not), the status
 * document of a long-running operation, any thrown error, or the text that a tool printed
 */
export function diagnose(input: unknown, options: DiagnoseOptions = {}): Diagnosis {
  const { catalog = defaultCatalog, language, now = Date.now() } = options;
  return diagnoseFailure(readFailure(input, { now }), catalog, language);
}

/** One failure of a text. */
export interface FailureInText {
  readonly diagnosis: Diagnosis;
  /** How often it occurs in the text. The spans are those of the fullest occurrence. */
  readonly occurrences: number;
  /** The part of the text that it was read from. */
  readonly span: Span;
  /** Where the code and the message are in the text. Absent if they do not occur in it as words. */
  readonly codeSpan?: Span;
  readonly messageSpan?: Span;
}

/**
 * Explains every failure of a text, in order: a log, the output of a pipeline, a body. Each is listed once, by its
 * root; a wrapper of another failure is in the `chain` of that one and has no entry of its own. Never throws.
 *
 * @returns at least one entry; if nothing is known about the text, its diagnosis has basis `none`
 */
export function diagnoseAll(text: string, options: DiagnoseOptions = {}): readonly FailureInText[] {
  const { catalog = defaultCatalog, language, now = Date.now() } = options;
  const found = readFailures(text, { now }).flatMap(({ failure, from, to }) =>
    failure.chains.map((chain) => ({
      diagnosis: diagnoseFailure({ ...failure, chains: [chain] }, catalog, language),
      from,
      to,
    })),
  );
  const telling = found.filter(({ diagnosis }) => saysSomething(diagnosis));
  return withoutRepeats(telling.length > 0 ? telling : found.slice(0, 1)).map(
    ({ diagnosis, occurrences, from, to }) => ({
      diagnosis,
      occurrences,
      span: { from, to },
      ...spansOf(text.slice(from, to), from, diagnosis),
    }),
  );
}

function spansOf(
  piece: string,
  offset: number,
  { code, message }: Diagnosis,
): Pick<FailureInText, "codeSpan" | "messageSpan"> {
  const inText = (span: Span | undefined): Span | undefined =>
    span && { from: offset + span.from, to: offset + span.to };
  const codeSpan = code === undefined ? undefined : inText(locateCode(piece, code));
  const messageSpan = inText(locateMessage(piece, message));
  return { ...(codeSpan && { codeSpan }), ...(messageSpan && { messageSpan }) };
}

export { defaultCatalog, stepsLoaded } from "./catalog/default-catalog.js";
export { rulesOf, type Catalog, type CatalogLayer, type LayerContent } from "./catalog/catalog.js";
export type { Basis, Diagnosis, Language, OtherRoot, RemedyAdvice } from "./catalog/diagnosis.js";
export {
  categories,
  dispositions,
  type Category,
  type Disposition,
  type Family,
  type Rule,
  type RuleKnowledge,
  type RuleSource,
} from "./catalog/rule.js";
export type { Parameters } from "./catalog/template.js";
export type { Execution, FailureChain, FailureNode } from "./failure/failure.js";
export type { Span } from "./failure/locate.js";

/**
 * Knowing what a failure means. The root is asked first: its message, then its code; a code that says little
 * (`OperationNotAllowed`) leaves the word to the kind of wording, then an unknown code to its kind, then the status.
 */
import type { Failure, FailureChain, FailureNode } from "../failure/failure.js";
import { tellAdvice, tellExplanation } from "./advice.js";
import type { Catalog, CatalogLayer, CodeEntry } from "./catalog.js";
import type { Basis, Diagnosis, OtherRoot } from "./diagnosis.js";
import { dispositions, type Rule, type RuleKnowledge, type RuleSource } from "./rule.js";
import { noParameters, type Parameters } from "./template.js";
import type { Acceptance } from "./templates.js";
import { wordsOf, type Words } from "./words.js";

/** The most pattern-like that a phrase may be and still speak before the kind of code. */
const strongRanks = { from: 1, to: 3 };
const usualRanks = { from: 4, to: 6 };
const weakRanks = { from: 7, to: 8 };
/** Words that only say that it failed. */
const emptyRanks = { from: 9, to: 9 };

/** Under its own code a message may have drifted far; under another code it must be the rule's beyond doubt. */
const underOwnCode: Acceptance = {
  leastRecall: 0.62,
  accepts: (fit, shape) =>
    fit.recall >= (shape.words.length < 8 ? 0.8 : 0.62) &&
    fit.recall * 0.6 + fit.coverage * 0.4 >= 0.62 &&
    fit.distinctive >= 0.5,
};
const underOtherCode: Acceptance = {
  leastRecall: 0.88,
  accepts: (fit, shape) => shape.words.length >= 6 && fit.recall >= 0.88 && fit.coverage >= 0.7,
};

/** A rule with how it was found and what it read. */
interface Finding {
  readonly knowledge: RuleKnowledge & { readonly sources?: readonly RuleSource[] };
  readonly basis: Basis;
  readonly parameters: Parameters;
  readonly code?: string;
}

const nothingKnown: Finding = {
  knowledge: {
    id: "unknown",
    disposition: "permanent",
    category: "other",
    explanation: "Nothing in the catalog knows this failure.",
    steps: [
      "Read the message; if it names a code, look the code up.",
      "Add a rule of your own with defineCatalog([...]).",
    ],
    docs: "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors",
  },
  basis: "none",
  parameters: noParameters,
};

/** Explains a failure. Pure, and total: every failure has a diagnosis. */
export function diagnoseFailure(failure: Failure, catalog: Catalog): Diagnosis {
  const { chains, status } = failure;
  if (chains.length === 1) {
    const [chain] = chains;
    return diagnosisOf(failure, chain, findForChain(chain, status, catalog), []);
  }
  const found = chains.map((chain) => ({ chain, finding: findForChain(chain, status, catalog) }));
  const deciding = found.reduce(lessHopeful);
  const others = found.filter((other) => other !== deciding).map(toOtherRoot);
  return diagnosisOf(failure, deciding.chain, deciding.finding, others);
}

/** Assignments, not spreads: this runs for every failure, and twenty conditional spreads cost more than all the rest. */
function diagnosisOf(failure: Failure, chain: FailureChain, finding: Finding, others: readonly OtherRoot[]): Diagnosis {
  const root = rootOf(chain);
  const { knowledge, basis, parameters } = finding;
  const diagnosis: { -readonly [Key in keyof Diagnosis]: Diagnosis[Key] } = {
    message: root.message,
    disposition: knowledge.disposition,
    category: knowledge.category,
    basis,
    parameters,
    chain,
    others,
    explanation: tellExplanation(knowledge, parameters),
    remedy: tellAdvice(knowledge, parameters),
    execution: failure.execution,
  };
  const code = root.code ?? finding.code;
  const status = failure.status ?? root.status;
  if (code !== undefined) diagnosis.code = code;
  if (status !== undefined) diagnosis.status = status;
  if (basis !== "none") diagnosis.rule = { id: knowledge.id, sources: knowledge.sources ?? noSources };
  if (failure.retryAfterMs !== undefined) diagnosis.retryAfterMs = failure.retryAfterMs;
  if (knowledge.waitMs !== undefined) diagnosis.usualWaitMs = knowledge.waitMs;
  if (failure.requestId !== undefined) diagnosis.requestId = failure.requestId;
  if (failure.correlationId !== undefined) diagnosis.correlationId = failure.correlationId;
  return diagnosis;
}

const noSources: readonly RuleSource[] = [];

interface Found {
  readonly chain: FailureChain;
  readonly finding: Finding;
}

/** With several roots the least hopeful decides: the deployment fails as long as one of them does. */
function lessHopeful(left: Found, right: Found): Found {
  const hope = (found: Found): number => dispositions.indexOf(found.finding.knowledge.disposition);
  return hope(right) > hope(left) ? right : left;
}

function toOtherRoot({ chain, finding }: Found): OtherRoot {
  const { code, message } = rootOf(chain);
  const { disposition, category } = finding.knowledge;
  return { ...(code !== undefined && { code }), message, disposition, category };
}

function rootOf(chain: FailureChain): FailureNode {
  return chain[chain.length - 1] ?? { message: "" };
}

/** The root decides, unless only its status or nothing speaks for it and a node around it is known by code or message. */
function findForChain(chain: FailureChain, status: number | undefined, catalog: Catalog): Finding {
  const own = findForNode(rootOf(chain), status, catalog);
  if (chain.length === 1 || basisIsSure(own.basis)) return own;
  for (let depth = chain.length - 2; depth >= 0; depth--) {
    const node = chain[depth];
    if (!node) continue;
    const outer = findForNode(node, status, catalog);
    if (basisIsSure(outer.basis) && !isWrapper(outer)) return outer;
  }
  return own;
}

const basisIsSure = (basis: Basis): boolean => basis === "message" || basis === "code" || basis === "pattern";

/** A wrapper's rule says that nothing is inside; around a root that is there it says nothing. */
const isWrapper = (finding: Finding): boolean =>
  finding.knowledge.category === "other" && finding.knowledge.disposition === "permanent";

function findForNode(node: FailureNode, status: number | undefined, catalog: Catalog): Finding {
  const { code, message } = node;
  const words = once(() => wordsOf(message));
  return (
    (code === undefined ? undefined : byOwnCode(code, message, words, catalog)) ??
    (message === "" ? undefined : byOtherCode(message, words, catalog)) ??
    byKind(code, message, words, status ?? node.status, catalog)
  );
}

/**
 * By the code, within the layers in order: to the letter first, since the look-up by words is the dearer one. A layer whose
 * rule for the code has no message has said all there is to say: later layers are not asked.
 */
function byOwnCode(code: string, message: string, words: () => Words, catalog: Catalog): Finding | undefined {
  const entries: CodeEntry[] = [];
  for (const layer of catalog.layers) {
    const entry = entryOf(layer, code);
    if (!entry) continue;
    const exact = message === "" ? undefined : entry.templates.findExactly(message);
    if (exact) return { knowledge: exact.rule, basis: "message", parameters: exact.parameters };
    entries.push(entry);
    if (entry.fallback && entry.fallback.message === undefined) break;
  }
  let guess: Rule | undefined;
  for (const { templates, fallback } of entries) {
    const close = message === "" ? undefined : templates.findClosely(words(), underOwnCode);
    if (close) return { knowledge: close.rule, basis: "message", parameters: close.parameters };
    if (!fallback || fallback.vague) continue;
    if (fallback.message === undefined) return byCode(fallback);
    // A rule for one message says little of another. A later layer may know the code itself, and else guesses as well.
    guess = fallback;
  }
  return guess && byCode(guess);
}

/** `Bad request` and `TOO_MANY_REQUESTS` are `BadRequest` and `TooManyRequests`, where nobody knows them as they are. */
function entryOf(layer: CatalogLayer, code: string): CodeEntry | undefined {
  return layer.entry(code) ?? (/[ _-]/.test(code) ? layer.entry(code.replaceAll(/[ _-]/g, "")) : undefined);
}

const byCode = (knowledge: RuleKnowledge): Finding => ({ knowledge, basis: "code", parameters: noParameters });
const byPattern = (knowledge: RuleKnowledge): Finding => ({ knowledge, basis: "pattern", parameters: noParameters });

/** Codes drift: a message that is one rule's beyond doubt is that rule's under any code. */
function byOtherCode(message: string, words: () => Words, catalog: Catalog): Finding | undefined {
  for (const layer of catalog.layers) {
    const match = layer.allTemplates.findExactly(message) ?? layer.allTemplates.findClosely(words(), underOtherCode);
    if (match) {
      return { knowledge: match.rule, basis: "message", parameters: match.parameters, code: match.rule.code };
    }
  }
  return undefined;
}

function byKind(
  code: string | undefined,
  message: string,
  words: () => Words,
  status: number | undefined,
  catalog: Catalog,
): Finding {
  const wording = (ranks: { from: number; to: number }): RuleKnowledge | undefined =>
    message === ""
      ? undefined
      : firstOf(catalog, (layer) => layer.familyIndex.byWording(words(), ranks.from, ranks.to));

  const strong = wording(strongRanks);
  if (strong) return byPattern(strong);
  const kindOfCode = code === undefined ? undefined : firstOf(catalog, (layer) => layer.familyIndex.byCode(code));
  const vague = code === undefined ? undefined : firstOf(catalog, (layer) => entryOf(layer, code)?.fallback);
  if (kindOfCode && !vague) return byPattern(kindOfCode);
  const usual = wording(usualRanks);
  if (usual) return byPattern(usual);
  if (vague) return byCode(vague);
  const weak = wording(weakRanks);
  if (weak) return byPattern(weak);
  const kindOfStatus =
    status === undefined ? undefined : firstOf(catalog, (layer) => layer.familyIndex.byStatus(status));
  if (kindOfStatus) return { knowledge: kindOfStatus, basis: "status", parameters: noParameters };
  const empty = wording(emptyRanks);
  return empty ? byPattern(empty) : nothingKnown;
}

function firstOf<T>(catalog: Catalog, ask: (layer: Catalog["layers"][number]) => T | undefined): T | undefined {
  for (const layer of catalog.layers) {
    const answer = ask(layer);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** Folding a message costs a microsecond and the exact road needs none: it is done when first asked for. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

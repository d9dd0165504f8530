/**
 * Finds out what a failure means. The root comes first: its message, then its code. If the code says little
 * (`OperationNotAllowed`), the kind of wording takes precedence; then come the kind of an unknown code and the status.
 */
import { isTellingCode } from "../failure/chains.js";
import type { Failure, FailureChain, FailureNode } from "../failure/failure.js";
import { mayNameHost, renderAdvice } from "./advice.js";
import { indexOfCatalog, type CatalogIndex } from "./catalog-index.js";
import type { Catalog, CodeEntry } from "./catalog.js";
import { fitToCloud } from "./cloud.js";
import type { Basis, Diagnosis, Language, OtherRoot } from "./diagnosis.js";
import type { Wording } from "./families.js";
import { Message } from "./message.js";
import { dispositions, type Rule, type RuleKnowledge, type RuleSource } from "./rule.js";
import { noParameters, type Match, type Parameters } from "./template.js";

/** A rule, how it was found, and the values it read. */
interface Finding {
  readonly knowledge: RuleKnowledge & { readonly sources?: readonly RuleSource[] };
  readonly basis: Basis;
  readonly parameters: Parameters;
  readonly code?: string;
  /** A family that says more about the failure than the rule, and what to do. */
  readonly refinement?: RuleKnowledge;
}

const nothingKnown: Finding = {
  knowledge: {
    id: "unknown",
    disposition: "permanent",
    category: "other",
    explanation: "The catalog does not know this failure.",
    steps: [
      "Read the message; if it names a code, look the code up.",
      "See what Azure recorded: az monitor activity-log list --correlation-id <correlation-id>",
      "Support finds the request by the request ID or the correlation ID.",
    ],
    docs: "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors",
  },
  basis: "none",
  parameters: noParameters,
};

const nothingFailed: Finding = {
  ...nothingKnown,
  knowledge: {
    ...nothingKnown.knowledge,
    explanation: "Nothing in this result says that something failed.",
    steps: ["If something did fail, look at the resource itself: its instance view and its activity log."],
  },
};

/** Explains a failure. Pure and total: every failure has a diagnosis. */
export function diagnoseFailure(failure: Failure, catalog: Catalog, language: Language = english): Diagnosis {
  const { chains, status } = failure;
  const index = indexOfCatalog(catalog);
  if (chains.length === 1) {
    const [chain] = chains;
    const isFine = failure.origin === "result" && chain.length === 1 && isEmpty(rootOf(chain));
    if (isFine) return diagnosisOf(failure, chain, nothingFailed, [], language);
    const finding = findForChain(chain, status, index);
    if (chain.length === 1 || !isHopeful(finding)) return diagnosisOf(failure, chain, finding, [], language);
  }
  const found = chains.flatMap((chain): Found[] => {
    const finding = findForChain(chain, status, index);
    const around = isHopeful(finding) ? lastingAround(chain, status, index) : undefined;
    return around ? [around, { chain, finding }] : [{ chain, finding }];
  });
  const telling = found.filter(({ chain, finding, isAround }) => isAround === true || !isSilent(chain, finding));
  const deciding = (telling.length > 0 ? telling : found).reduce(lessHopeful);
  const others = found.filter((other) => other !== deciding).map(toOtherRoot);
  return diagnosisOf(failure, deciding.chain, deciding.finding, others, language);
}

const isHopeful = ({ knowledge }: Finding): boolean => knowledge.disposition === "transient";

/**
 * A transient error inside one known to last: the request fails as long as the outer one does, whatever happened
 * inside. The outer one is then a root of its own.
 */
function lastingAround(chain: FailureChain, status: number | undefined, index: CatalogIndex): Found | undefined {
  for (let length = chain.length - 1; length > 0; length--) {
    const node = chain[length - 1];
    if (!node || node.message === "") continue;
    const finding = findForNode(node, status, index);
    if (finding.knowledge.disposition === "permanent" && isKnownToLast(node, finding))
      return { chain: chain.slice(0, length), finding, isAround: true };
  }
  return undefined;
}

/** "One or more errors occurred, see details": an envelope, whatever its code. */
const onlyPointsInside = (message: string): boolean =>
  /\b(?:inner|details?|one or more|multiple errors|returned errors|errors? occurred)\b|^\W{0,2}(?:the )?(?:operation|request|deployment|provisioning)(?: has)? failed\b/i.test(
    message,
  );

function isKnownToLast({ code, message }: FailureNode, { basis, knowledge }: Finding): boolean {
  if (isWrapperRule(knowledge)) return false;
  const { vague } = knowledge as Rule;
  if (basis !== "code") return basisIsSure(basis);
  const isTelling = vague !== true && code !== undefined && isTellingCode(code);
  return isTelling || (lastingCategories.has(knowledge.category) && !onlyPointsInside(message));
}

/**
 * Assignments instead of spreads: this runs for every failure, and twenty conditional spreads cost more than all the
 * rest.
 */
function diagnosisOf(
  failure: Failure,
  chain: FailureChain,
  finding: Finding,
  others: readonly OtherRoot[],
  language: Language,
): Diagnosis {
  const root = rootOf(chain);
  const { knowledge, basis, refinement } = finding;
  const parameters = withFacts(chain, finding.parameters);
  const { explanation, remedy } = language.renderAdvice(knowledge, parameters, refinement);
  const diagnosis: { -readonly [Key in keyof Diagnosis]: Diagnosis[Key] } = {
    message: root.message,
    disposition: knowledge.disposition,
    category: knowledge.category,
    basis,
    parameters,
    chain,
    others,
    explanation,
    remedy: mayNameHost(refinement ?? knowledge, parameters) ? fitToCloud(remedy, chain) : remedy,
    execution: failure.execution,
  };
  const code = root.code ?? finding.code;
  const status = failure.status ?? root.status;
  if (code !== undefined) diagnosis.code = code;
  if (status !== undefined) diagnosis.status = status;
  if (basis !== "none") {
    const { id, sources = noSources, kindOnly } = knowledge;
    diagnosis.rule = kindOnly ? { id, sources, kindOnly } : { id, sources };
  }
  if (failure.retryAfterMs !== undefined) diagnosis.retryAfterMs = failure.retryAfterMs;
  if (knowledge.waitMs !== undefined) diagnosis.usualWaitMs = knowledge.waitMs;
  if (failure.requestId !== undefined) diagnosis.requestId = failure.requestId;
  if (failure.correlationId !== undefined) diagnosis.correlationId = failure.correlationId;
  return diagnosis;
}

/** Facts from the structure; values that the rule's template read take precedence. */
function withFacts(chain: FailureChain, parameters: Parameters): Parameters {
  let facts: Record<string, string> | undefined;
  for (const node of chain) if (node.facts) facts = { ...facts, ...node.facts };
  if (!facts) return parameters;
  for (const [name, value] of Object.entries(parameters)) if (value !== "") facts[name] = value;
  return facts;
}

const english: Language = { tag: "en", renderAdvice };

const noSources: readonly RuleSource[] = [];

const isEmpty = ({ code, message }: FailureNode): boolean => code === undefined && message === "";

interface Found {
  readonly chain: FailureChain;
  readonly finding: Finding;
  /** Found around a root, not as one. */
  readonly isAround?: true;
}

/** With several roots, the least hopeful decides: the deployment fails as long as one of them does. */
function lessHopeful(left: Found, right: Found): Found {
  const hope = (found: Found): number => dispositions.indexOf(found.finding.knowledge.disposition);
  return hope(right) > hope(left) ? right : left;
}

/**
 * Says only that it failed, or what an HTTP status says: it does not decide beside a root that says more. An unknown
 * code does decide, since it may be the one that never passes.
 */
function isSilent(chain: FailureChain, { basis, knowledge }: Finding): boolean {
  const { code } = rootOf(chain);
  if (code !== undefined && isTellingCode(code)) return false;
  return basis === "none" || basis === "status" || basis === "code" || isWrapperRule(knowledge);
}

function toOtherRoot({ chain, finding }: Found): OtherRoot {
  const { code, message } = rootOf(chain);
  const { disposition, category } = finding.knowledge;
  return { ...(code !== undefined && { code }), message, disposition, category };
}

function rootOf(chain: FailureChain): FailureNode {
  return chain[chain.length - 1] ?? { message: "" };
}

/**
 * The root decides, unless it is known only by its status or not at all, and a node around it is known by code or
 * message.
 */
function findForChain(chain: FailureChain, status: number | undefined, index: CatalogIndex): Finding {
  const own = findForNode(rootOf(chain), status, index);
  if (chain.length === 1 || basisIsSure(own.basis)) return own;
  for (let depth = chain.length - 2; depth >= 0; depth--) {
    const node = chain[depth];
    if (!node) continue;
    const outer = findForNode(node, status, index);
    if (basisIsSure(outer.basis) && !isWrapperRule(outer.knowledge)) return outer;
  }
  return own;
}

const basisIsSure = (basis: Basis): boolean => basis === "message" || basis === "code" || basis === "pattern";

/** A wrapper's rule says that nothing is inside, so it means nothing around an existing root. */
const isWrapperRule = ({ category, disposition }: RuleKnowledge): boolean =>
  category === "other" && disposition === "permanent";

function findForNode(node: FailureNode, status: number | undefined, index: CatalogIndex): Finding {
  const { code } = node;
  const message = node.message === "" ? undefined : new Message(mainWords(node.message));
  const entries = code === undefined ? unknownCode : index.entries(code);
  const byRule = byOwnCode(entries, message) ?? (message && byOtherCode(message, index));
  return refined(byRule ?? byKind(code, entries, message, statusOf(node, status), index), message, index);
}

/** The rule knows that a script failed; its exit code means the same whichever extension ran it. */
function refined(finding: Finding, message: Message | undefined, index: CatalogIndex): Finding {
  const { category } = finding.knowledge;
  if (!message || (category !== "extension" && category !== "guest-os")) return finding;
  const refinement = firstOf(index.refinements, (families) =>
    families.mayOccurIn(message.text) ? families.byWording(message.words).strong : undefined,
  );
  const isAnother = refinement !== undefined && refinement.id !== finding.knowledge.id;
  return isAnother && refinement.refines?.includes(category) ? { ...finding, refinement } : finding;
}

/** A rolling upgrade first counts its instances, then says what most of them met. */
function mainWords(message: string): string {
  const at = message.indexOf(mostImpactful);
  return at < 0 ? message : message.slice(at + mostImpactful.length);
}

const mostImpactful = "The most impactful error is: ";

/** An error status in the node itself is more specific than that of the response around it. */
function statusOf({ status: own }: FailureNode, around: number | undefined): number | undefined {
  return own !== undefined && own >= 400 ? own : (around ?? own);
}

const unknownCode: readonly CodeEntry[] = [];

/** By the code, within the layers in order: exact matches first, since comparing by words costs more. */
function byOwnCode(entries: readonly CodeEntry[], message: Message | undefined): Finding | undefined {
  for (let layer = 0; message && layer < entries.length; layer++) {
    const exact = entries[layer]?.templates.findExactly(message);
    if (exact) return byMessage(exact);
  }
  let guess: Rule | undefined;
  for (const { templates, fallback } of entries) {
    const close = message && templates.findClosely(message);
    if (close) return byMessage(close);
    if (!fallback || fallback.vague) continue;
    if (fallback.message === undefined) return byCode(fallback);
    // A rule for one message says little about another. A later layer may know the code itself, or guess just as well.
    guess = fallback;
  }
  return guess && byCode(guess);
}

const byMessage = ({ rule, parameters }: Match): Finding => ({ knowledge: rule, basis: "message", parameters });
const byCode = (knowledge: RuleKnowledge): Finding => ({ knowledge, basis: "code", parameters: noParameters });
const byPattern = (knowledge: RuleKnowledge): Finding => ({ knowledge, basis: "pattern", parameters: noParameters });
const byStatus = (knowledge: RuleKnowledge): Finding => ({ knowledge, basis: "status", parameters: noParameters });

/** Codes change: a message that clearly belongs to one rule belongs to it under any code. */
function byOtherCode(message: Message, index: CatalogIndex): Finding | undefined {
  for (const templates of index.templates) {
    const match = templates.findExactly(message) ?? templates.findClosely(message);
    if (match) return { ...byMessage(match), code: match.rule.code };
  }
  return undefined;
}

/** By the kind of wording and the kind of code; of several layers, the first that knows either. */
function byKind(
  code: string | undefined,
  entries: readonly CodeEntry[],
  message: Message | undefined,
  status: number | undefined,
  index: CatalogIndex,
): Finding {
  const finding = byWords(code, entries, message, status, index);
  if (!message || !isHopeful(finding) || finding.basis !== "pattern") return finding;
  for (const part of withoutLastSentence(message.text)) {
    const alone = byWords(code, entries, new Message(part), undefined, index);
    if (alone.knowledge.disposition === "permanent" && saysWhatLasts(alone)) return alone;
  }
  return finding;
}

/**
 * "Please try again later" and the like are appended to anything: what came before is what happened. Returns the first
 * sentence, and all but the last; nothing if the message is one sentence.
 */
function withoutLastSentence(message: string): readonly string[] {
  const ends = [...message.matchAll(endOfSentence)].filter(({ index }) => index >= 12);
  const [first] = ends;
  const last = ends[ends.length - 1];
  if (!first || !last) return [];
  const parts = [message.slice(0, first.index + 1)];
  return first === last ? parts : [...parts, message.slice(0, last.index + 1)];
}

/** A full stop or, if that was lost, a word that begins sentences, unless the word before it continues. */
const endOfSentence =
  /[.!?]['"]?\s+(?=[A-Z'"])|(?<!\b(?:because|since|that|as|and|or|but|while|when|if|is|are|be|of|the|an?|to|by|with|for|in|on|at|from|your|you)|[A-Z]\w{0,40}|[:,;=([])\s(?=(?:The|An?|Another|Please|Try|Retry|Wait|This|It|There|Your)\s[a-z]\w*\s[a-z])/g;

/** Categories that neither waiting nor a changing state can resolve, if a code alone says so. */
const lastingCategories: ReadonlySet<string> = new Set(["invalid-input", "not-found", "authorization", "quota"]);

function saysWhatLasts({ basis, knowledge }: Finding): boolean {
  if (isWrapperRule(knowledge)) return false;
  return basis === "pattern" || (basis === "code" && lastingCategories.has(knowledge.category));
}

function byWords(
  code: string | undefined,
  entries: readonly CodeEntry[],
  message: Message | undefined,
  status: number | undefined,
  index: CatalogIndex,
): Finding {
  const { families } = index;
  const wordings = message ? families.map((family) => family.byWording(message.words)) : [];
  const wording = (strength: keyof Wording): RuleKnowledge | undefined => firstOf(wordings, (found) => found[strength]);

  const strong = wording("strong");
  if (strong) return byPattern(strong);
  const vague = firstOf(entries, ({ fallback }) => fallback);
  const kindOfCode = code === undefined || vague ? undefined : firstOf(families, (family) => family.byCode(code));
  if (kindOfCode) return byPattern(kindOfCode);
  const usual = wording("usual");
  if (usual) return byPattern(usual);
  if (vague) return byCode(vague);
  const weak = wording("weak");
  if (weak) return byPattern(weak);
  const kindOfStatus = status === undefined ? undefined : firstOf(families, (family) => family.byStatus(status));
  if (kindOfStatus) return byStatus(kindOfStatus);
  const empty = wording("empty");
  return empty ? byPattern(empty) : nothingKnown;
}

function firstOf<Source, T>(sources: readonly Source[], ask: (source: Source) => T | undefined): T | undefined {
  for (const source of sources) {
    const answer = ask(source);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

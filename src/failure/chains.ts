/**
 * The tree of raw nodes -> chains from the outermost node to each root. "The innermost node is the root" is almost
 * true: services put placeholders innermost (`301`, `Unspecified`, a code with an empty message), repeat the parent as
 * its own detail, list properties under an error that says more, and wrap one resource's failure five times. Ranks
 * decide here what counts.
 */
import { cut, maxChains, maxMessageChars, maxNameChars } from "./read-limits.js";
import type { FailureChain, FailureNode } from "./failure.js";
import { factsInMessage } from "./facts.js";
import type { RawNode } from "./raw-node.js";
import { anyFact, marksOf } from "./marks.js";
import { presentableMarked, presentableText } from "./secrets/presentable.js";

/** How much a node says about the cause, least first. */
const rank = {
  empty: 0,
  /** Says only that something below failed: `DeploymentFailed`. */
  wrapper: 1,
  words: 2,
  /** A meaningless code: `Unspecified`, `301`. */
  placeholder: 3,
  /** The name of an HTTP status: an envelope if something is below, a cause of its own if not. */
  envelope: 4,
  real: 5,
} as const;

/** Codes that name no cause, folded. */
const ranks = new Map<string, number>([
  ...[
    "deploymentfailed",
    "resourcedeploymentfailure",
    "resourceoperationfailure",
    "invalidtemplatedeployment",
    "multipleerrorsoccurred",
    "deployerror",
    "failed",
    "canceled",
    "cancelled",
  ].map((code) => [code, rank.wrapper] as const),
  ...["unspecified", "unknown"].map((code) => [code, rank.placeholder] as const),
  ...["conflict", "badrequest", "forbidden", "notfound", "requesttimeout", "unauthorized", "retryableerror"].map(
    (code) => [code, rank.envelope] as const,
  ),
  // of gRPC
  ...["unavailable", "aborted", "failedprecondition", "permissiondenied", "invalidargument", "unauthenticated"].map(
    (code) => [code, rank.envelope] as const,
  ),
]);

/** AKS names the failed step (`ReconcileVMSSAgentPoolFailed`) and gives the cause inside. */
const stepThatFailed = /^(?:reconcile[^]*(?:failed|error)|batchmachine[^]*error)$/;

function rankOf({ code, message, facts }: RawNode): number {
  if (code !== undefined) return rankOfCode(code);
  // A program in the guest has no code of the service, but its exit code is a cause.
  if (facts?.["exitCode"] !== undefined) return rank.real;
  return message === "" ? rank.empty : rank.words;
}

/** Whether the code names a cause, rather than a wrapper, an envelope or nothing. */
export function isTellingCode(code: string): boolean {
  return rankOfCode(code) === rank.real;
}

/** Whether the code only says that something below failed. */
export function isWrapperCode(code: string): boolean {
  return rankOfCode(code) === rank.wrapper;
}

function rankOfCode(code: string): number {
  const folded = code.toLowerCase();
  const known = ranks.get(folded);
  if (known !== undefined) return known;
  if (/^\d+$/.test(folded)) return rank.placeholder;
  return stepThatFailed.test(folded) ? rank.wrapper : rank.real;
}

/** All chains of a tree, most telling first; a single chain with an empty node if the tree says nothing. */
export function chainsOf(tree: RawNode | undefined): [FailureChain, ...FailureChain[]] {
  if (!tree) return [[{ message: "" }]];
  if (!tree.below) return [[toNode(tree)]];
  const branches = branchesOf(tree);
  const [first, ...others] = branches.length === 1 ? branches : distinct(branches);
  return first ? [first.nodes.map(toNode), ...others.map(({ nodes }) => nodes.map(toNode))] : [[toNode(tree)]];
}

interface Branch {
  /** From the outermost node to a root. */
  readonly nodes: readonly [RawNode, ...RawNode[]];
  readonly root: RawNode;
  /** The rank of the root. */
  readonly rank: number;
}

const leaf = (root: RawNode): Branch => ({ nodes: [root], root, rank: rankOf(root) });

function branchesOf(node: RawNode): Branch[] {
  if (!node.below) return [leaf(node)];
  const parentRank = rankOf(node);
  const below = node.below.length === 1 && node.below[0] ? branchesOf(node.below[0]) : node.below.flatMap(branchesOf);
  const telling = (below.length === 1 ? below : mostTelling(below)).filter((branch) =>
    tellsMore(branch, node, parentRank),
  );
  if (telling.length === 0) {
    const words = below.find(({ root }) => root.message !== "")?.root;
    if (words && (node.message === "" || (parentRank === rank.real && pointsInside(node, words)))) {
      node.message = words.message;
      node.target ??= words.target;
    }
    return [leaf(node)];
  }
  return parentRank === rank.empty ? telling : telling.map((branch) => withParent(node, branch));
}

/**
 * "Validation returned errors. See inner errors for details": the message of a detail whose code is a number or the
 * name of a status explains the parent's code.
 */
function pointsInside({ message }: RawNode, { code }: RawNode): boolean {
  return (
    code !== undefined &&
    rankOfCode(code) < rank.real &&
    /\binner (?:error|exception|message)s?\b|\bsee\b[^.]{0,40}\bdetails\b|\breturned errors\b/i.test(message)
  );
}

/** A detail that repeats its parent is the same node. The one with the target or a message is kept. */
function withParent(parent: RawNode, branch: Branch): Branch {
  const [child] = branch.nodes;
  const sameCode = child.code !== undefined && child.code.toLowerCase() === parent.code?.toLowerCase();
  if (!sameCode || (child.message !== parent.message && child.message !== "" && parent.message !== "")) {
    return { ...branch, nodes: [parent, ...branch.nodes] };
  }
  if (child.message === "") child.message = parent.message;
  child.target ??= parent.target;
  child.status ??= parent.status;
  return branch;
}

function tellsMore({ root, rank: rootRank }: Branch, parent: RawNode, parentRank: number): boolean {
  switch (rootRank) {
    case rank.real:
      return parentRank !== rank.real || !elaborates(root, parent);
    case rank.envelope:
      return parentRank < rank.real && (root.message !== "" || parentRank < rank.envelope);
    case rank.placeholder:
      // A number with a message of its own ranks below `NotFound`; `Unspecified` ranks below that.
      return (
        parentRank <= rank.words ||
        (parentRank < rank.real &&
          /^\d/.test(root.code ?? "") &&
          root.message !== "" &&
          root.message !== parent.message)
      );
    case rank.words:
      return parentRank <= rank.words;
    default:
      // An envelope whose message was unpacked says nothing more.
      return parentRank <= rank.wrapper || (parentRank === rank.envelope && parent.message === "");
  }
}

/**
 * A detail named after a property only says which part of the request its parent means: `{ code: "Password", target:
 * "adminPassword" }` below `InvalidParameter`.
 */
function elaborates(detail: RawNode, parent: RawNode): boolean {
  const code = detail.code ?? "";
  if (parent.message === "") return false;
  if (/^(?:\$|[a-z]\w*[.[/])/.test(code)) return true;
  const property = (detail.target ?? "").toLowerCase().split(/[./]/).pop() ?? "";
  return property !== "" && property.endsWith(code.toLowerCase());
}

/**
 * Roots of the highest kind present. Placeholders, wrappers and empty envelopes beside a real code are no causes; a
 * number with a message of its own is one.
 */
function mostTelling(branches: readonly Branch[]): Branch[] {
  let best = 0;
  const ranked = branches.map((branch) => {
    const weight = weightOf(branch);
    best = Math.max(best, weight);
    return { branch, weight };
  });
  const least = best >= rank.envelope ? rank.envelope : best;
  return ranked
    .filter(({ weight }) => weight >= least)
    .sort((a, b) => b.weight - a.weight)
    .map(({ branch }) => branch);
}

function weightOf({ root, rank: own }: Branch): number {
  if (own === rank.envelope && root.message === "") return rank.words;
  const saysWhy = own === rank.placeholder && /^\d/.test(root.code ?? "") && /\w \w.* \w/.test(root.message);
  return saysWhy ? rank.envelope : own;
}

/**
 * Ten machines that fail alike are one cause; ten different messages are ten. A truncated message is the same message.
 */
function distinct(branches: readonly Branch[]): Branch[] {
  const kept: Branch[] = [];
  for (const branch of branches) {
    if (kept.length === maxChains) break;
    if (!kept.some((other) => sameCause(branch.root, other.root))) kept.push(branch);
  }
  return kept;
}

interface Cause {
  readonly code?: string | undefined;
  readonly message: string;
}

function sameCause(a: Cause, b: Cause): boolean {
  return (
    a.code?.toLowerCase() === b.code?.toLowerCase() &&
    (a.message.startsWith(b.message) || b.message.startsWith(a.message))
  );
}

/** Each cause once, those with a telling code first. */
export function distinctChains(chains: readonly FailureChain[]): FailureChain[] {
  const rootOf = (chain: FailureChain): FailureNode => chain[chain.length - 1] ?? { message: "" };
  const kept: FailureChain[] = [];
  for (const chain of chains) {
    if (kept.length === maxChains) break;
    if (!kept.some((other) => sameCause(rootOf(chain), rootOf(other)))) kept.push(chain);
  }
  const names = (chain: FailureChain): boolean => isTellingCode(rootOf(chain).code ?? "failed");
  return [...kept.filter(names), ...kept.filter((chain) => !names(chain))];
}

function toNode(raw: RawNode): FailureNode {
  const said = cut(raw.message, maxMessageChars);
  const marks = marksOf(said);
  const message = presentableMarked(said, marks);
  const node: { -readonly [Key in keyof FailureNode]: FailureNode[Key] } =
    raw.code === undefined ? { message } : { code: raw.code, message };
  if (raw.target !== undefined) node.target = presentableText(cut(raw.target, maxNameChars));
  if (raw.status !== undefined) node.status = raw.status;
  if (raw.facts || (marks & anyFact) !== 0) {
    const facts: Record<string, string> = { ...factsInMessage(message, marks), ...raw.facts };
    if (Object.keys(facts).length > 0) node.facts = factsOf(facts);
  }
  return node;
}

function factsOf(facts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, presentableText(cut(value, maxNameChars))]),
  );
}

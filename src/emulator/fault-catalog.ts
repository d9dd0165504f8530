/**
 * Faults by catalog code: the status and message of a code on the wire, and whether it would come from an operation.
 */
import type { Category, Rule } from "../catalog/rule.js";
import { suggestionsFor } from "../catalog/suggestions.js";
import { rulesOf } from "../catalog/catalog.js";
import { defaultCatalog } from "../catalog/default-catalog.js";

/**
 * The rule for a code or a rule id (which contains a dot, unless it is a code too). Throws a `TypeError` with similar
 * names.
 */
export function findRule(wanted: string | { readonly rule: string }): Rule {
  if (typeof wanted === "object") {
    const found = rulesOf(defaultCatalog).find((rule) => rule.id === wanted.rule);
    return found ?? unknown("rule", wanted.rule, (rule) => rule.id);
  }
  if (wanted.includes(".")) return findRule({ rule: wanted });
  const sameCode = rulesOf(defaultCatalog).filter((rule) => rule.code.toLowerCase() === wanted.toLowerCase());
  // A rule with a message is what the service really says; one without is what the code means in general.
  return (
    sameCode.find((rule) => rule.message !== undefined) ?? sameCode[0] ?? unknown("code", wanted, (rule) => rule.code)
  );
}

/** The status of the response if the catalog names none. Resource providers are consistent about it by kind. */
const statusOfCategory: Readonly<Record<Category, number>> = {
  throttling: 429,
  capacity: 409,
  quota: 409,
  conflict: 409,
  platform: 500,
  timeout: 504,
  "invalid-input": 400,
  unsupported: 400,
  "not-found": 404,
  authorization: 403,
  authentication: 401,
  "guest-os": 409,
  extension: 409,
  storage: 409,
  network: 409,
  encryption: 409,
  image: 409,
  precondition: 409,
  other: 400,
};

export function statusOf(rule: Rule): number {
  return rule.status ?? statusOfCategory[rule.category];
}

/** How a failure arrives by default. */
export type UsualManner = "answer" | "operation" | "canceled";

/** Kinds of failures that show only during the work, after the request was accepted. */
const foundAtWork: ReadonlySet<Category> = new Set<Category>([
  "capacity",
  "timeout",
  "guest-os",
  "extension",
  "storage",
  "encryption",
  "network",
  "platform",
]);

/** Codes that end operations although the catalog knows a status: `Location` polling returns that status. */
const endsOperations =
  /^(OSProvisioning|VM(Start|Redeployment|Extension|Agent|Artifact)|\w*Allocation(Failed|Request)$)/i;
const refusedAtOnce: ReadonlySet<string> = new Set(["ResourceUpdateBlockedOnPlatformUpdate"]);

export function usualManner(rule: Rule): UsualManner {
  if (rule.code === "OperationPreempted") return "canceled";
  if (refusedAtOnce.has(rule.code)) return "answer";
  const isFoundAtWork = rule.status === undefined && foundAtWork.has(rule.category);
  return isFoundAtWork || endsOperations.test(rule.code) ? "operation" : "answer";
}

/** Node's own codes: no server sends them. */
export function isTransportCode(code: string): boolean {
  return /^[A-Z][A-Z0-9_]+$/.test(code) && !code.startsWith("AADSTS");
}

const fromIdentity = /^(AADSTS\d+|[a-z_]+|\w*(Credential|Authentication)\w*Error)$/;
const fromClient = /^(TypeError|AbortError|TimeoutError|AttemptTimeout)$/;

/** Throws a `TypeError` for codes that are in the catalog but that Resource Manager never returns. */
export function checkIsAnswer({ code }: Rule): void {
  if (fromIdentity.test(code)) {
    throw new TypeError(
      `${code} comes from Entra ID or @azure/identity, not from Resource Manager: use arm.failToken.`,
    );
  }
  if (fromClient.test(code)) {
    throw new TypeError(
      `${code} is the client's own, not an answer: use arm.hang or arm.latency and let the client give up.`,
    );
  }
}

function unknown(kind: "code" | "rule", wanted: string, nameOf: (rule: Rule) => string): never {
  const names = [...new Set(rulesOf(defaultCatalog).map(nameOf))];
  const near = suggestionsFor(wanted, names);
  const hint = near.length > 0 ? ` Did you mean ${near.join(", ")}?` : ` It has ${names.length} ${kind}s.`;
  throw new TypeError(`The catalog has no ${kind} "${wanted}".${hint} Or give { status, body } as it should come.`);
}

/**
 * What an answer tells about limits: the levels in its headers, and after a rejection, which limit it was.
 *
 * Resource Manager tells its own level in `x-ms-ratelimit-remaining-{subscription,tenant}-{reads,writes,deletes}`. Resource
 * providers tell theirs in `x-ms-ratelimit-remaining-resource: Microsoft.Compute/PutVM3Min;239`, a header for each
 * policy, which arrive joined by commas. No header ever tells the size of a bucket or when it fills.
 */
import type { OperationClass } from "../limits.js";
import type { ThrottleReply } from "../throttle.js";

export interface Signals {
  /** The kind of call that Resource Manager counted, with what is left of it. */
  readonly own: { readonly operation: OperationClass; readonly level: number; readonly header: string } | undefined;
  /** The same for all principals of the subscription together. */
  readonly allPrincipals: number | undefined;
  /** Policies of the resource provider. */
  readonly policies: readonly PolicyLevel[];
}

export interface PolicyLevel {
  /** As the service names it: `Microsoft.Compute/PutVM3Min`. */
  readonly name: string;
  readonly level: number;
}

type Headers = ThrottleReply["headers"];

const classes: readonly OperationClass[] = ["read", "write", "delete"];
const prefix = "x-ms-ratelimit-remaining-";
/** Header names by kind of call; those of tenant calls name no deletes. */
export const ownHeaders = {
  read: [`${prefix}subscription-reads`, `${prefix}tenant-reads`],
  write: [`${prefix}subscription-writes`, `${prefix}tenant-writes`],
  delete: [`${prefix}subscription-deletes`, `${prefix}tenant-deletes`],
} as const;
export const allPrincipalsHeaders = {
  read: `${prefix}subscription-global-reads`,
  write: `${prefix}subscription-global-writes`,
  delete: `${prefix}subscription-global-deletes`,
} as const;
export const resourceHeader = `${prefix}resource`;
/** Limits that Resource Manager tells under names of their own; they are kept like a provider's policies. */
const furtherHeaders = [
  "subscription-resource-requests",
  "subscription-resource-entities-read",
  "tenant-resource-requests",
];

/** A hostile or broken header costs no more than this. */
const mostChars = 4_096;
const mostPolicies = 32;
const none: readonly PolicyLevel[] = [];

/** @param expected the kind of call that the request was taken for: looked for first, and most often the last look */
export function readSignals(headers: Headers, expected: OperationClass): Signals {
  const own = ownLevel(headers, expected);
  const allPrincipals = levelIn(headers.get(allPrincipalsHeaders[own?.operation ?? expected]));
  return { own, allPrincipals, policies: policyLevels(headers, own === undefined) };
}

function ownLevel(headers: Headers, expected: OperationClass): Signals["own"] {
  const [header] = ownHeaders[expected];
  const subscription = levelIn(headers.get(header));
  if (subscription !== undefined) return { operation: expected, level: subscription, header };
  for (const operation of classes) {
    for (const header of ownHeaders[operation]) {
      const level = levelIn(headers.get(header));
      if (level !== undefined) return { operation, level, header };
    }
  }
  return undefined;
}

function policyLevels(headers: Headers, lookFurther: boolean): readonly PolicyLevel[] {
  const joined = headers.get(resourceHeader);
  if (!joined && !lookFurther) return none;
  const policies = joined ? readPolicies(joined) : [];
  if (!lookFurther) return policies;
  for (const name of furtherHeaders) {
    const level = levelIn(headers.get(prefix + name));
    if (level !== undefined) policies.push({ name, level });
  }
  return policies;
}

export function readPolicies(joined: string): PolicyLevel[] {
  const policies: PolicyLevel[] = [];
  for (const part of joined.slice(0, mostChars).split(",", mostPolicies)) {
    const semicolon = part.lastIndexOf(";");
    const level = semicolon < 0 ? undefined : levelIn(part.slice(semicolon + 1));
    const name = part.slice(0, semicolon).trim();
    if (level !== undefined && name !== "") policies.push({ name, level });
  }
  return policies;
}

/** The lowest of the numbers in a header that may have come more than once. */
export function levelIn(value: string | undefined): number | undefined {
  if (!value) return undefined;
  const level = count(value);
  if (level !== undefined || !value.includes(",")) return level;
  const levels = value.slice(0, mostChars).split(",", mostPolicies).map(count);
  return levels.reduce((least, level) => (least === undefined || (level ?? Infinity) < least ? level : least));
}

/** A whole number, and nothing else but blanks around it. */
function count(text: string): number | undefined {
  const plain = digitsIn(text, 0, text.length);
  if (plain >= 0) return plain;
  const trimmed = text.trim();
  const level = digitsIn(trimmed, 0, trimmed.length);
  return level >= 0 ? level : undefined;
}

/** More digits make no whole number that can be told from its neighbours. */
export const mostDigits = 15;

/** The number that the digits from `start` to `end` make; -1 when they are none, too many, or not digits alone. */
export function digitsIn(text: string, start: number, end: number): number {
  if (end === start || end - start > mostDigits) return -1;
  let number = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

/** Which limit sent a request away. */
export type Culprit =
  | { readonly limit: "own" | "allPrincipals" | "provider" }
  | { readonly limit: "policies"; readonly names: readonly string[] };

/** Below this many requests left a bucket may well have been the one that was empty. */
const nearlyEmpty = 1;

/**
 * The documented way to tell them apart: what the body names; a policy at zero; `x-ms-failure-cause: gateway`, which is
 * Resource Manager itself; its own level near zero; else the resource provider.
 * @param ownLevel what earlier answers told of Resource Manager's level
 */
export function findCulprit(reply: ThrottleReply, signals: Signals, ownLevel: number | undefined): Culprit {
  if (reply.scopeHint) return { limit: "policies", names: [nameOf(reply.scopeHint, signals)] };
  const empty = signals.policies.filter(({ level }) => level <= 0).map(({ name }) => name);
  if (empty.length > 0) return { limit: "policies", names: empty };
  const level = signals.own?.level ?? ownLevel ?? 0;
  if ((signals.allPrincipals ?? Infinity) <= nearlyEmpty && level > nearlyEmpty) return { limit: "allPrincipals" };
  if (reply.headers.get("x-ms-failure-cause") === "gateway" || level <= nearlyEmpty) return { limit: "own" };
  return { limit: "provider" };
}

/** Bodies leave out the namespace that headers have in front of a policy's name. */
function nameOf(hint: string, { policies }: Signals): string {
  const short = hint.slice(0, 128).toLowerCase();
  return policies.find(({ name }) => name.toLowerCase().endsWith(`/${short}`))?.name ?? hint.slice(0, 128);
}

/**
 * What a response reports about limits: the levels in its headers, and after a rejection, which limit it was.
 *
 * Resource Manager reports its own level in `x-ms-ratelimit-remaining-{subscription,tenant}-{reads,writes,deletes}`.
 * Resource providers report theirs for each limit group in `x-ms-ratelimit-remaining-resource:
 * Microsoft.Compute/PutVM3Min;239`; several such headers arrive joined by commas. No header reports a bucket's size or
 * its refill.
 */
import type { RequestClass } from "../limits.js";
import type { ThrottleReply } from "../throttle.js";

export interface ReportedLevels {
  /** The request class that Resource Manager counted, and what is left of it. */
  readonly own: { readonly requestClass: RequestClass; readonly level: number; readonly header: string } | undefined;
  /** The same for all principals of the subscription together. */
  readonly allPrincipals: number | undefined;
  /** Limit groups of the resource provider. */
  readonly groups: readonly LimitGroupLevel[];
}

export interface LimitGroupLevel {
  /** As the service names it: `Microsoft.Compute/PutVM3Min`. */
  readonly name: string;
  readonly level: number;
}

type Headers = ThrottleReply["headers"];

const classes: readonly RequestClass[] = ["read", "write", "delete"];
const prefix = "x-ms-ratelimit-remaining-";
/** Header names by request class; there is none for deletes of a tenant. */
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
/** Limits that Resource Manager reports under other names; they are treated like a provider's limit groups. */
const furtherHeaders = [
  "subscription-resource-requests",
  "subscription-resource-entities-read",
  "tenant-resource-requests",
];

/** Limits the work that a hostile or broken header can cause. */
const mostChars = 4_096;
const mostGroups = 32;
const none: readonly LimitGroupLevel[] = [];

/** @param expected the presumed class: its header is read first, and usually nothing else is needed */
export function readReportedLevels(headers: Headers, expected: RequestClass): ReportedLevels {
  const own = ownLevel(headers, expected);
  const allPrincipals = levelIn(headers.get(allPrincipalsHeaders[own?.requestClass ?? expected]));
  return { own, allPrincipals, groups: groupLevels(headers, own === undefined) };
}

function ownLevel(headers: Headers, expected: RequestClass): ReportedLevels["own"] {
  const [header] = ownHeaders[expected];
  const subscription = levelIn(headers.get(header));
  if (subscription !== undefined) return { requestClass: expected, level: subscription, header };
  for (const requestClass of classes) {
    for (const header of ownHeaders[requestClass]) {
      const level = levelIn(headers.get(header));
      if (level !== undefined) return { requestClass, level, header };
    }
  }
  return undefined;
}

function groupLevels(headers: Headers, lookFurther: boolean): readonly LimitGroupLevel[] {
  const joined = headers.get(resourceHeader);
  if (!joined && !lookFurther) return none;
  const groups = joined ? readGroups(joined) : [];
  if (!lookFurther) return groups;
  for (const name of furtherHeaders) {
    const level = levelIn(headers.get(prefix + name));
    if (level !== undefined) groups.push({ name, level });
  }
  return groups;
}

export function readGroups(joined: string): LimitGroupLevel[] {
  const groups: LimitGroupLevel[] = [];
  for (const part of joined.slice(0, mostChars).split(",", mostGroups)) {
    const semicolon = part.lastIndexOf(";");
    const level = semicolon < 0 ? undefined : levelIn(part.slice(semicolon + 1));
    const name = part.slice(0, semicolon).trim();
    if (level !== undefined && name !== "") groups.push({ name, level });
  }
  return groups;
}

/** The lowest number in a header that may have been repeated. */
export function levelIn(value: string | undefined): number | undefined {
  if (!value) return undefined;
  const level = count(value);
  if (level !== undefined || !value.includes(",")) return level;
  const levels = value.slice(0, mostChars).split(",", mostGroups).map(count);
  return levels.reduce((least, level) => (least === undefined || (level ?? Infinity) < least ? level : least));
}

/** A whole number, with nothing but blanks around it. */
function count(text: string): number | undefined {
  const plain = digitsIn(text, 0, text.length);
  if (plain >= 0) return plain;
  const trimmed = text.trim();
  const level = digitsIn(trimmed, 0, trimmed.length);
  return level >= 0 ? level : undefined;
}

/** Numbers with more digits are not exact. */
export const mostDigits = 15;

/** The number formed by the digits from `start` to `end`; -1 if there are none, too many, or other characters. */
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

/** The limit that rejected a request. */
export type Culprit =
  | { readonly limit: "own" | "allPrincipals" | "provider" }
  | { readonly limit: "groups"; readonly names: readonly string[] };

/** With this many requests left or fewer, a bucket may have been the empty one. */
const nearlyEmpty = 1;

/**
 * Follows the documentation: the limit that the body names; a limit group at zero; `x-ms-failure-cause: gateway`, which
 * is Resource Manager itself; its own level near zero; otherwise the resource provider.
 * @param ownLevel Resource Manager's level, as earlier responses reported it
 */
export function findCulprit(reply: ThrottleReply, reported: ReportedLevels, ownLevel: number | undefined): Culprit {
  if (reply.scopeHint) return { limit: "groups", names: [nameOf(reply.scopeHint, reported)] };
  const empty = reported.groups.filter(({ level }) => level <= 0).map(({ name }) => name);
  if (empty.length > 0) return { limit: "groups", names: empty };
  const level = reported.own?.level ?? ownLevel ?? 0;
  if ((reported.allPrincipals ?? Infinity) <= nearlyEmpty && level > nearlyEmpty) return { limit: "allPrincipals" };
  if (reply.headers.get("x-ms-failure-cause") === "gateway" || level <= nearlyEmpty) return { limit: "own" };
  return { limit: "provider" };
}

/** Bodies omit the namespace that headers put in front of a group's name. */
function nameOf(hint: string, { groups }: ReportedLevels): string {
  const short = hint.slice(0, 128).toLowerCase();
  return groups.find(({ name }) => name.toLowerCase().endsWith(`/${short}`))?.name ?? hint.slice(0, 128);
}

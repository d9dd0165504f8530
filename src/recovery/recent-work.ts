/**
 * What this process has created, deleted and granted within the last minutes. Azure shows it everywhere only after a while:
 * what was just created may be missing from a replica, what was just deleted may still hold what it used, and what was just
 * granted may still be refused. Only then is such a refusal waited out; a success must have been seen here first.
 */
import type { Diagnosis } from "../catalog/diagnosis.js";
import type { Clock } from "../time/clock.js";
import { isOfResourceManager } from "../lro/read-back.js";

/** Milliseconds that a replica may need to know a new resource. */
const createdMs = 30_000;
/** Milliseconds for which Azure says that a network interface stays reserved ("for 180 seconds"). */
const deletedMs = 180_000;
/** Milliseconds that a role assignment may need to take effect: Azure documents up to ten minutes. */
const grantedMs = 600_000;
const mostEntries = 1_000;

type Deed = "created" | "deleted" | "granted";

interface Entry {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Whom a role was granted to. */
  readonly principal?: string | undefined;
}

export interface Excuse {
  /** Epoch milliseconds until which it is waited out. */
  readonly until: number;
  /** First wait in milliseconds; it doubles. */
  readonly baseMs: number;
  /** What was done, in words. */
  readonly because: string;
}

interface Written {
  readonly method: string;
  readonly url: string;
  readonly body?: unknown;
}

export class RecentWork {
  /** By path, lower case; the oldest first, so that those whose time is over are the first. */
  readonly #entries: Readonly<Record<Deed, Map<string, Entry>>> = {
    created: new Map(),
    deleted: new Map(),
    granted: new Map(),
  };
  #seenAt = -Infinity;

  /** A request, or the operation that it began, has succeeded. */
  note({ method, url, body }: Written, now: number): void {
    if ((method !== "PUT" && method !== "DELETE") || !isOfResourceManager(url)) return;
    this.#forget(now);
    const path = pathOf(url);
    const isGrant = method === "PUT" && path.includes("/providers/microsoft.authorization/roleassignments/");
    for (const deed of deeds) this.#entries[deed].delete(path);
    const deed = method === "DELETE" ? "deleted" : isGrant ? "granted" : "created";
    this.#entries[deed].set(path, { at: now, ...(isGrant && { principal: principalIn(body) }) });
    this.#dropOldest();
  }

  /** Why a refusal is expected to end soon, if it comes from what was just done here. */
  excuse(request: Written, diagnosis: Diagnosis, now: number): Excuse | undefined {
    const deed = request.method === "HEAD" ? undefined : deedBehind(diagnosis);
    if (deed === undefined || this.#entries[deed].size === 0) return undefined;
    this.#forget(now);
    const path = pathOf(request.url);
    const text = diagnosis.chain.map(({ message }) => message.toLowerCase()).join("\n");
    for (const [known, entry] of this.#entries[deed]) {
      if (!concerns(known, deed, entry, path, text)) continue;
      const until = entry.at + lastingMs[deed];
      return { until, baseMs: deed === "created" ? 1_000 : 10_000, because: `${known} was ${deed} a moment ago` };
    }
    return undefined;
  }

  #forget(now: number): void {
    // A clock that was set back says nothing about how long ago something was.
    const isSetBack = now < this.#seenAt;
    this.#seenAt = now;
    for (const deed of deeds) {
      for (const [path, { at }] of this.#entries[deed]) {
        if (!isSetBack && now - at < lastingMs[deed]) break;
        this.#entries[deed].delete(path);
      }
    }
  }

  #dropOldest(): void {
    let size = 0;
    let oldest: { readonly deed: Deed; readonly path: string; readonly at: number } | undefined;
    for (const deed of deeds) {
      size += this.#entries[deed].size;
      const [first] = this.#entries[deed];
      if (first && first[1].at < (oldest?.at ?? Infinity)) oldest = { deed, path: first[0], at: first[1].at };
    }
    if (size > mostEntries && oldest) this.#entries[oldest.deed].delete(oldest.path);
  }
}

const lastingMs: Readonly<Record<Deed, number>> = { created: createdMs, deleted: deletedMs, granted: grantedMs };
const deeds = ["created", "deleted", "granted"] as const;

/** What would explain a refusal. */
function deedBehind({ status, code = "" }: Diagnosis): Deed | undefined {
  if (status === 404) return "created";
  if (status === 403 && /^(?:Linked)?AuthorizationFailed$/i.test(code)) return "granted";
  if ((status === 400 || status === 409) && isHeldCode.test(code)) return "deleted";
  return undefined;
}

/** `NicInUse`, `InUseSubnetCannotBeDeleted`, `PublicIPAddressCannotBeDeleted` and their kind: another resource still uses it. */
const isHeldCode = /inuse|cannotbedeleted|^nicreserved/i;

function concerns(known: string, deed: Deed, { principal }: Entry, path: string, text: string): boolean {
  switch (deed) {
    case "created":
      return (
        path === known || path.startsWith(`${known}/`) || text.includes(`'${nameIn(known)}'`) || names(text, known)
      );
    case "deleted":
      return names(text, known);
    case "granted": {
      const scope = known.slice(0, known.indexOf("/providers/microsoft.authorization/roleassignments/"));
      return path.startsWith(scope) && (principal === undefined || text.includes(principal));
    }
  }
}

/** Whether a message names a resource by its id, and not another whose id begins alike. */
function names(text: string, id: string): boolean {
  const at = text.indexOf(id);
  return at >= 0 && !/[\w-]/.test(text.charAt(at + id.length));
}

/** As "The Resource 'Microsoft.Network/networkInterfaces/nic-1' under resource group …" names it. */
const nameIn = (path: string): string => path.slice(path.lastIndexOf("/providers/") + "/providers/".length);

function pathOf(url: string): string {
  const path = (URL.canParse(url) ? new URL(url).pathname : url).toLowerCase();
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

function principalIn(body: unknown): string | undefined {
  if (typeof body !== "string") return undefined;
  return /"principalId"\s*:\s*"([^"]{1,64})"/.exec(body)?.[1]?.toLowerCase();
}

/** One for a process: all its clients go by the same clock. */
const works = new WeakMap<Clock, RecentWork>();

export function recentWorkOf(clock: Clock): RecentWork {
  const known = works.get(clock) ?? new RecentWork();
  works.set(clock, known);
  return known;
}

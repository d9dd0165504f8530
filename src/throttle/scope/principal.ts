/**
 * Who is calling. Resource Manager counts each principal separately, and the token in the request names it: the object
 * id of the user or service principal, which stays the same when the token is refreshed. The token is read, not
 * verified; that is the service's job. Only a hash leaves this file.
 */

/** Claims that name a principal, best first. */
const principalClaims = ["oid", "appid", "azp", "sub"] as const;
/** Tokens kept, so that each is read once. A process uses few, and a refreshed one makes the oldest useless. */
const tokensKept = 16;

export class Principals {
  readonly #byHeader = new Map<string, string>();
  /**
   * Every request carries a new copy of the same header; comparing it with the last one is far cheaper than looking it
   * up.
   */
  #lastHeader = "";
  #last = "";

  /** A short hash of the principal behind an `Authorization` header. */
  of(authorization: string | undefined): string {
    if (authorization === undefined || authorization === "") return "anonymous";
    if (authorization !== this.#lastHeader) {
      this.#last = this.#byHeader.get(authorization) ?? this.#read(authorization);
      this.#lastHeader = authorization;
    }
    return this.#last;
  }

  #read(authorization: string): string {
    const principal = hash(principalIn(authorization) ?? authorization);
    if (this.#byHeader.size >= tokensKept) this.#byHeader.delete(this.#byHeader.keys().next().value ?? "");
    this.#byHeader.set(authorization, principal);
    return principal;
  }
}

/** Tenant and object id (or the next best claim) of a JSON Web Token. */
function principalIn(authorization: string): string | undefined {
  const payload = /^Bearer\s+[\w-]+\.([\w-]+)\./i.exec(authorization)?.[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    if (typeof claims !== "object" || claims === null) return undefined;
    const read = (claim: string): string => {
      const value: unknown = (claims as Record<string, unknown>)[claim];
      return typeof value === "string" ? value : "";
    };
    const id = principalClaims.map(read).find((value) => value !== "");
    return id === undefined ? undefined : `${read("tid")}/${id}`;
  } catch {
    return undefined; // not a token that can be read; its own text will do
  }
}

/**
 * Two rounds of FNV-1a with different seeds: 64 bits without a crypto module, good enough for a name and not for
 * security.
 */
function hash(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x5bd1e995);
  }
  return hex(low) + hex(high ^ (high >>> 13));
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");

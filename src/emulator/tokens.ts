/**
 * Tokens like those of Entra ID: JWT-shaped, with `oid`, `exp` and the rest, unsigned. The server reads the principal
 * and the expiry from them. A token from elsewhere is accepted under its own `oid`, if it has one.
 */
import type { Clock } from "../time/clock.js";
import { dig, digText, parseObject, type JsonObject } from "./json.js";

/** Fits `TokenCredential` of `@azure/core-auth`. */
export interface EmulatorCredential {
  getToken(scopes: string | string[], options?: object): Promise<{ token: string; expiresOnTimestamp: number }>;
  /** How often a token was asked for. */
  readonly calls: number;
}

export interface TokenIssuerOptions {
  readonly tenantId: string;
  readonly lifetimeMs: number;
  readonly clock: Clock;
}

/** The principal of a token, or why it is refused. */
export type Verdict = { readonly principal: string } | { readonly principal: string; readonly refusal: TokenRefusal };
export interface TokenRefusal {
  readonly code: "ExpiredAuthenticationToken" | "AuthenticationFailed";
  readonly message: string;
}

export class TokenIssuer {
  /** Tokens of an earlier generation count as expired. */
  #generation = 0;
  #issued = 0;
  readonly #failures: Error[] = [];

  constructor(private readonly options: TokenIssuerOptions) {}

  get #issuer(): string {
    return `https://sts.windows.net/${this.options.tenantId}/`;
  }

  credential(principal: string): EmulatorCredential {
    let calls = 0;
    return {
      get calls() {
        return calls;
      },
      getToken: (scopes) => {
        calls += 1;
        const failure = this.#failures.shift();
        return failure ? Promise.reject(failure) : Promise.resolve(this.#issue(principal, scopes));
      },
    };
  }

  expireAll(): void {
    this.#generation += 1;
  }

  /** The next calls of `getToken` reject with the error. */
  failNext(error: Error, times: number): void {
    for (let count = 0; count < times; count += 1) this.#failures.push(error);
  }

  verify(token: string | undefined): Verdict {
    if (token === undefined) {
      return {
        principal: "",
        refusal: {
          code: "AuthenticationFailed",
          message: "Authentication failed. The 'Authorization' header is missing.",
        },
      };
    }
    const claims = claimsOf(token);
    const principal = digText(claims, "oid") ?? "";
    const expiresAtMs = Number(dig(claims, "exp")) * 1000;
    const now = this.options.clock.now();
    const isStale = claims["iss"] === this.#issuer && dig(claims, "generation") !== this.#generation;
    if (!isStale && !(expiresAtMs <= now)) return { principal };
    const expiry = new Date(isStale ? Math.min(expiresAtMs, now) : expiresAtMs).toISOString();
    return {
      principal,
      refusal: {
        code: "ExpiredAuthenticationToken",
        message: `The access token expiry UTC time '${expiry}' is earlier than current UTC time '${new Date(now).toISOString()}'.`,
      },
    };
  }

  #issue(principal: string, scopes: string | string[]): { token: string; expiresOnTimestamp: number } {
    const now = this.options.clock.now();
    const expiresOnTimestamp = now + this.options.lifetimeMs;
    this.#issued += 1;
    const claims = {
      aud: [scopes].flat()[0],
      iss: this.#issuer,
      iat: Math.floor(now / 1000),
      exp: Math.ceil(expiresOnTimestamp / 1000),
      oid: principal,
      tid: this.options.tenantId,
      jti: `token-${this.#issued}`,
      generation: this.#generation,
    };
    const token = [{ alg: "none", typ: "JWT" }, claims].map(encode).join(".") + ".unsigned";
    return { token, expiresOnTimestamp };
  }
}

function encode(part: JsonObject): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

/** Undefined for an opaque token from elsewhere. */
function claimsOf(token: string): JsonObject {
  return parseObject(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) ?? {};
}

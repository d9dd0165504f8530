/**
 * No token, so nothing was sent. `@azure/identity` maps nearly every trouble with Entra ID to one error type and distinguishes them
 * only in words (measured with 4.13: a wrong secret, a 429 and a dead resolver all are `AuthenticationRequiredError`), so the
 * code is read from the message: `AADSTS7000215`, else the OAuth or MSAL code in front (`network_error: …`).
 */

const names = new Set([
  "AuthenticationRequiredError",
  "CredentialUnavailableError",
  "AuthenticationError",
  "AggregateAuthenticationError",
  "AuthError",
  "ServerError",
  "ClientAuthError",
  "ClientConfigurationError",
  "InteractionRequiredAuthError",
  "BrowserAuthError",
  "BrowserConfigurationAuthError",
  "NativeAuthError",
]);

/** By name, since each copy of the package has classes of its own. */
export function isIdentityError(name: unknown): name is string {
  return typeof name === "string" && names.has(name);
}

/** The code that the words of an identity failure name. */
export function identityCodeIn(message: string): string | undefined {
  if (message.includes("AADSTS")) return /\bAADSTS\d{2,9}/.exec(message)?.[0];
  return /^\s{0,8}([a-z][a-z0-9]{1,40}(?:_[a-z0-9]{1,40}){1,6})(?=:| Status code)/.exec(message)?.[1];
}

/** The answer of the token endpoint itself: `{ error: "invalid_client", error_description: "AADSTS…" }`. */
export function isTokenResponse(body: object): boolean {
  const { error, error_description: description } = body as { error?: unknown; error_description?: unknown };
  return typeof error === "string" && typeof description === "string";
}

/**
 * No token, so nothing was sent. `@azure/identity` maps nearly every problem with Entra ID to one error type and
 * distinguishes them only by message (measured with 4.13: a wrong secret, a 429 and a dead resolver are all
 * `AuthenticationRequiredError`). So the code is read from the message: `AADSTS7000215`, otherwise the OAuth or MSAL
 * code in front (`network_error: …`).
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

/** By name, since each copy of the package has its own classes. */
export function isIdentityError(name: unknown): name is string {
  return typeof name === "string" && names.has(name);
}

/** The code in the message of an identity failure. */
export function identityCodeIn(message: string): string | undefined {
  if (message.includes("AADSTS")) return /\bAADSTS\d{2,9}/.exec(message)?.[0];
  return /^\s{0,8}([a-z][a-z0-9]{1,40}(?:_[a-z0-9]{1,40}){1,6})(?=:| Status code)/.exec(message)?.[1];
}

/** The response of the token endpoint itself: `{ error: "invalid_client", error_description: "AADSTS…" }`. */
export function isTokenResponse(body: object): boolean {
  const { error, error_description: description } = body as { error?: unknown; error_description?: unknown };
  return typeof error === "string" && typeof description === "string";
}

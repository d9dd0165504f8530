/** Failures below HTTP: those that a server can cause, and those that only the client sees. */

/**
 * What the server can do to a connection instead of sending a whole response: reset it, close it after half of the
 * body, stay silent, or stay silent after half of the body.
 */
export type ServerSideBreak = "reset" | "cut" | "hung" | "stalled";

/** The code that a Node client reports for it. */
const causedByServer: Readonly<Record<string, ServerSideBreak>> = { ECONNRESET: "reset", PARSE_ERROR: "cut" };

/** The client's own failures, with Node's messages. */
const seenByClientAlone: Readonly<Record<string, string>> = {
  EAI_AGAIN: "getaddrinfo EAI_AGAIN management.azure.com",
  ENOTFOUND: "getaddrinfo ENOTFOUND management.azure.com",
  ECONNREFUSED: "connect ECONNREFUSED 203.0.113.1:443",
  ETIMEDOUT: "connect ETIMEDOUT 203.0.113.1:443",
  EHOSTUNREACH: "connect EHOSTUNREACH 203.0.113.1:443",
  ENETUNREACH: "connect ENETUNREACH 203.0.113.1:443",
  ECONNABORTED: "write ECONNABORTED",
  EPIPE: "write EPIPE",
  EPROTO: "write EPROTO",
  CERT_HAS_EXPIRED: "certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "self-signed certificate",
  SELF_SIGNED_CERT_IN_CHAIN: "self-signed certificate in certificate chain",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unable to verify the first certificate",
  ERR_TLS_CERT_ALTNAME_INVALID: "Hostname/IP does not match certificate's altnames",
};

export function serverSideBreak(code: string): ServerSideBreak | undefined {
  return Object.hasOwn(causedByServer, code) ? causedByServer[code] : undefined;
}

/** Undefined for a code without a fixed message in Node's clients. */
export function wordsOfClientFailure(code: string): string | undefined {
  return Object.hasOwn(seenByClientAlone, code) ? seenByClientAlone[code] : undefined;
}

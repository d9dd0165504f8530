/**
 * What a missing response means. The question is whether the service may have executed the request: a refused
 * connection or an unknown host never carried it; a reset or a timeout may have come after it arrived.
 */
import type { Execution } from "./failure.js";
import type { RawNode } from "./raw-node.js";

/** The request never left: no address, no connection, or no trust in the other side. */
const neverSent = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EAI_NODATA",
  "EAI_NONAME",
  "ENOENT", // no such named pipe or socket file; resolvers of old said so of an unknown host too
  "EHOSTDOWN",
  "ConnectionRefused", // Bun
  "FailedToOpenSocket", // Bun
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_UNTRUSTED",
  "CERT_REVOKED",
  "CERT_REJECTED",
  "CERT_SIGNATURE_FAILURE",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "ERR_TLS_HANDSHAKE_TIMEOUT",
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
  "ERR_INVALID_URL",
]);

/** It may have arrived before the connection broke or the wait ended, or the response was truncated. */
const perhapsExecuted = new Set([
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "EPROTO",
  "ETIMEDOUT",
  "ESOCKETTIMEDOUT",
  "AttemptTimeout", // our own limit for one attempt
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "ENETRESET",
  "ENOTCONN",
  "EADDRNOTAVAIL",
  "PARSE_ERROR",
  "REQUEST_SEND_ERROR",
  "ABORT_ERR",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ERR_STREAM_DESTROYED",
  "ERR_HTTP2_STREAM_ERROR",
  "ERR_HTTP2_SESSION_ERROR",
  "ERR_BAD_RESPONSE",
  "ERR_NETWORK",
  "ConnectionClosed", // Bun
  "ConnectionReset", // Bun
  "Z_BUF_ERROR",
  "Z_DATA_ERROR",
]);

const families = /^(?:UND_ERR|HPE|CERT|ERR_TLS|ERR_SSL|ERR_HTTP2|ERR_STREAM)_[A-Z0-9_]{2,64}$/;

/** Whether the code is one of a socket, a resolver, TLS or an HTTP parser, not of a service. */
export function isTransportCode(code: unknown): code is string {
  return typeof code === "string" && (neverSent.has(code) || perhapsExecuted.has(code) || families.test(code));
}

/** Whether a service responded: there is a code that no socket and no resolver uses. */
export function namesServiceCode({ code, below }: RawNode): boolean {
  const ofService = code !== undefined && !code.startsWith("ERR_") && !isTransportCode(code);
  return ofService || (below?.some(namesServiceCode) ?? false);
}

/**
 * Node's message says what it was doing: `connect ETIMEDOUT 20.0.0.1:443` and "disconnected before secure TLS
 * connection was established" failed before anything was sent, whatever the code.
 */
const beforeSending =
  /\bconnect E[A-Z]{3,}|\bgetaddrinfo\b|client error \(Connect\)|unable to connect\. is the computer able|was there a typo in the url or port|before secure TLS connection|SSL routines|wrong version number|handshake (?:failure|timeout)|certificate (?:has expired|verify failed|signed by unknown authority)/i;

export function executionOfTransport(code: string | undefined, message: string): Execution {
  if (code !== undefined && neverSent.has(code)) return "none";
  return beforeSending.test(message.slice(0, 2_048)) ? "none" : "unknown";
}

/** What fetch says instead of a code, by browser; `fetch failed` is Node's, whose cause says more. */
const fetchFailures =
  /^(?:fetch failed|failed to fetch|load failed|networkerror when attempting to fetch resource\.?|network request failed|network connection lost\.?)$/i;

/** How the messages of Bun and Deno begin; a hint or the URL follows. `Network connection lost` is Cloudflare's. */
const fetchFailureStarts =
  /^(?:the socket connection was closed unexpectedly|unable to connect\. is the computer able|was there a typo in the url or port|error sending request (?:for|from) |connection closed before message completed)/i;

export function isFetchFailure(message: string): boolean {
  return (message.length < 80 && fetchFailures.test(message.trim())) || fetchFailureStarts.test(message.slice(0, 80));
}

/** Codes and messages of Node, Go, Python and Java that report a failed connection. */
const words: readonly (readonly [pattern: RegExp, execution: Execution])[] = [
  [/\bECONNREFUSED\b|\bENOTFOUND\b|\bEAI_AGAIN\b|\bUND_ERR_CONNECT_TIMEOUT\b/, "none"],
  [/connection refused|no such host|name or service not known|temporary failure in name resolution/i, "none"],
  [
    /failed to establish a new connection|UnknownHostException|TLS handshake timeout|certificate (?:has expired|verify failed)/i,
    "none",
  ],
  [/\bconnect E[A-Z]{3,}/, "none"],
  [
    /\b(?:ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|UND_ERR_[A-Z_]{3,32})\b|socket hang up/,
    "unknown",
  ],
  [
    /connection (?:was )?(?:reset|aborted|closed)|broken pipe|i\/o timeout|context deadline exceeded|unexpected EOF/i,
    "unknown",
  ],
  [/client\.timeout exceeded|read timed out|remote end closed connection|SocketTimeoutException/i, "unknown"],
];

export function executionFromWords(text: string): Execution | undefined {
  for (const [pattern, execution] of words) if (pattern.test(text)) return execution;
  return undefined;
}

/** What an HTTP status says about execution; `waits` is true when the response names a wait. */
export function executionOfStatus(status: number, waits: boolean): Execution {
  switch (status) {
    case 429:
      return "none";
    case 503:
      return waits ? "none" : "unknown";
    case 408:
    case 500:
    case 502:
    case 504:
      return "unknown";
    case 501:
    case 505:
      return "answered";
    default:
      return status >= 500 ? "unknown" : "answered";
  }
}

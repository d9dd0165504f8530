/**
 * What a text says besides its codes and messages: the HTTP status, and the headers of a response that was printed in
 * full.
 */
import type { ResponseHeaders } from "./headers.js";

/** `Status=409`, `StatusCode: 409`, `Status: 409 (Conflict)`, `RESPONSE 409:`, `HTTP/1.1 409`. */
export const statusNumber =
  /\b(?<!(?:exit|return|exited with|exit_)[ _-]?)(?:Status(?: ?code)?|RESPONSE|HTTP(?:\/\d(?:\.\d)?)?)["'\\]{0,16}[ \t]{0,4}[:=]?[ \t]{0,4}["'\\]{0,16}([1-5]\d\d)\b/gi;

const statusNames: Record<string, number> = {
  "bad request": 400,
  badrequest: 400,
  unauthorized: 401,
  forbidden: 403,
  "not found": 404,
  notfound: 404,
  "request timeout": 408,
  conflict: 409,
  "precondition failed": 412,
  "too many requests": 429,
  toomanyrequests: 429,
  "internal server error": 500,
  internalservererror: 500,
  "bad gateway": 502,
  "service unavailable": 503,
  serviceunavailable: 503,
  "gateway timeout": 504,
};

/** The HTTP status in a text. Of several, the last that is an error: a proxy's 500 may enclose an Azure 409. */
export function statusInText(text: string): number | undefined {
  let status: number | undefined;
  for (const match of text.matchAll(statusNumber)) {
    const named = Number(match[1]);
    if (status === undefined || named >= 300) status = named;
  }
  if (status !== undefined) return status;
  const name = /\bstatus(?: code)?:? ["']([A-Za-z ]{6,24})["']/i.exec(text)?.[1];
  const named = name === undefined ? undefined : statusNames[name.toLowerCase()];
  if (named !== undefined) return named;
  // `failed with 400 Bad Request`, `404 (Not Found)`, `400 Client Error`
  const reason =
    /\b([45]\d\d) \(?(?:Bad Request|Unauthorized|Forbidden|Not Found|Conflict|Gone|Precondition Failed|Too Many Requests|Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out|Client Error|Server Error)\b/i.exec(
      text,
    )?.[1];
  if (reason !== undefined) return Number(reason);
  // `error: (409) Conflict`, `request failed (503)`
  const bracketed = /\(([45]\d\d)\)/.exec(text)?.[1];
  return bracketed === undefined ? undefined : Number(bracketed);
}

/** What may separate a header's name and value, as curl or a dump of Python, Go or Java prints them. */
const separator = "[\"'\\\\]{0,16}\\s{0,4}[:=]\\s{0,4}\\[?[\"'\\\\]{0,16}";
const idValue = `${separator}([0-9a-f][0-9a-f-]{7,63})\\b`;
const correlationId = new RegExp(`correlation[- _]?(?:request[- _]?)?id${idValue}`, "i");
const requestId = new RegExp(`(?<!correlation-)(?<!client-)request[- _]?id${idValue}`, "i");
const day = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \\d{1,2} [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT";
const retryAfter = new RegExp(`(?<![\\w-])retry-after${separator}(\\d{1,12}\\b|${day})`, "i");
const retryAfterMs = new RegExp(`(?<![\\w-])(?:x-ms-)?retry-after-ms${separator}(\\d{1,12})\\b`, "i");
const sentAt = new RegExp(`(?<![\\w-])date${separator}(${day})`, "i");

/** The headers printed with the response, and the ids that support asks for, anywhere in the text. */
export function headersInText(text: string): ResponseHeaders {
  const headers: ResponseHeaders = {};
  const found = {
    retryAfterMs: retryAfterMs.exec(text)?.[1],
    retryAfter: retryAfter.exec(text)?.[1],
    requestId: requestId.exec(text)?.[1],
    correlationId: correlationId.exec(text)?.[1],
  };
  if (found.retryAfterMs !== undefined) headers.retryAfterMs = found.retryAfterMs;
  if (found.retryAfter !== undefined) headers.retryAfter = sinceSent(found.retryAfter, text);
  if (found.requestId !== undefined) headers.requestId = found.requestId;
  if (found.correlationId !== undefined) headers.correlationId = found.correlationId;
  return headers;
}

/** A date counts from the date of the response: the text may be pasted much later. */
function sinceSent(retryAfter: string, text: string): string {
  if (/^\d/.test(retryAfter)) return retryAfter;
  const seconds = (Date.parse(retryAfter) - Date.parse(sentAt.exec(text)?.[1] ?? "")) / 1_000;
  return seconds >= 0 ? String(seconds) : retryAfter;
}

/** The first line of a response as `curl -i`, `curl -v` and browsers print it. */
export const failedStatusLine = /^(?:< )?HTTP\/\d(?:\.\d)? [45]\d\d\b/;

/** The body after the printed head of a response; the unchanged text if there is no head. */
export function withoutHead(text: string): string {
  if (!text.includes("HTTP/")) return text;
  const lines = text.split("\n");
  const from = lines.findIndex((line) => failedStatusLine.test(line));
  if (from < 0) return text;
  let to = from + 1;
  while (/^(?:< )?[A-Za-z][\w-]{1,60}: |^<? ?\r?$/.test(lines[to] ?? "-")) to += 1;
  const body = [...lines.slice(0, from), ...lines.slice(to)].filter((line) => !/^[>*] /.test(line)).join("\n");
  return body.trim() === "" ? (lines[from] ?? "") : body;
}

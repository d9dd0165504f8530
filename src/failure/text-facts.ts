/** What a text says beside its codes and messages: the HTTP status, the ids that support asks for, a printed `Retry-After`. */

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

/** The HTTP status a text names. Of several the last that is an error: a proxy's 500 may enclose an Azure 409. */
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

const idPattern = "[\"'\\\\]{0,16}\\s{0,4}[:=]\\s{0,4}[\"'\\\\]{0,16}([0-9a-f][0-9a-f-]{7,63})\\b";
const correlationId = new RegExp(`correlation[- _]?(?:request[- _]?)?id${idPattern}`, "i");
const requestId = new RegExp(`(?<!correlation-)(?<!client-)request[- _]?id${idPattern}`, "i");

/** The ids a text names, which support asks for. */
export function idsInText(text: string): { correlationId: string | undefined; requestId: string | undefined } {
  return { correlationId: correlationId.exec(text)?.[1], requestId: requestId.exec(text)?.[1] };
}

/** A `Retry-After` header that was printed with the answer. */
export function retryAfterInText(text: string): string | undefined {
  return /\bretry-after["'\\]{0,16}\s{0,4}[:=]\s{0,4}["'\\]{0,16}(\d{1,12})\b/i.exec(text)?.[1];
}

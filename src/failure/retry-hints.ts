/**
 * How long to wait, in milliseconds. Headers say it in three ways; bodies say it in words ("try again after '10'
 * seconds") or as the end of a throttling window. A hint that is unreadable or in the past is no hint; zero is one.
 */
import { dateIn, type ResponseHeaders } from "./headers.js";

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/**
 * `retry-after-ms`, then `x-ms-retry-after-ms`, then `Retry-After`: the order of the SDK's own retry policy. Then what
 * Resource Graph reports about the caller's quota.
 */
export function waitFromHeaders(headers: ResponseHeaders, now: number | undefined): number | undefined {
  const { retryAfterMs, msRetryAfterMs, retryAfter, quotaResetsAfter } = headers;
  if ((retryAfterMs ?? msRetryAfterMs ?? retryAfter ?? quotaResetsAfter) === undefined) return undefined;
  return (
    waitFromNumber(retryAfterMs, 1) ??
    waitFromNumber(msRetryAfterMs, 1) ??
    waitFromSeconds(retryAfter) ??
    waitUntil(retryAfter, headers, now) ??
    waitFromSpan(quotaResetsAfter)
  );
}

/** `00:00:03`, as .NET writes a duration. */
function waitFromSpan(value: string | undefined): number | undefined {
  const [, hours, minutes, seconds] = /^(\d{1,2}):(\d\d):(\d\d)(?:\.\d{1,7})?$/.exec(value?.trim() ?? "") ?? [];
  if (seconds === undefined) return undefined;
  return Number(hours) * hourMs + Number(minutes) * minuteMs + Number(seconds) * secondMs;
}

/**
 * `Retry-After` counts seconds, but VM Inspector's examples send milliseconds (`120000`). A value over a day in seconds
 * that is at most a day in milliseconds is read as milliseconds: no Azure service asks for a wait of days.
 */
function waitFromSeconds(value: string | undefined): number | undefined {
  const asSeconds = waitFromNumber(value, secondMs);
  if (asSeconds === undefined || asSeconds <= dayMs) return asSeconds;
  const asMilliseconds = asSeconds / secondMs;
  return asMilliseconds <= dayMs ? asMilliseconds : asSeconds;
}

/** A number, or the first of a list that a fetch implementation joined. The result is always a finite integer. */
function waitFromNumber(value: string | undefined, unitMs: number): number | undefined {
  const digits = value === undefined ? undefined : /^\s{0,8}(\d{1,400}(?:\.\d{1,20})?)\s{0,8}(?:,|$)/.exec(value)?.[1];
  return digits === undefined ? undefined : finite(Number(digits) * unitMs);
}

function finite(ms: number): number {
  return Math.min(Math.round(ms), Number.MAX_SAFE_INTEGER);
}

/** A date in the forms that HTTP and Azure use. `Date.parse` alone finds a date in almost any text with a digit. */
function waitUntil(date: string | undefined, headers: ResponseHeaders, now: number | undefined): number | undefined {
  if (date === undefined || !/^(?:[A-Za-z]{3,9},? \d|\d{4}-\d\d-\d\dT)/.test(date)) return undefined;
  const waitMs = Date.parse(date) - (now ?? respondedAt(headers) ?? NaN);
  return waitMs >= 0 ? finite(waitMs) : undefined;
}

function respondedAt(headers: ResponseHeaders): number | undefined {
  const at = Date.parse(dateIn(headers) ?? "");
  return Number.isNaN(at) ? undefined : at;
}

/** The end of Compute's throttling window, relative to `now` or to the time of the response. */
export function waitFromWindow(end: string, headers: ResponseHeaders, now: number | undefined): number | undefined {
  return waitUntil(end, headers, now);
}

const unitsMs: Record<string, number> = { m: minuteMs, h: hourMs, s: secondMs };

/** `10 seconds`, `'10' seconds`, `5 min`. */
const spoken = String.raw`(\d{1,9}(?:\.\d{1,3})?)["'‘’“”]?\s?(milliseconds?|seconds?|secs?|minutes?|mins?|hours?|hrs?)\b`;
/** As Go prints durations: `2m0s`, `102s`, `1h30m0s`, `500ms`. */
const ofGo = String.raw`((?:\d{1,5}h)?(?:\d{1,5}m)?\d{1,9}(?:\.\d{1,9})?m?s|(?:\d{1,5}h)?\d{1,5}m|\d{1,5}h)\b`;
/** ISO 8601: `PT5M`. */
const iso = String.raw`PT(?=\d)((?:\d{1,5}H)?(?:\d{1,7}M)?(?:\d{1,9}(?:\.\d{1,9})?S)?)`;
const amount = new RegExp(
  String.raw`\b(?:after|in|for|within|wait|retry-?after|\w{0,16}before ?retry)\b["']?\s{0,4}[:=]?\s{0,4}(?:about |at least |approximately )?["'‘’“”]?(?:${spoken}|${ofGo}|${iso})`,
  "gi",
);

/**
 * A wait in words. The number must belong to the waiting: "did not finish in 20 minutes. Please retry" does not ask for
 * 20 minutes.
 */
export function waitFromWords(text: string): number | undefined {
  // Nearly every message fails the first test, which skips letters; the second examines each of them.
  if (!/sec|min|hour|mil|etry|PT\d/.test(text) || !/\d["'‘’“”]?\s?(?:sec|min|h|mil|s\b|ms\b|m\b)|PT\d/.test(text))
    return undefined;
  for (const match of text.matchAll(amount)) {
    const before = text.slice(Math.max(0, match.index - 60), match.index + 12);
    if (!/again|retry|retri|wait|reserved|resubmit|come back|back ?off/i.test(before)) continue;
    const [, number, unit = "", goDuration, isoDuration] = match;
    const waitMs = number === undefined ? durationMs(goDuration ?? isoDuration ?? "") : Number(number) * unitMs(unit);
    // Go prints a wait of zero if the service named none.
    if (waitMs > 0 || number !== undefined) return finite(waitMs);
  }
  return undefined;
}

function unitMs(unit: string): number {
  const lower = unit.toLowerCase();
  return lower.startsWith("mil") || lower === "ms" ? 1 : (unitsMs[lower.charAt(0)] ?? secondMs);
}

/** The sum of amounts with a unit each: `1h30m0s`, `5M`. */
function durationMs(duration: string): number {
  let ms = 0;
  for (const [, number, unit = ""] of duration.matchAll(/(\d{1,9}(?:\.\d{1,9})?)(ms|[hms])/gi))
    ms += Number(number) * unitMs(unit);
  return ms;
}

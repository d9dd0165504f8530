/** The law: ours may do better than the SDK, and never worse. */
import { isOnce, isRead } from "./calls.js";
import type { ErrorFields, Play } from "./play.js";
import { isRaw, type Wire } from "./wire.js";

export interface Finding {
  readonly verdict: "better" | "intended" | "worse";
  /** The kind of difference, the same words for every wire that has it. */
  readonly kind: string;
  readonly detail: string;
}

/** Every difference between the two plays; none when they are the same to the caller. */
export function compare(wire: Wire, sdk: Play, ours: Play): Finding[] {
  return [...compareOutcomes(wire, sdk, ours), ...compareEffects(wire, sdk, ours), ...compareViews(wire, sdk, ours)];
}

const worse = (kind: string, detail = ""): Finding => ({ verdict: "worse", kind, detail });

function compareOutcomes(wire: Wire, sdk: Play, ours: Play): Finding[] {
  if (ours.outcome.how === "hung") return sdk.outcome.how === "hung" ? [] : [worse("hangs")];
  if (sdk.outcome.how === "hung") return [{ verdict: "better", kind: "ends where the SDK hangs", detail: "" }];
  if (sdk.outcome.how === "resolved") {
    return ours.outcome.how === "resolved" ? bothResolved(wire, sdk, ours) : sdkOnlyResolved(wire, sdk, ours);
  }
  return ours.outcome.how === "resolved" ? oursOnlyResolved(wire, sdk, ours) : bothRejected(wire, sdk, ours);
}

function bothResolved(wire: Wire, sdk: Play, ours: Play): Finding[] {
  const [theirs, own] = [valueOf(sdk), valueOf(ours)];
  const findings: Finding[] = [];
  // A deletion has no result: what a client makes of its last answer depends on which one that was.
  const isByTheWay = wire.call === "delete" && !isRaw(wire) && lastReply(sdk) !== lastReply(ours);
  if (!isSame(theirs, own) && !isByTheWay) {
    if (isRaw(wire) && isBetterAnswer(theirs, own)) {
      findings.push({ verdict: "better", kind: "a good answer where the SDK gives a failed one", detail: "" });
    } else if (isRaw(wire) && lastReply(sdk) !== lastReply(ours)) {
      findings.push({ verdict: "better", kind: "another failed answer after more tries", detail: "" });
    } else if (lastReply(sdk).includes("garbled") && !lastReply(ours).includes("garbled")) {
      findings.push({
        verdict: "better",
        kind: "a result that can be read where the SDK gives one that cannot",
        detail: "",
      });
    } else if (!sdk.isDone && ours.isDone) {
      findings.push({ verdict: "better", kind: "a true result where the SDK gives an untrue one", detail: "" });
    } else findings.push(worse("the result differs", `${print(theirs)} / ${print(own)}`));
  }
  if (hasTruth(wire) && sdk.isDone && !ours.isDone) findings.push(worse("done is told for what did not happen"));
  if (ours.elapsedMs > patienceMs(sdk, ours) && findings.length === 0) {
    findings.push(worse("waits much longer", `${sdk.elapsedMs} ms / ${ours.elapsedMs} ms`));
  }
  return findings;
}

/** Half as much again as the SDK, and what the service asked for, which the SDK does not always keep to. */
const patienceMs = (sdk: Play, ours: Play): number =>
  sdk.elapsedMs * 1.5 + 10_000 + 1.5 * ours.exchanges.reduce((sum, { askedMs }) => sum + askedMs, 0);

/** `maxElapsedMs` of the options. */
const ownLimitMs = 30 * 60_000;

function sdkOnlyResolved(wire: Wire, sdk: Play, ours: Play): Finding[] {
  const error = errorOf(ours);
  const detail = `${print(valueOf(sdk))} / ${inShort(error)}`;
  if (!isRaw(wire) && lastReply(sdk).includes("garbled")) {
    return [{ verdict: "intended", kind: "an answer that cannot be read is no success", detail }];
  }
  if (wire.abortAtMs !== undefined && error.name === "AbortError") {
    // What the SDK was answered was a failure, which ours waits out until the caller ends that.
    if (isRaw(wire) && Number((valueOf(sdk) as { status?: unknown }).status) >= 400) return [];
    // Jitter decides which of the two the caller's abort still meets.
    return wire.abortAtMs <= patienceMs(sdk, ours) ? [] : [worse("waits much longer", detail)];
  }
  if (sdk.elapsedMs > ownLimitMs || isSentAway(ours))
    return [{ verdict: "intended", kind: "our own time limit", detail }];
  if (isOnce(wire.call) && error.statusCode === undefined && error.outcome === "unknown") {
    return [{ verdict: "intended", kind: "a POST of unknown outcome is not repeated", detail }];
  }
  // What is not repeated ends with its last answer, which a client may find hard to read.
  if (isOnce(wire.call) && ours.executions + ours.exchanges.length < sdk.executions + sdk.exchanges.length) {
    return [{ verdict: "intended", kind: "a POST of unknown outcome is not repeated", detail }];
  }
  // A body that the client cannot parse it throws for, whichever attempt brought it.
  if (isRaw(wire) && isUnreadable(error) && lastReply(sdk) !== lastReply(ours)) {
    return [{ verdict: "better", kind: "another failed answer after more tries", detail }];
  }
  if (isRaw(wire)) return [worse("an answer is thrown", detail)];
  if (hasTruth(wire) && !sdk.isDone) {
    return [{ verdict: "better", kind: "a failure where the SDK tells an untrue success", detail }];
  }
  if (isOnce(wire.call) && error.outcome === "unknown") {
    return [{ verdict: "intended", kind: "a POST of unknown outcome is not repeated", detail }];
  }
  return [worse("rejects what the SDK resolves", detail)];
}

function isUnreadable({ code, response }: ErrorFields): boolean {
  if (code === "PARSE_ERROR") return true;
  const text = response?.bodyAsText;
  if (typeof text !== "string" || text === "") return false;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}

/** Told to come back after our own limit; the SDK reads that with 429 and 503 alone, and Storage's policy never. */
const isSentAway = ({ exchanges }: Play): boolean =>
  exchanges.reduce((sum, { askedMs }) => sum + askedMs, 0) >= ownLimitMs;

function oursOnlyResolved(wire: Wire, sdk: Play, ours: Play): Finding[] {
  if (hasTruth(wire) && !ours.isDone) {
    return [worse("done is told for what did not happen", inShort(errorOf(sdk)))];
  }
  return [{ verdict: "better", kind: "resolves what the SDK rejects", detail: "" }];
}

function bothRejected(wire: Wire, sdk: Play, ours: Play): Finding[] {
  const [theirs, own] = [errorOf(sdk), errorOf(ours)];
  const findings: Finding[] = [];
  if (hasTruth(wire) && own.outcome === "failed" && (ours.isDone || ours.isDoneLater) && !wasDone(wire)) {
    findings.push(worse("failed is told for what came about", inShort(own)));
  }
  const isAborted = theirs.name === "AbortError";
  if (isAborted && wire.abortAtMs !== undefined && ours.elapsedMs >= wire.abortAtMs) {
    // What is not repeated had ended with its answer when the caller aborted.
    const hadEnded = isOnce(wire.call) && own.statusCode !== undefined && ours.elapsedMs === wire.abortAtMs;
    if (own.name !== "AbortError" && !hadEnded) findings.push(worse("an abort gives another error", inShort(own)));
    // Pollers of some clients hear an abort only with their next poll.
    const latestMs = Math.max(sdk.elapsedMs, wire.abortAtMs + Math.max(3_000, pollIntervalMs(wire)));
    if (ours.elapsedMs > latestMs + 1_000) findings.push(worse("an abort takes longer"));
  }
  if (isAborted || own.name === "AbortError") {
    if (!isAborted && wire.abortAtMs === undefined) findings.push(worse("an AbortError that nobody caused"));
    return findings;
  }
  if (lastReply(sdk) !== lastReply(ours)) return findings;
  return [...findings, ...lostFields(theirs, own)];
}

const pollIntervalMs = ({ pollRetryAfter: hint, updateIntervalMs = 0 }: Wire): number =>
  Math.max(updateIntervalMs, hint?.form === "seconds" ? Number(hint.value) * 1_000 : 0);

/** Fields of the SDK's error that ours does not have, for the same last answer. */
function lostFields(theirs: ErrorFields, own: ErrorFields): Finding[] {
  const findings: Finding[] = [];
  if (theirs.name === "RestError" && own.name !== "RestError") findings.push(worse("an error changes its name"));
  // The SDK's own code for an answer that it cannot parse may give way to what could be read of it.
  const isSdksOwn = theirs.code === "PARSE_ERROR";
  const isKept = own.code === theirs.code || (own.code !== undefined && own.chain.includes(theirs.code));
  if (theirs.code !== undefined && !isKept && !isSdksOwn) {
    findings.push(worse("an error loses its code", `${print(theirs.code)} / ${print(own.code)}`));
  }
  if (theirs.statusCode !== undefined && own.statusCode !== theirs.statusCode) {
    findings.push(worse("an error loses its statusCode", `${print(theirs.statusCode)} / ${print(own.statusCode)}`));
  }
  if (!isCovered(theirs.details, own.details)) {
    findings.push(worse("an error loses details", `${print(theirs.details)} / ${print(own.details)}`));
  }
  if (theirs.hasRequest && !own.hasRequest) findings.push(worse("an error loses its request"));
  if (!isCovered(theirs.response, own.response)) {
    findings.push(worse("an error loses its response", `${print(theirs.response)} / ${print(own.response)}`));
  }
  return findings;
}

function compareEffects(wire: Wire, sdk: Play, ours: Play): Finding[] {
  const findings: Finding[] = [];
  const [first, own] = [sdk.exchanges[0], ours.exchanges[0]];
  if (first && own && !isSame(headersOf(first), headersOf(own))) {
    findings.push(worse("the first request differs", `${print(headersOf(first))} / ${print(headersOf(own))}`));
  }
  if (isOnce(wire.call) && ours.executions > Math.max(1, sdk.executions)) {
    findings.push(worse("carried out more often", `${sdk.executions} / ${ours.executions}`));
  }
  if (isOnce(wire.call) && ours.executions < sdk.executions && sdk.executions > 1) {
    findings.push({ verdict: "better", kind: "not carried out twice", detail: "" });
  }
  if (ours.late > sdk.late) findings.push(worse("sends after the end", `${ours.late}`));
  if (ours.unhandled.length > sdk.unhandled.length)
    findings.push(worse("a rejection is not handled", ours.unhandled[0]));
  return findings;
}

/** As sent, but for the ids that are drawn again. */
const headersOf = ({ method, url, body, headers }: Play["exchanges"][number]): unknown => ({
  method,
  url,
  body,
  ...headers,
  "x-ms-client-request-id": undefined,
  "x-ms-date": undefined,
});

/** What the caller's own policy and callback see. */
function compareViews(wire: Wire, sdk: Play, ours: Play): Finding[] {
  const findings: Finding[] = [];
  const [theirs, own] = [new Set(sdk.seen.map(shapeOf)), new Set(ours.seen.map(shapeOf))];
  if (own.has("thrown") && !theirs.has("thrown") && isSameEnd(wire, sdk, ours)) {
    const detail = `${sdk.seen.join(", ")} / ${ours.seen.join(", ")}`;
    // By hand there is nothing of ours outside of the caller's policies that could throw.
    if (wire.install === "hand") {
      findings.push({ verdict: "intended", kind: "by hand, the caller's policy sees a throw", detail });
    } else findings.push(worse("the caller's policy sees a throw", detail));
  }
  const isAborted = isAbortedPlay(sdk) || isAbortedPlay(ours);
  const isSameWire =
    !isAborted &&
    sdk.outcome.how === ours.outcome.how &&
    sdk.seen.length === ours.seen.length &&
    sdk.exchanges.map(lineOf).join() === ours.exchanges.map(lineOf).join();
  if (isSameWire && !sdk.heard.every((heard, index) => ours.heard[index]?.startsWith(heard))) {
    findings.push(worse("onResponse hears something else", `${sdk.heard.join(", ")} / ${ours.heard.join(", ")}`));
  }
  return findings;
}

/** Clients whose deserializer stands inside of the caller's policy give it a throw for what their operations do not declare. */
const deserializes = ({ client }: Wire): boolean =>
  ["compute22", "sendRequest22", "network", "resources", "blob"].includes(client);

/** Whether the caller's policy has to see the same in both. What came of different answers is compared as outcomes. */
function isSameEnd(wire: Wire, sdk: Play, ours: Play): boolean {
  if (sdk.seen.length === 0 || isAbortedPlay(sdk) || isAbortedPlay(ours)) return false;
  const gotAnswer = ours.seen.every((seen) => !seen.includes("thrown") || /thrown \w+ \d/.test(seen));
  return gotAnswer && (!deserializes(wire) || lastReply(sdk) === lastReply(ours));
}

const isAbortedPlay = ({ outcome }: Play): boolean => outcome.how === "rejected" && outcome.error.name === "AbortError";

const shapeOf = (seen: string): string => (seen.includes("thrown RestError") ? "thrown" : "other");

/** Calls of which the service knows whether they came about. A reading is as true as the answer. */
const hasTruth = (wire: Wire): boolean => !isRead(wire.call) && !isRaw(wire) && !isDataPlane(wire);
const isDataPlane = ({ client }: Wire): boolean => client === "vault" || client === "blob";

function wasDone({ call, power, existed }: Wire): boolean {
  if (call === "start") return power === "running";
  if (call === "powerOff") return power !== "running";
  if (call === "deallocate") return power === "deallocated";
  return call === "delete" && !existed;
}

function isBetterAnswer(theirs: unknown, own: unknown): boolean {
  const [a, b] = [Number((theirs as { status: unknown }).status), Number((own as { status: unknown }).status)];
  return b < 400 && a >= 400;
}

const lastReply = ({ exchanges }: Play): string => {
  const last = exchanges.at(-1);
  return last ? `${last.key} ${last.reply} ${last.url}` : "";
};

export const lineOf = ({ method, url, key, reply }: Play["exchanges"][number]): string =>
  `${method} ${url} ${key} ${reply}`;

/** Whether everything in `theirs` is in `own` too. */
function isCovered(theirs: unknown, own: unknown): boolean {
  if (theirs === undefined || theirs === null || theirs === own) return true;
  if (isDate(theirs) && isDate(own)) return true;
  // A JSON text as the service sent it, where the SDK gives it without its quotes.
  if (typeof theirs === "string" && own === JSON.stringify(theirs)) return true;
  if (typeof theirs !== "object") return false;
  // The SDK spreads a JSON text into its letters.
  if (typeof own === "string") return Object.values(theirs).join("") === own;
  if (typeof own !== "object" || own === null) return Object.values(theirs).every((value) => value === undefined);
  return Object.entries(theirs).every(([key, value]) => isCovered(value, (own as Record<string, unknown>)[key]));
}

function valueOf({ outcome }: Play): unknown {
  return outcome.how === "resolved" ? outcome.value : undefined;
}

function errorOf({ outcome }: Play): ErrorFields {
  if (outcome.how !== "rejected") throw new Error("It was not rejected.");
  return outcome.error;
}

export const isSame = (one: unknown, other: unknown): boolean => withoutTime(one) === withoutTime(other);
/** A date says when an answer was given, and the state of a machine that is being written too: both differ by chance. */
const withoutTime = (value: unknown): string =>
  print(value)
    .replaceAll(/"[A-Z][a-z]{2}, [^"]{1,30} GMT"/g, '"a date"')
    .replaceAll(/\\?"(mark|provisioningState)\\?":\\?"\w+\\?"/g, "");
const isDate = (value: unknown): boolean => typeof value === "string" && /^[A-Z][a-z]{2}, .{1,30} GMT$/.test(value);
export const print = (value: unknown): string => (value === undefined ? "undefined" : JSON.stringify(value));
export const inShort = ({ name, code, statusCode, message, outcome }: ErrorFields): string =>
  `${name} ${print(code)} ${print(statusCode)} ${print(outcome)} ${message.split("\n")[0] ?? ""}`;

/** Two builds of ours: they must do the same in everything. */
export function compareBuilds(one: Play, other: Play): Finding[] {
  const findings: Finding[] = [];
  const requests = ({ exchanges }: Play): string[] =>
    exchanges.map((exchange) => `${lineOf(exchange)} ${exchange.body ?? ""}`);
  if (!isSame(one.outcome, other.outcome)) findings.push(worse("the outcome differs"));
  if (!isSame(requests(one), requests(other))) findings.push(worse("the requests differ"));
  const times = ({ exchanges, elapsedMs }: Play): number[] => [...exchanges.map(({ at }) => at), elapsedMs];
  if (!isSame(times(one), times(other))) findings.push(worse("the waits differ"));
  if (!isSame([one.seen, one.heard, one.late, one.unhandled], [other.seen, other.heard, other.late, other.unhandled])) {
    findings.push(worse("what the caller's code sees differs"));
  }
  return findings;
}

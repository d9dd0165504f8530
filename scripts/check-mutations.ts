/**
 * How safely a permanent failure is read when its body is damaged: `npm run check:mutations [-- FILE|FOLDER ...] [--misses]`.
 * Bodies and texts that are permanent beyond doubt are cut, their characters exchanged, sentences appended and inner errors added;
 * printed is, for each kind, how many of the results read as transient, which would be sent again and again. Counted are those in
 * which the evidence is left: the root code as it was, or three quarters of the words of the root's message. The same mutations in
 * every run.
 */
import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { diagnose, type Diagnosis } from "../src/index.js";
import { inputOf, payloadsOf, type Payload } from "./payloads.js";

const args = process.argv.slice(2);
const showMisses = args.includes("--misses");
const given = args.filter((arg) => !arg.startsWith("--"));
const files = (given.length > 0 ? given : [fileURLToPath(new URL("../test/payloads", import.meta.url))]).flatMap(
  filesOf,
);

function filesOf(path: string): string[] {
  const absolute = resolve(path);
  if (!statSync(absolute).isDirectory()) return [absolute];
  return readdirSync(absolute)
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => join(absolute, name));
}

/** Numbers from 0 to 1 that are the same in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const sentences = [
  "Please try again later.",
  "Please retry after 30 seconds.",
  "Another operation is in progress.",
  "The service is temporarily unavailable.",
  "An internal error occurred.",
  "The server is busy.",
  "The operation timed out.",
  "A transient error has occurred. Retry the request.",
  "Too many requests.",
  "This may be a temporary issue.",
  "The resource is being updated.",
  "If the problem persists, please try again in 5 minutes.",
  "Please wait until the operation completes.",
  "Service Unavailable",
];

const innerErrors = [
  { code: "InternalServerError", message: "An internal error occurred." },
  { code: "TooManyRequests", message: "The request was throttled. Try again after 10 seconds." },
  { code: "AnotherOperationInProgress", message: "Another operation on this resource is in progress." },
  { code: "ServiceUnavailable", message: "The service is unavailable right now." },
  { code: "RetryableError", message: "A retryable error occurred." },
  { code: "GatewayTimeout", message: "The gateway did not receive a response in time." },
  { code: "OperationTimedOut", message: "The operation took too long. Please retry." },
  { code: "Conflict", message: "The resource is being updated by another request." },
  { code: "ECONNRESET", message: "The connection was reset." },
];

type Mutation = (payload: Payload, random: () => number) => unknown;

const textOf = ({ body, text }: Payload): string => text ?? JSON.stringify(body);

/** The whole of a damaged text, in the response that it came in. */
function withText(payload: Payload, text: string): unknown {
  return payload.text === undefined && typeof payload.status === "number"
    ? { status: payload.status, headers: payload.headers ?? {}, bodyAsText: text }
    : text;
}

const mutations: Readonly<Record<string, Mutation>> = {
  "cut short": (payload, random) => {
    const text = textOf(payload);
    return withText(payload, text.slice(0, Math.floor(text.length * (0.3 + 0.7 * random()))));
  },
  "characters exchanged": (payload, random) => {
    const letters = textOf(payload).split("");
    const times = Math.max(1, Math.floor(letters.length * 0.01));
    for (let i = 0; i < times; i++) {
      const at = Math.floor(random() * letters.length);
      if (/[a-z]/.test(letters[at] ?? "")) letters[at] = String.fromCharCode(97 + Math.floor(random() * 26));
    }
    return withText(payload, letters.join(""));
  },
  "a sentence appended": (payload, random) => {
    const sentence = sentences[Math.floor(random() * sentences.length)] ?? "";
    if (payload.text !== undefined) return `${payload.text} ${sentence}`;
    return withBody(payload, (node) => ({ ...node, message: `${String(node["message"])} ${sentence}` }), random);
  },
  "an inner error added": (payload, random) => {
    const inner = innerErrors[Math.floor(random() * innerErrors.length)];
    if (payload.text !== undefined) return `${payload.text} ${JSON.stringify({ error: inner })}`;
    return withBody(payload, (node) => ({ ...node, details: [...listOf(node["details"]), inner] }), random);
  },
};

type Node = Record<string, unknown>;
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

/** The body with one of its error nodes changed. */
function withBody(payload: Payload, change: (node: Node) => Node, random: () => number): unknown {
  const nodes: Node[] = [];
  const body = structuredClone(payload.body);
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if (typeof (value as Node)["message"] === "string") nodes.push(value as Node);
    Object.values(value).forEach(visit);
  };
  visit(body);
  const node = nodes[Math.floor(random() * nodes.length)];
  if (!node) return undefined;
  Object.assign(node, change(node));
  return inputOf({ ...payload, body });
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? [];

function keepsEvidence(input: unknown, { code, message }: Diagnosis): boolean {
  const text = JSON.stringify(input);
  if (code !== undefined && text.includes(code)) return true;
  const there = new Set(wordsOf(text));
  const words = wordsOf(message);
  return words.length > 2 && words.filter((word) => there.has(word)).length >= words.length * 0.75;
}

const permanent = files
  .flatMap(payloadsOf)
  .filter(
    ({ sure, expect }) => sure && expect.disposition === "permanent" && !expect.altDisposition?.includes("transient"),
  )
  .map((payload) => ({ payload, before: diagnose(inputOf(payload)) }))
  // Where nothing is known of the cause there is no evidence that could be left.
  .filter(
    ({ before }) => before.disposition === "permanent" && before.category !== "other" && before.basis !== "status",
  );

console.log(`${permanent.length} permanent failures, 20 mutations of each kind`);
let worst = 0;
for (const [name, mutate] of Object.entries(mutations)) {
  const random = randomFrom(20_260_105);
  let tried = 0;
  const hammered: string[] = [];
  for (const { payload, before } of permanent) {
    for (let round = 0; round < 20; round++) {
      const input = mutate(payload, random);
      if (input === undefined || !keepsEvidence(input, before)) continue;
      tried += 1;
      const after = diagnose(input);
      if (after.disposition === "transient")
        hammered.push(
          `${payload.id}: ${after.code ?? "-"} by ${after.basis} ${after.rule?.id ?? ""}: ${after.message.slice(0, 110)}`,
        );
    }
  }
  const rate = (100 * hammered.length) / Math.max(1, tried);
  worst = Math.max(worst, rate);
  console.log(
    `  ${name.padEnd(24)} ${String(hammered.length).padStart(4)} of ${String(tried).padStart(5)} read as transient  ${rate.toFixed(2)} %`,
  );
  if (showMisses) for (const line of new Set(hammered)) console.log(`    ${line}`);
}
process.exitCode = worst > 1 ? 1 : 0;

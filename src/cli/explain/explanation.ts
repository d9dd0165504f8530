/** What `explain` shows for one error: the section for people and the object for programs. Pure. */
import type { Diagnosis } from "../../catalog/diagnosis.js";
import type { Rule } from "../../catalog/rule.js";
import { cutText, fillIn } from "../../catalog/template.js";
import { decide } from "../../decision/decide.js";
import { formatDuration } from "../../time/format-duration.js";
import { fillBlanks, type BlankValues } from "./fill-blanks.js";
import { dispositionColours } from "../disposition-colours.js";
import type { Style } from "../terminal.js";

export interface Explanation {
  readonly diagnosis: Diagnosis;
  /** How often the same error occurred in the input. */
  readonly occurrences: number;
  /** Whether sending the same request again helps, and when. */
  readonly retry: { readonly helps: boolean; readonly afterMs?: number; readonly words: string };
  readonly steps: readonly string[];
  /** The rule's message in Chinese, values filled in, if requested and available. */
  readonly messageZh?: string;
}

export interface ExplainOptions {
  readonly blanks: BlankValues;
  /** Rules by id, to look up a Chinese message. */
  readonly ruleOf: (id: string) => Rule | undefined;
  readonly lang: "en" | "zh";
}

export function explain(diagnosis: Diagnosis, occurrences: number, options: ExplainOptions): Explanation {
  const { remedy, rule, correlationId } = diagnosis;
  const parameters = correlationId === undefined ? diagnosis.parameters : { ...diagnosis.parameters, correlationId };
  const template = options.lang === "zh" && rule ? options.ruleOf(rule.id)?.messageZh : undefined;
  return {
    diagnosis,
    occurrences,
    retry: retryAdvice(diagnosis, options.lang === "zh" ? retryInChinese : retryInEnglish),
    steps: remedy.steps.map((step) => fillBlanks(step, options.blanks, parameters)),
    ...(template !== undefined && { messageZh: fillIn(cutText(template), parameters) }),
  };
}

interface RetryWords {
  readonly no: (summary: string) => string;
  readonly asked: (wait: string) => string;
  readonly later: (wait: string) => string;
  readonly caution: string;
  /** A remedy runs inside a program; in a terminal there are only the steps. */
  readonly byHand: string;
}

const retryInEnglish: RetryWords = {
  no: (summary) => `No. ${summary}`,
  asked: (wait) => `Yes, after ${wait}, as the service asks.`,
  later: (wait) => `Yes, after ${wait}, then with growing waits.`,
  caution: " It may have been carried out: check before you repeat anything that must not run twice.",
  byHand: "Do the first step, then send the request again.",
};

const retryInChinese: RetryWords = {
  no: (summary) => `否。${summary}`,
  asked: (wait) => `是，按服务的要求在 ${wait} 后重试。`,
  later: (wait) => `是，在 ${wait} 后重试，之后逐渐降低频率。`,
  caution: "请求可能已经执行：对于不能执行两次的操作，请先查看结果再重复。",
  byHand: "执行第一步，然后重新发送请求。",
};

/** Decides as the pipeline would for a request that may be repeated, such as a PUT. */
function retryAdvice(diagnosis: Diagnosis, words: RetryWords): Explanation["retry"] {
  const { disposition, execution, remedy } = diagnosis;
  const caution = execution === "unknown" ? words.caution : "";
  if (disposition !== "transient")
    return {
      helps: false,
      words: `${words.no(remedy.automatic === undefined ? remedy.summary : words.byHand)}${caution}`,
    };
  const decision = decide(diagnosis, { method: "PUT", random: 0, maxElapsedMs: Infinity });
  const afterMs = decision.action === "retry" ? decision.delayMs : (diagnosis.retryAfterMs ?? 0);
  const asked = diagnosis.retryAfterMs !== undefined;
  const wait = formatDuration(afterMs);
  return { helps: true, afterMs, words: `${asked ? words.asked(wait) : words.later(wait)}${caution}` };
}

export function explanationJson({ diagnosis, occurrences, retry, steps, messageZh }: Explanation): object {
  return {
    ...diagnosis,
    remedy: { ...diagnosis.remedy, steps },
    retry,
    occurrences,
    ...(messageZh !== undefined && { messageZh }),
  };
}

type Paint = (style: Style, text: string) => string;

const basisWords: Readonly<Record<Diagnosis["basis"], string>> = {
  message: "code and message are known",
  code: "the code is known, the message is not",
  pattern: "by the kind of code or message",
  status: "by the HTTP status alone",
  none: "nothing is known about it",
};

const labelWidth = 10;

/** The section for people. */
export function explanationLines(explanation: Explanation, paint: Paint): string[] {
  const { diagnosis, occurrences, retry, steps, messageZh } = explanation;
  const { disposition, category, status, requestId, correlationId, message } = diagnosis;
  const entry = (label: string, text: string): string => `  ${paint("dim", label.padEnd(labelWidth))}${text}`;
  const times = occurrences > 1 ? paint("dim", `  (${occurrences} times)`) : "";
  const kind = paint(dispositionColours[disposition], disposition);
  const http = status === undefined ? "" : paint("dim", ` · HTTP ${status}`);
  const lines = [
    `${paint("bold", titleOf(diagnosis))}  ${kind} · ${category}${http}${times}`,
    `  ${diagnosis.explanation}`,
    "",
  ];
  if (message !== "") lines.push(entry("said", shorten(message)));
  if (messageZh !== undefined) lines.push(entry("中文", messageZh));
  lines.push(...chainLines(diagnosis).map((text, index) => entry(index === 0 ? "within" : "", text)));
  lines.push(...steps.map((step, index) => entry(index === 0 ? "do" : "", `${index + 1}. ${step}`)));
  lines.push(entry("retry", retry.words));
  lines.push(...diagnosis.others.map((other, index) => entry(index === 0 ? "also" : "", otherLine(other))));
  if (knowsKindOnly(diagnosis)) lines.push(entry("note", kindOnlyNote));
  lines.push(entry("known by", sureWords(diagnosis)), entry("more", diagnosis.remedy.docs));
  const ids = [requestId && `request id ${requestId}`, correlationId && `correlation id ${correlationId}`].filter(
    Boolean,
  );
  if (ids.length > 0) lines.push(entry("support", ids.join(", ")));
  return lines;
}

/** Only the kind of failure is known: the message says the rest. */
const knowsKindOnly = ({ basis, rule, message }: Diagnosis): boolean =>
  rule?.kindOnly === true || ((basis === "pattern" || basis === "status") && message !== "");

const kindOnlyNote = "Only the kind of this failure is known. The message above says what exactly is wrong.";

const titleOf = ({ code, rule }: Diagnosis): string => code ?? rule?.id ?? "Unknown";

function chainLines({ chain }: Diagnosis): string[] {
  const around = chain
    .slice(0, -1)
    .map(({ code, message }) => [code, message && shorten(message, 100)].filter(Boolean).join(": "));
  return around.filter((line) => line !== "");
}

function otherLine({ code, message, disposition, category }: Diagnosis["others"][number]): string {
  return `${code ?? "no code"}, ${disposition} · ${category}${message === "" ? "" : `: ${shorten(message, 120)}`}`;
}

function sureWords({ basis, rule }: Diagnosis): string {
  if (!rule) return basisWords[basis];
  const sources = rule.sources.map(({ document, row }) => `${document} row ${row}`);
  return [
    `${basisWords[basis]}; rule ${rule.id}`,
    ...(sources.length > 0 ? [`documented in ${sources.join(", ")}`] : []),
  ].join(", ");
}

function shorten(message: string, most = 600): string {
  const line = message.replaceAll(/\s+/g, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most)}…`;
}

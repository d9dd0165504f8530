/** What `explain` shows for one error: the section for people and the object for programs. Pure. */
import type { Diagnosis } from "../../catalog/diagnosis.js";
import type { Rule } from "../../catalog/rule.js";
import { cutText, fillIn } from "../../catalog/template.js";
import { decide } from "../../decision/decide.js";
import { formatDuration } from "../../time/format-duration.js";
import { fillBlanks, type BlankValues } from "./fill-blanks.js";
import { dispositionColours } from "../disposition-colours.js";
import type { Style } from "../terminal.js";
import { lineWords, retryWords, type ExplainLanguage, type LineWords, type RetryWords } from "./words.js";

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
  readonly lang: ExplainLanguage;
}

export function explain(diagnosis: Diagnosis, occurrences: number, options: ExplainOptions): Explanation {
  const { remedy, rule, correlationId } = diagnosis;
  const parameters = correlationId === undefined ? diagnosis.parameters : { ...diagnosis.parameters, correlationId };
  const template = options.lang === "zh" && rule ? options.ruleOf(rule.id)?.messageZh : undefined;
  return {
    diagnosis,
    occurrences,
    retry: retryAdvice(diagnosis, retryWords[options.lang]),
    steps: remedy.steps.map((step) => fillBlanks(step, options.blanks, parameters)),
    ...(template !== undefined && { messageZh: fillIn(cutText(template), parameters) }),
  };
}

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

const labelWidth = 10;

/** The section for people. */
export function explanationLines(explanation: Explanation, paint: Paint, lang: ExplainLanguage = "en"): string[] {
  const words = lineWords[lang];
  const { diagnosis, occurrences, retry, steps, messageZh } = explanation;
  const { disposition, category, status, requestId, correlationId, message } = diagnosis;
  const entry = (label: string, text: string): string => `  ${paint("dim", padded(label))}${text}`;
  const times = occurrences > 1 ? paint("dim", `  ${words.times(occurrences)}`) : "";
  const kind = paint(dispositionColours[disposition], disposition);
  const http = status === undefined ? "" : paint("dim", ` · HTTP ${status}`);
  const lines = [
    `${paint("bold", titleOf(diagnosis))}  ${kind} · ${category}${http}${times}`,
    `  ${diagnosis.explanation}`,
    "",
  ];
  if (message !== "") lines.push(entry(words.said, shorten(message)));
  if (messageZh !== undefined) lines.push(entry("中文", messageZh));
  lines.push(...chainLines(diagnosis).map((text, index) => entry(index === 0 ? words.within : "", text)));
  lines.push(...steps.map((step, index) => entry(index === 0 ? words.steps : "", `${index + 1}. ${step}`)));
  lines.push(entry(words.retry, retry.words));
  lines.push(...diagnosis.others.map((other, index) => entry(index === 0 ? words.also : "", otherLine(other, words))));
  if (knowsKindOnly(diagnosis)) lines.push(entry(words.note, words.kindOnly));
  lines.push(entry(words.knownBy, sureWords(diagnosis, words)), entry(words.more, diagnosis.remedy.docs));
  const ids = [requestId && words.requestId(requestId), correlationId && words.correlationId(correlationId)].filter(
    Boolean,
  );
  if (ids.length > 0) lines.push(entry(words.support, ids.join(", ")));
  return lines;
}

/** Only the kind of failure is known: the message says the rest. */
const knowsKindOnly = ({ basis, rule, message }: Diagnosis): boolean =>
  rule?.kindOnly === true || ((basis === "pattern" || basis === "status") && message !== "");

const titleOf = ({ code, rule }: Diagnosis): string => code ?? rule?.id ?? "Unknown";

function chainLines({ chain }: Diagnosis): string[] {
  const around = chain
    .slice(0, -1)
    .map(({ code, message }) => [code, message && shorten(message, 100)].filter(Boolean).join(": "));
  return around.filter((line) => line !== "");
}

function otherLine({ code, message, disposition, category }: Diagnosis["others"][number], words: LineWords): string {
  return `${code ?? words.noCode}, ${disposition} · ${category}${message === "" ? "" : `: ${shorten(message, 120)}`}`;
}

function sureWords({ basis, rule }: Diagnosis, words: LineWords): string {
  if (!rule) return words.basis[basis];
  const rows = rule.sources.map(({ document, row }) => words.row(document, row));
  return words.rule(words.basis[basis], rule.id) + (rows.length > 0 ? words.documented(rows) : "");
}

/** As wide as the widest label; a Chinese character takes two columns. */
function padded(label: string): string {
  const width = label.length + (label.match(/\p{Script=Han}/gu)?.length ?? 0);
  return label + " ".repeat(Math.max(0, labelWidth - width));
}

function shorten(message: string, most = 600): string {
  const line = message.replaceAll(/\s+/g, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most)}…`;
}

/** The page at the end of an investigation. Pure. */
import type { Diagnosis } from "../../catalog/diagnosis.js";
import { parseResourceId } from "../../evidence/subject.js";
import type { Evidence, Finding } from "../../recovery/evidence.js";
import { dispositionColours } from "../disposition-colours.js";
import { wrap } from "../layout.js";
import { printable } from "../../failure/printable.js";
import type { Style } from "../terminal.js";
import type { Case } from "./case.js";

type Paint = (style: Style, text: string) => string;

export interface Investigated {
  readonly case: Case;
  readonly evidence: Evidence;
}

/** For programs. */
export function investigationJson({ case: { subject, failure, unread }, evidence }: Investigated): object {
  return {
    subject,
    failed: failure && {
      at: failure.at,
      seenIn: failure.seenIn,
      code: failure.diagnosis.code,
      message: failure.diagnosis.message,
    },
    root: failure && evidence.diagnosis,
    findings: evidence.findings,
    unread,
  };
}

/** For people. @param width characters to a line; left out, nothing is wrapped */
export function investigationLines({ case: found, evidence }: Investigated, paint: Paint, width = Infinity): string[] {
  const { type, names, resourceGroup } = parseResourceId(found.subject);
  const { findings, diagnosis } = evidence;
  const heading = (text: string): string => paint("bold", text);
  const seen = findings.filter(({ confidence }) => confidence !== "none");
  const blind = findings.filter(({ confidence }) => confidence === "none");
  const where = [type, resourceGroup && `group ${resourceGroup}`].filter(Boolean).join(", ");
  return [
    `${heading(printable(names.at(-1) ?? found.subject))}${where === "" ? "" : paint("dim", `  ${printable(where)}`)}`,
    "",
    heading("What failed"),
    ...indent(whatFailed(found), width),
    ...(found.failure ? ["", heading("Root"), ...indent(rootOf(diagnosis, paint), width)] : []),
    ...section(
      "Found",
      seen.map((finding) => findingLine(finding, paint)),
      heading,
      width,
    ),
    ...section(
      "What to do",
      found.failure ? diagnosis.remedy.steps.map((step, index) => `${index + 1}. ${printable(step)}`) : [],
      heading,
      width,
    ),
    ...section(
      "Could not look, or saw nothing",
      [...blind.map((finding) => `${finding.source}: ${finding.says}`), ...found.unread.map(printable)],
      heading,
      width,
    ),
  ];
}

function whatFailed({ failure }: Case): string {
  if (!failure) return "Nothing that is still to be seen.";
  const { diagnosis, at, seenIn } = failure;
  const root = diagnosis.chain[0]?.code ?? diagnosis.code ?? "A failure without a code";
  return `${printable(root)}${at ? ` at ${at.toISOString()}` : ""}, as ${seenIn} has it.`;
}

function rootOf({ code, explanation, disposition, category }: Diagnosis, paint: Paint): string {
  return `${printable(`${code ?? "No code"}: ${explanation}`)} ${paint(dispositionColours[disposition], disposition)} · ${category}`;
}

const findingLine = ({ source, says, confidence }: Finding, paint: Paint): string =>
  `${source}: ${says} ${paint("dim", `(${confidence})`)}`;

function section(
  title: string,
  entries: readonly string[],
  heading: (text: string) => string,
  width: number,
): string[] {
  return entries.length === 0 ? [] : ["", heading(title), ...entries.flatMap((entry) => indent(entry, width))];
}

const indent = (text: string, width: number): string[] =>
  wrap(text, width === Infinity ? Number.MAX_SAFE_INTEGER : Math.max(20, width - 4)).map((line, index) =>
    index === 0 ? `  ${line}` : `    ${line}`,
  );

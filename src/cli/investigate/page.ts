/** The page at the end of an investigation. Pure. */
import type { Diagnosis } from "../../catalog/diagnosis.js";
import { parseResourceId } from "../../evidence/subject.js";
import type { Evidence, Finding } from "../../recovery/evidence.js";
import { formatDuration } from "../../time/format-duration.js";
import { dispositionColours } from "../disposition-colours.js";
import { fillBlanks } from "../explain/fill-blanks.js";
import { wrap } from "../layout.js";
import { printable } from "../../failure/printable.js";
import type { Style } from "../terminal.js";
import type { Case } from "./case.js";

type Paint = (style: Style, text: string) => string;

export interface Investigated {
  readonly case: Case;
  readonly evidence: Evidence;
  readonly now: Date;
  /** How far back the activity log was read, in milliseconds. */
  readonly sinceMs: number;
}

/** For programs. */
export function investigationJson({ case: found, evidence }: Investigated): object {
  const { subject, failure, unread, missing = false } = found;
  return {
    subject,
    missing,
    failed: failure && {
      at: failure.at,
      seenIn: failure.seenIn,
      operation: failure.operation,
      correlationId: found.call.correlationId,
      code: failure.diagnosis.code,
      message: failure.diagnosis.message,
    },
    root: failure && evidence.diagnosis,
    findings: evidence.findings,
    unread,
  };
}

/** For people. @param width characters to a line; left out, nothing is wrapped */
export function investigationLines(investigated: Investigated, paint: Paint, width = Infinity): string[] {
  const { case: found, evidence } = investigated;
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
    ...whatFailed(investigated).flatMap((line) => indent(line, width)),
    ...(found.failure ? ["", heading("Root"), ...indent(rootOf(diagnosis, paint), width)] : []),
    ...section(
      "Found",
      seen.map((finding) => findingLine(finding, paint)),
      heading,
      width,
    ),
    ...section(
      "What to do",
      found.failure ? stepsFor(found, diagnosis).map((step, index) => `${index + 1}. ${printable(step)}`) : [],
      heading,
      width,
    ),
    ...section(
      "Not available",
      [...blind.map((finding) => `${finding.source}: ${finding.says}`), ...found.unread.map(printable)],
      heading,
      width,
    ),
  ];
}

function whatFailed({ case: found, now, sinceMs }: Investigated): string[] {
  const { failure, missing, call } = found;
  if (!failure) {
    const since = formatDuration(sinceMs);
    const where =
      missing === true ? "There is no such resource, or no longer; the" : "Its state shows no failure, and the";
    return [
      `${where} activity log holds none of the last ${since} (it is 3 to 20 minutes late).`,
      "Look further back: --since 48h",
    ];
  }
  const { diagnosis, at, seenIn, operation } = failure;
  const code = diagnosis.code ?? "A failure without a code";
  const outer = diagnosis.chain[0]?.code;
  const wrapped = outer === undefined || outer === code ? "" : ` (inside ${outer})`;
  const where = operation === undefined ? "" : ` in ${operation}`;
  const when = at ? ` at ${at.toISOString()}, ${formatDuration(Math.max(0, now.getTime() - at.getTime()))} ago` : "";
  const lines = [`${printable(code + wrapped + where)}${when}, as ${seenIn} has it.`];
  if (call.correlationId !== undefined) lines.push(`Correlation id, for support: ${printable(call.correlationId)}`);
  return lines;
}

/** The steps, with what the id says filled in. */
function stepsFor({ subject }: Case, { remedy, parameters }: Diagnosis): string[] {
  const { resourceGroup, type, names } = parseResourceId(subject);
  const isMachine = /^Microsoft\.Compute\/virtualMachines(?:\/|$)/i.test(type ?? "");
  const values = new Map([
    ...(resourceGroup === undefined ? [] : [["resourcegroup", resourceGroup] as const]),
    ...(isMachine && names[0] !== undefined ? [["vm", names[0]] as const, ["vmname", names[0]] as const] : []),
  ]);
  return remedy.steps.map((step) => fillBlanks(step, values, parameters));
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

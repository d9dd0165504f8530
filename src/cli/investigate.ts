/** `azure-remedy investigate`: investigates a failure from an id alone and prints one page. Reads only. */
import type { Diagnosis } from "../catalog/diagnosis.js";
import { diagnose } from "../diagnose.js";
import { standardEvidence } from "../evidence/standard.js";
import { describeOpen } from "../evidence/sources/activity-log.js";
import type { Evidence, FailedCall, Finding } from "../recovery/evidence.js";
import { systemClock } from "../time/clock.js";
import { exitCodes } from "./exit-codes.js";
import { createArmReader, type ArmReader } from "./investigate/arm-reader.js";
import { openCase, type Case } from "./investigate/case.js";
import { investigationJson, investigationLines, type Investigated } from "./investigate/page.js";
import { Terminal } from "./terminal.js";

export interface InvestigateFlags {
  readonly json?: true;
  /** Milliseconds. */
  readonly since: number;
  readonly subscription?: string;
  /** Endpoint of a local emulator. */
  readonly emulator?: string;
}

/** Here an answer may take a while, and a boot log does. */
const budgetMs = 60_000;

export async function investigateCommand(target: string, flags: InvestigateFlags): Promise<number> {
  const reader = await createArmReader(flags.emulator);
  const investigated = await investigateTarget(target, flags, reader, showProgress());
  print(investigated, flags.json ?? false);
  const { case: found } = investigated;
  return found.failure || found.open.length > 0 ? exitCodes.ok : exitCodes.no;
}

/** From an id to what failed and what was found around it. @throws CliError when the id is none, or nothing can be read */
export async function investigateTarget(
  target: string,
  flags: Pick<InvestigateFlags, "since" | "subscription">,
  reader: ArmReader,
  onProgress?: Progress,
): Promise<Investigated> {
  const since = new Date(Date.now() - flags.since);
  const { AZURE_SUBSCRIPTION_ID: usual = "" } = process.env;
  const subscription = flags.subscription ?? (usual === "" ? undefined : usual);
  const found = await openCase(target, { since, subscription }, reader);
  const evidence = await lookAround(found, reader, onProgress);
  return { case: found, evidence, now: new Date(), sinceMs: flags.since };
}

type Progress = (source: string, findings: readonly Finding[] | undefined) => void;

function showProgress(): Progress {
  const err = new Terminal(process.stderr);
  return (source, findings) => err.line(err.style("dim", progressLine(source, findings)));
}

/** For `explain --investigate`: the failure is known from a text. */
export async function investigateFailure(
  diagnosis: Diagnosis,
  resourceId: string,
  { emulator, json = false }: { readonly emulator?: string; readonly json?: boolean | undefined },
): Promise<Evidence> {
  const reader = await createArmReader(emulator);
  const call = { method: "PUT", url: reader.endpoint + resourceId, attempts: 2 };
  const found: Case = {
    subject: resourceId,
    failure: { diagnosis, at: undefined, seenIn: "the text" },
    call,
    open: [],
    unread: [],
  };
  const evidence = await lookAround(found, reader, showProgress());
  if (!json) print({ case: found, evidence, now: new Date(), sinceMs: 0 }, false);
  return evidence;
}

async function lookAround(found: Case, reader: ArmReader, onProgress?: Progress): Promise<Evidence> {
  const { failure, call, open } = found;
  const atWork = open.map(describeOpen).map(({ says, at, data, confidence }): Finding => ({
    source: "activityLog",
    says,
    at: at ?? new Date(),
    data,
    confidence,
  }));
  // Work in progress shows in the instance view and the run commands, and a conflict asks for both.
  const diagnosis =
    failure?.diagnosis ??
    (open.length > 0
      ? diagnose({ error: { code: "Conflict", message: "Another operation is in progress." } })
      : undefined);
  if (!diagnosis) return { findings: atWork, diagnosis: diagnose("") };
  const evidence = await look(diagnosis, call, reader, onProgress);
  return { ...evidence, findings: [...atWork, ...evidence.findings] };
}

async function look(
  diagnosis: Diagnosis,
  call: FailedCall,
  reader: ArmReader,
  onProgress: Progress | undefined,
): Promise<Evidence> {
  const sources = standardEvidence();
  const [first] = sources;
  if (!first) return { findings: [], diagnosis };
  return first.investigate(sources, diagnosis, call, {
    send: (request, signal) => reader.send(request, signal),
    diagnose: (input) => diagnose(input),
    clock: systemClock,
    budgetMs,
    ...(onProgress && { onProgress }),
  });
}

function progressLine(source: string, findings: readonly Finding[] | undefined): string {
  if (!findings) return `${source} …`;
  const seen = findings.filter(({ confidence }) => confidence !== "none").length;
  return seen > 0
    ? `${source}: ${seen} finding${seen === 1 ? "" : "s"}`
    : `${source}: ${findings[0]?.says ?? "nothing"}`;
}

function print(investigated: Investigated, json: boolean): void {
  const out = new Terminal(process.stdout);
  if (json) out.line(JSON.stringify(investigationJson(investigated), undefined, 2));
  else out.lines(investigationLines(investigated, (style, text) => out.style(style, text), out.columns));
}

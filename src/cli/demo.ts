/**
 * `azure-remedy demo`: the same VM script through two real clients, the SDK as it ships and the same with one line
 * added, over the faults of a cloud. Real sockets to 127.0.0.1, real time, no account.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CliError } from "./cli-error.js";
import { loadComputePackage, type ComputePackage } from "./optional-package.js";
import { demoFaults, type DemoFault } from "./demo/faults.js";
import { Rehearsal, warmUp } from "./demo/rehearsal.js";
import { beforeAndAfter, demoTable, rowJson, summaryLine, type Row } from "./demo/report.js";
import { DemoScreen, type Pair } from "./demo/screen.js";
import { untilInterrupted } from "./end-signals.js";
import { exitCodes, signalExitCode } from "./exit-codes.js";
import { wrap } from "./layout.js";
import { Terminal } from "./terminal.js";

export interface DemoFlags {
  readonly json?: true;
  readonly fault?: readonly string[];
}

export async function demoCommand({ json, fault }: DemoFlags): Promise<number> {
  const chosen = choose(fault);
  const compute = await loadComputePackage("demo");
  const out = new Terminal(process.stdout);
  const interrupted = untilInterrupted();
  const pairs = chosen.map((one) => ({
    fault: one,
    plain: new Rehearsal(one, "plain"),
    remedied: new Rehearsal(one, "remedied"),
  }));
  const screen = json ? undefined : new DemoScreen(out, pairs);
  await warmUp(compute);
  screen?.begin();
  try {
    await Promise.all(pairs.map((pair, index) => playPair(pair, index * staggerMs, compute, interrupted)));
  } finally {
    screen?.end();
  }
  if (interrupted.aborted) return signalExitCode(interrupted.reason as NodeJS.Signals);
  const rows = pairs.flatMap(finished);
  if (json) out.line(JSON.stringify(rows.map(rowJson), undefined, 2));
  else show(rows, out);
  return exitCodes.ok;
}

/** Forty clients starting at once would slow each other down and distort the times. */
const staggerMs = 75;

async function playPair(
  { plain, remedied }: Pair,
  afterMs: number,
  compute: ComputePackage,
  interrupted: AbortSignal,
): Promise<void> {
  await sleep(afterMs, undefined, { signal: interrupted }).catch(() => undefined);
  await Promise.all([plain.play(compute, interrupted), remedied.play(compute, interrupted)]);
}

function choose(codes: readonly string[] | undefined): readonly DemoFault[] {
  if (codes === undefined) return demoFaults;
  const known = [...new Set(demoFaults.map(({ code }) => code))];
  const unknown = codes.find((code) => !known.some((one) => one.toLowerCase() === code.toLowerCase()));
  if (unknown !== undefined) throw new CliError(`the demo has no fault ${unknown}`, `It has: ${known.join(", ")}`);
  return demoFaults.filter(({ code }) => codes.some((one) => one.toLowerCase() === code.toLowerCase()));
}

function finished({ fault, plain, remedied }: Pair): Row[] {
  return plain.run && remedied.run ? [{ fault, plain: plain.run, remedied: remedied.run }] : [];
}

/** A table in a pipe is read later, in a window of unknown width. */
const usualWidth = 150;

function show(rows: readonly Row[], out: Terminal): void {
  const paint = (style: Parameters<Terminal["style"]>[0], text: string): string => out.style(style, text);
  const width = out.columns ?? usualWidth;
  const bothFailed = rows.find(({ plain, remedied }) => plain.outcome === "failed" && remedied.outcome === "failed");
  if (bothFailed) out.lines(["", ...beforeAndAfter(bothFailed, paint, width)]);
  const summary = wrap(summaryLine(rows), width).map((line) => paint("bold", line));
  out.lines(["", ...demoTable(rows, paint, width), "", ...summary]);
}

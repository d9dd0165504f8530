/**
 * The journal of one run: what earlier processes did in it, and what this one does. The run is the one with the given
 * name; without a name, the last one if it was cut short, otherwise a new one.
 */
import { fileJournal } from "./file-journal.js";
import { header, readRuns, type ItemHistory, type JournalRecord, type RunHistory } from "./records.js";
import type { JournalStore, OpenJournal } from "./store.js";

/** A run that records what it does. */
export interface RunJournal {
  /** The name of the run. */
  readonly run: string;
  /** What earlier processes did for an item. */
  historyOf(key: string): ItemHistory | undefined;
  /** Resolves when the record will survive a crash. */
  write(record: Exclude<JournalRecord, typeof header>): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the journal for a run and resumes the run.
 * @param run name of the run, if it has one
 * @param now epoch milliseconds; their ISO time is the name of a run that has none
 * @throws JournalInUseError when another run writes it; Error when it is no journal
 */
export async function openJournal(
  journal: string | JournalStore,
  run: string | undefined,
  now: number,
): Promise<RunJournal> {
  const where = typeof journal === "string" ? journal : "given";
  const opened = await (typeof journal === "string" ? fileJournal(journal) : journal).open();
  try {
    const runs = readRuns(opened.lines, where);
    const last = runs.at(-1);
    const name = run ?? (last && !last.isFinished ? last.run : newName(runs, now));
    await tidy(opened, runs, name);
    const items = runs.find((known) => known.run === name)?.items ?? new Map<string, ItemHistory>();
    await opened.append([JSON.stringify({ type: "run", run: name, at: isoOf(now) } satisfies JournalRecord)]);
    return {
      run: name,
      historyOf: (key) => items.get(key),
      write: (record) => opened.append([JSON.stringify(record)]),
      close: () => opened.close(),
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** A finished run without a name can never be resumed; keeping it would make a nightly journal grow forever. */
async function tidy(opened: OpenJournal, runs: readonly RunHistory[], name: string): Promise<void> {
  if (opened.lines.length === 0) return opened.append([JSON.stringify(header)]);
  const kept = runs.filter((run) => run.run === name || !run.isFinished || !isUnnamed(run.run));
  if (kept.length === runs.length) return;
  await opened.rewrite([JSON.stringify(header), ...kept.flatMap((run) => run.lines)]);
}

const isoOf = (ms: number): string => new Date(ms).toISOString();

/** Two runs can begin in one millisecond, or by a clock that stands still. */
function newName(runs: readonly RunHistory[], now: number): string {
  let ms = now;
  while (runs.some(({ run }) => run === isoOf(ms))) ms += 1;
  return isoOf(ms);
}

/** Runs without a name are named by the time of their beginning. */
const isUnnamed = (run: string): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(run);

/** The lines of a journal. Each is one complete JSON object, so that `grep` and `jq` can read a journal. */

/** The first line. A journal of another version is refused instead of misread. */
export const header = { journal: "azure-remedy", version: 1 } as const;

/** How an item ended. */
export type EndedStatus = "succeeded" | "failed" | "unknown";

/** The result of a write: its response, or why it certainly did not run. */
export interface RecordedAnswer {
  /** HTTP status; absent if no response came and the request certainly was not carried out. */
  readonly status?: number;
  /** The headers that a poller needs. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body, if a poller or the caller needs it again. */
  readonly body?: string;
}

/** A line of a journal. Times are ISO 8601. */
export type JournalRecord =
  | typeof header
  /** A run begins or continues. */
  | { readonly type: "run"; readonly run: string; readonly at: string }
  /** The function starts for an item. */
  | { readonly type: "item"; readonly key: string; readonly at: string }
  /** A write is about to be sent; `call` counts the item's writes, `digest` identifies equal ones. */
  | {
      readonly type: "sent";
      readonly key: string;
      readonly call: number;
      readonly digest: string;
      readonly method: string;
      readonly url: string;
      readonly at: string;
    }
  | ({ readonly type: "answered"; readonly key: string; readonly call: number } & RecordedAnswer)
  /** The long-running operation that a write began has ended. */
  | { readonly type: "operation"; readonly key: string; readonly call: number; readonly succeeded: boolean }
  /** The function has ended for an item. `error` is safe to print. */
  | {
      readonly type: "result";
      readonly key: string;
      readonly status: EndedStatus;
      readonly error?: unknown;
      readonly at: string;
    }
  /** Every item of the run has its result. */
  | { readonly type: "finished"; readonly at: string };

/** What is known of a write that an earlier process sent. */
export interface RecordedCall {
  readonly digest: string;
  /** Absent if the process ended before a response came. */
  answer?: RecordedAnswer;
  /** How the operation that it began has ended, if that was seen. */
  operation?: "succeeded" | "failed";
}

/** What is known of an item from earlier processes of the same run. */
export interface ItemHistory {
  status?: EndedStatus;
  readonly calls: Map<number, RecordedCall>;
}

/** One run, as its lines describe it. */
export interface RunHistory {
  readonly run: string;
  readonly isFinished: boolean;
  readonly items: ReadonlyMap<string, ItemHistory>;
  readonly lines: readonly string[];
}

/**
 * The runs of a journal, oldest first; a resumed run is one run.
 * @throws Error if the lines are not those of a journal, or of another version
 */
export function readRuns(lines: readonly string[], where: string): RunHistory[] {
  if (lines.length === 0) return [];
  checkHeader(lines[0] ?? "", where);
  const runs = new Map<string, RunUnderReading>();
  let current: RunUnderReading | undefined;
  for (const line of lines.slice(1)) {
    const record = parse(line);
    if (!record || "journal" in record) continue;
    if (record.type === "run") {
      current = runs.get(record.run) ?? { run: record.run, isFinished: false, items: new Map(), lines: [] };
      current.isFinished = false;
      runs.delete(record.run);
      runs.set(record.run, current);
    }
    if (!current) continue;
    current.lines.push(line);
    take(current, record);
  }
  return [...runs.values()];
}

interface RunUnderReading {
  readonly run: string;
  isFinished: boolean;
  readonly items: Map<string, ItemHistory>;
  readonly lines: string[];
}

function take(run: RunUnderReading, record: Exclude<JournalRecord, typeof header>): void {
  switch (record.type) {
    case "run":
      return;
    case "finished":
      run.isFinished = true;
      return;
    case "item":
      delete itemOf(run, record.key).status;
      return;
    case "result":
      itemOf(run, record.key).status = record.status;
      return;
    case "sent":
      itemOf(run, record.key).calls.set(record.call, { digest: record.digest });
      return;
    case "answered": {
      const call = itemOf(run, record.key).calls.get(record.call);
      const { status, headers, body } = record;
      if (call)
        call.answer = {
          ...(status !== undefined && { status }),
          ...(headers && { headers }),
          ...(body !== undefined && { body }),
        };
      return;
    }
    case "operation": {
      const call = itemOf(run, record.key).calls.get(record.call);
      if (call) call.operation = record.succeeded ? "succeeded" : "failed";
    }
  }
}

function itemOf(run: RunUnderReading, key: string): ItemHistory {
  const known = run.items.get(key);
  if (known) return known;
  const fresh: ItemHistory = { calls: new Map() };
  run.items.set(key, fresh);
  return fresh;
}

function checkHeader(line: string, where: string): void {
  const first = parse(line) as { journal?: unknown; version?: unknown } | undefined;
  if (first?.journal !== header.journal)
    throw new Error(`azure-remedy: ${where} is not a journal of azure-remedy. Use another path, or move the file.`);
  if (first.version !== header.version)
    throw new Error(
      `azure-remedy: the journal ${where} has version ${String(first.version)}; this release reads version ${header.version}. Finish its run with the release that started it.`,
    );
}

function parse(line: string): JournalRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as JournalRecord) : undefined;
  } catch {
    return undefined;
  }
}

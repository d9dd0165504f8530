/**
 * What VM Inspector finds on the OS disk of a machine whose guest did not come up. It is the last resort: a run takes minutes and
 * writes a report to the caller's blob, so it is made only where it was asked for, and where no other source has named the root.
 */
import { check, checkMs } from "../../option-check.js";
import { defineEvidence } from "../define-evidence.js";
import { textAt } from "../document.js";
import { runInspection, type InspectionOptions, type InspectionRun } from "../inspector/run-inspection.js";
import { couldNotLook, LookRefused } from "../look.js";
import { sureness } from "../serial-log.js";
import { lastResort, type Answer, type DefinedEvidence, type Found, type InspectionContext } from "../source.js";
import { machineIdOf, scaleSetIdOf } from "../subject.js";
import { alsoFound, foundIn, isOfGuest } from "./boot-log.js";

export interface VmInspectorOptions extends InspectionOptions {
  /** Milliseconds that a run may take where the caller sets no `evidenceBudgetMs`. Default 600000, ten minutes. */
  readonly budgetMs?: number;
}

/** A run that nobody would see the end of is not begun. */
const leastMs = 60_000;

const mostReported = 3;

/**
 * Runs VM Inspector for a machine whose guest did not come up, where no other source has named the root. Sends up to four
 * requests and the polls of the run beyond those of the other looks; takes minutes; needs the rights that VM Inspector
 * documents. Each machine is inspected once in an hour; a link takes one report, a container client one for each machine.
 * @throws TypeError or RangeError that names what is wrong with the options
 */
export function vmInspector(options: VmInspectorOptions): DefinedEvidence {
  const { upload, budgetMs = 600_000 } = (options as Partial<VmInspectorOptions> | undefined) ?? {};
  const isContainer = typeof (upload as { getBlobClient?: unknown } | undefined)?.getBlobClient === "function";
  check(
    (typeof upload === "string" && upload !== "") || isContainer,
    "vmInspector.upload",
    typeof upload === "string" ? "an empty text" : upload,
    "the SAS of a blob, or a container client",
  );
  checkMs("vmInspector.budgetMs", budgetMs);
  const inspected = new Inspected(typeof upload === "string");
  const source = defineEvidence({
    name: "vmInspector",
    requests: 4,
    budgetMs,
    fits: (diagnosis, { url }) =>
      // Instances of a scale set are not inspected.
      machineIdOf(url) !== undefined &&
      scaleSetIdOf(url) === undefined &&
      (isOfGuest(diagnosis) || diagnosis.category === "extension"),
    look: (context) => look(context as InspectionContext, options, inspected),
  });
  return Object.freeze({ ...source, [lastResort]: true });
}

async function look(
  context: InspectionContext,
  options: InspectionOptions,
  inspected: Inspected,
): Promise<readonly Found[]> {
  const { call, leftMs, now } = context;
  const machine = machineIdOf(call.url) ?? "";
  const known = inspected.of(machine, now());
  if (known) return known;
  if (leftMs < leastMs) return [couldNotLook("a run of VM Inspector takes minutes, and there are none left")];
  const entry = inspected.begin(machine, now());
  entry.found = await runInspection(machine, options, wireOf(context)).then(describe, (error: unknown) => {
    if (error instanceof LookRefused) return [error.found];
    throw error;
  });
  return entry.found;
}

interface Run {
  readonly begunAt: number;
  /** Undefined while it runs, and where nobody saw its end. */
  found: readonly Found[] | undefined;
}

/** One run for a machine within the hour, and no report over another's. */
class Inspected {
  readonly #takesOne: boolean;
  readonly #runs = new Map<string, Run>();

  constructor(takesOne: boolean) {
    this.#takesOne = takesOne;
  }

  /** What is known of the machine, or why it is not inspected; undefined where it may be. */
  of(machine: string, now: number): readonly Found[] | undefined {
    const run = this.#runs.get(machine.toLowerCase());
    if (run && now - run.begunAt < hourMs) {
      return run.found ?? [couldNotLook("VM Inspector was run within the hour, and the end of that run was not seen")];
    }
    return this.#takesOne && !run && this.#runs.size > 0
      ? [couldNotLook("the link has the report of another machine; with a container client each gets its own")]
      : undefined;
  }

  begin(machine: string, now: number): Run {
    const run: Run = { begunAt: now, found: undefined };
    if (!this.#takesOne) {
      for (const [known, { begunAt }] of this.#runs) if (now - begunAt >= hourMs) this.#runs.delete(known);
    }
    this.#runs.set(machine.toLowerCase(), run);
    return run;
  }
}

const hourMs = 3_600_000;

type InspectionWire = Parameters<typeof runInspection>[2];

/** The reads of the machine go the way of all looks; what VM Inspector is asked goes the one that is open to it alone. */
function wireOf({ get, inspect, sleep, now, signal }: InspectionContext): InspectionWire {
  return {
    send: (method, path, body) => {
      if (method === "GET") return get(path).then(orMissing);
      // 404 also means that no storage is registered, which is no failure.
      const isQuestion = path.includes("/validateStorageConfiguration");
      return inspect(method, path, body).then((answer) => (isQuestion ? answer : orMissing(answer)));
    },
    poll: (url) => inspect("GET", url).then(orMissing),
    sleep,
    now,
    fail: (error, reason) => {
      const node = (error as { error?: unknown; errorDetail?: unknown } | undefined) ?? {};
      const body = node.error ?? node.errorDetail;
      const [code, message] = [textAt(body, "code"), textAt(body, "message")];
      const words = [code, message].filter(Boolean).join(": ");
      return new LookRefused(couldNotLook(words === "" ? reason : `${words} (${reason})`, { code, message }));
    },
    readBlob: async ({ url }) => {
      const response = await fetch(url, { redirect: "error", signal });
      if (!response.ok) throw new Error(`the storage account answered ${response.status}`);
      return new Uint8Array(await response.arrayBuffer());
    },
  };
}

function orMissing(answer: Answer): Answer {
  if (answer.status === 404) throw new LookRefused(couldNotLook("there is no such virtual machine, or no such run"));
  return answer;
}

function describe({ report, files, matches, unread }: InspectionRun): Found[] {
  const [first, ...others] = [...matches].sort((a, b) => sureness(b) - sureness(a));
  const inside = files === undefined ? "" : `, ${files.length} files of the guest`;
  const where: Found = {
    says: `VM Inspector has written its report to ${report}${inside}.`,
    confidence: "low",
    data: { report, files },
  };
  if (unread !== undefined) return [where, couldNotLook(unread)];
  if (!first) return [where, { says: "The logs of the guest have no known failure message.", confidence: "none" }];
  return [foundIn(first.file, first), ...others.slice(0, mostReported - 1).map(alsoFound), where];
}

/**
 * Investigates one failure: which sources fit, within how many requests and how much time, and what their findings
 * change in the diagnosis. It never rejects and never exceeds its budget; only the caller's abort ends it early.
 */
import type { Diagnosis } from "../catalog/diagnosis.js";
import { formatDuration } from "../time/format-duration.js";
import { printable } from "../failure/printable.js";
import { presentable, presentableText } from "../failure/secrets/presentable.js";
import type { Evidence, FailedCall, Finding, Investigate, Surroundings } from "../recovery/evidence.js";
import { AbortError } from "../time/clock.js";
import { fetchBlob } from "./blob.js";
import {
  isLastResort,
  requestsPerLevel,
  type DefinedEvidence,
  type Found,
  type InspectionContext,
  type LookContext,
} from "./source.js";
import { couldNotLook, LookRefused, Reader, Wire } from "./look.js";
import { originOf, pathOf, resourceInTemplate } from "./subject.js";

/** Requests for one failure and everything below it, and milliseconds for it if the caller sets none. */
export const mostRequests = 12;
export const defaultBudgetMs = 5_000;

/** A failure on one level: the call itself, then what findings led to. */
interface Subject {
  readonly diagnosis: Diagnosis;
  readonly call: FailedCall;
}

interface Result {
  readonly source: DefinedEvidence;
  readonly subject: Subject;
  readonly found: readonly Found[];
}

export const investigate: Investigate = async (sources, diagnosis, call, surroundings) => {
  const first = { diagnosis, call };
  return new Inquiry(sources as readonly DefinedEvidence[], first, surroundings).run(first);
};

class Inquiry {
  readonly #sources: readonly DefinedEvidence[];
  readonly #surroundings: Surroundings;
  readonly #wire: Wire;
  readonly #startedAt: number;
  readonly #controller = new AbortController();
  /** Which source has looked at which subject. */
  readonly #looked = new Set<string>();

  constructor(sources: readonly DefinedEvidence[], { diagnosis, call }: Subject, surroundings: Surroundings) {
    const { clock, send, readBlob = fetchBlob } = surroundings;
    this.#sources = sources;
    this.#surroundings = surroundings;
    this.#startedAt = clock.now();
    this.#wire = new Wire(
      originOf(call.url),
      (request) => send(request, this.#controller.signal),
      (request) => readBlob(request, this.#controller.signal),
    );
    if (diagnosis.category === "throttling") this.#wire.throttled.note(call, diagnosis.code);
  }

  async run(first: Subject): Promise<Evidence> {
    const { signal } = this.#surroundings;
    if (signal?.aborted) throw new AbortError();
    let rejectAborted: (error: Error) => void = () => undefined;
    const aborted = new Promise<never>((_, reject) => {
      rejectAborted = reject;
    });
    const onAbort = (): void => rejectAborted(new AbortError());
    signal?.addEventListener("abort", onAbort);
    try {
      return await Promise.race([this.#levels(first), aborted]);
    } finally {
      signal?.removeEventListener("abort", onAbort);
      // No one uses the results still on their way.
      this.#controller.abort();
    }
  }

  async #levels(first: Subject): Promise<Evidence> {
    const findings: Finding[] = [];
    let { diagnosis } = first;
    let subjects: readonly Subject[] = [first];
    let [deepest, isExplained] = [subjects, false];
    const look = async (looks: readonly [DefinedEvidence, Subject][]): Promise<readonly Result[]> => {
      const results = await Promise.all(looks.map(([source, subject]) => this.#look(source, subject)));
      findings.push(...results.flatMap((result) => this.#findingsOf(result)));
      const refinement = best(results);
      if (refinement) diagnosis = this.#refine(diagnosis, refinement);
      return results;
    };
    while (subjects.length > 0) {
      deepest = subjects;
      const results = await look(this.#plan(subjects));
      isExplained = best(results)?.confidence === "high";
      subjects = results.flatMap((result) => this.#deeper(result));
    }
    // What takes minutes is left for what nothing else has explained.
    if (!isExplained) await look(this.#lastResorts(deepest));
    return { findings: withoutRepetition(findings), diagnosis };
  }

  #lastResorts(subjects: readonly Subject[]): [DefinedEvidence, Subject][] {
    return subjects.flatMap((subject) =>
      this.#sources
        .filter((source) => isLastResort(source) && fits(source, subject))
        .map((source): [DefinedEvidence, Subject] => [source, subject]),
    );
  }

  /** Which source looks at what on this level, within the allowed requests. */
  #plan(subjects: readonly Subject[]): [DefinedEvidence, Subject][] {
    let left = Math.min(requestsPerLevel, mostRequests - this.#wire.sent);
    const sources = this.#sources.filter((source) => !isLastResort(source));
    const looks: [DefinedEvidence, Subject][] = [];
    for (const subject of subjects) {
      for (const source of sources) {
        const key = `${source.name} ${pathOf(subject.call.url).toLowerCase()}`;
        if (source.requests > left || this.#looked.has(key)) continue;
        if (!fits(source, subject)) continue;
        this.#looked.add(key);
        left -= source.requests;
        looks.push([source, subject]);
      }
    }
    return looks;
  }

  async #look(source: DefinedEvidence, subject: Subject): Promise<Result> {
    const { clock, onProgress } = this.#surroundings;
    onProgress?.(source.name);
    const budgetMs = this.#leftMs(source);
    const ended = new AbortController();
    this.#controller.signal.addEventListener("abort", () => ended.abort());
    const outOfTime = clock.sleep(budgetMs, ended.signal, { background: true }).then(
      () => [couldNotLook(`no answer within ${formatDuration(this.#budgetMs(source))}`)],
      () => [],
    );
    const found = await Promise.race([this.#run(source, subject, ended.signal, budgetMs), outOfTime]);
    ended.abort();
    const result = { source, subject, found: found.map(clean) };
    onProgress?.(source.name, this.#findingsOf(result));
    return result;
  }

  async #run(
    source: DefinedEvidence,
    subject: Subject,
    signal: AbortSignal,
    leftMs: number,
  ): Promise<readonly Found[]> {
    const { get, post, inspect } = new Reader(this.#wire, source.requests);
    const { clock } = this.#surroundings;
    const { readBlob } = this.#wire;
    const context: LookContext = { ...subject, get, post, readBlob, signal, now: () => clock.now() };
    const sleep = (ms: number): Promise<void> => clock.sleep(ms, signal, { background: true });
    const inspection: InspectionContext = { ...context, inspect, sleep, leftMs };
    try {
      const found = await source.look(isLastResort(source) ? inspection : context);
      return found === undefined ? [] : [found].flat();
    } catch (error) {
      if (!(error instanceof LookRefused)) return [couldNotLook(firstLineOf(error))];
      return [error.found];
    }
  }

  #budgetMs(source: DefinedEvidence): number {
    return this.#surroundings.budgetMs ?? source.budgetMs ?? defaultBudgetMs;
  }

  /** What is left of the budget, which began with the first look, and never past the deadline. */
  #leftMs(source: DefinedEvidence): number {
    const spentMs = this.#surroundings.clock.now() - this.#startedAt;
    const { remainingMs = Infinity } = this.#surroundings;
    return Math.max(0, Math.min(this.#budgetMs(source), remainingMs) - spentMs);
  }

  #findingsOf({ source, found }: Result): Finding[] {
    return found.map(({ says, at, data, confidence }) => ({
      source: source.name,
      says,
      at: at ?? new Date(this.#surroundings.clock.now()),
      ...(data !== undefined && { data }),
      confidence,
    }));
  }

  /** If findings show that the root is elsewhere, the sources that fit look there. */
  #deeper({ subject, found }: Result): Subject[] {
    return found.flatMap((item) => {
      if (item.subject === undefined || item.root === undefined) return [];
      const diagnosis = this.#refine(subject.diagnosis, item);
      const url = this.#wire.origin + pathOf(item.subject);
      const { startedAt, remedies, correlationId } = subject.call;
      const body = resourceInTemplate(subject.call.body, item.subject);
      const call = {
        method: "PUT",
        url,
        details: item.root,
        ...(body !== undefined && { body }),
        ...(startedAt !== undefined && { startedAt }),
        ...(remedies && { remedies }),
        ...(correlationId !== undefined && { correlationId }),
      };
      return [{ diagnosis, call }];
    });
  }

  #refine(before: Diagnosis, { root, means }: Found): Diagnosis {
    const read = root === undefined ? before : this.#surroundings.diagnose(root);
    const { status = read.status, requestId = read.requestId, correlationId = read.correlationId } = before;
    const { steps, automatic, docs, waitMs, ...meant } = means ?? {};
    const { automatic: usual, ...advice } = read.remedy;
    const chosen = automatic === undefined ? usual : (automatic ?? undefined);
    return {
      ...read,
      ...meant,
      execution: means?.execution ?? before.execution,
      remedy: {
        ...advice,
        ...(steps && { steps, summary: steps[0] ?? advice.summary }),
        ...(chosen !== undefined && { automatic: chosen }),
        ...(docs !== undefined && { docs }),
      },
      ...(waitMs !== undefined && { usualWaitMs: waitMs }),
      ...(status !== undefined && { status }),
      ...(requestId !== undefined && { requestId }),
      ...(correlationId !== undefined && { correlationId }),
      refinedFrom: before,
    };
  }
}

function fits(source: DefinedEvidence, { diagnosis, call }: Subject): boolean {
  try {
    return source.fits(diagnosis, call);
  } catch {
    return false; // The failure is what the caller should hear of, not a fault in a predicate.
  }
}

const sureness = ["none", "low", "medium", "high"] as const;

/** The finding that says most about the root; of equals, the first. */
function best(results: readonly Result[]): Found | undefined {
  return results
    .flatMap(({ found }) => found)
    .filter(({ root, means }) => root !== undefined || means !== undefined)
    .reduce<Found | undefined>(
      (chosen, item) =>
        chosen && sureness.indexOf(chosen.confidence) >= sureness.indexOf(item.confidence) ? chosen : item,
      undefined,
    );
}

/** Two sources that lack the same permission say so once. */
function withoutRepetition(findings: readonly Finding[]): Finding[] {
  const said = new Set<string>();
  return findings.filter(({ source, says }) => {
    const key = `${source} ${says}`;
    return !said.has(key) && said.add(key);
  });
}

/** A source may repeat what a script or a service printed, so secrets are removed. */
function clean(found: Found): Found {
  const { says, data, means } = found;
  return {
    ...found,
    says: inOneLine(says),
    ...(data !== undefined && { data: presentable(data) }),
    ...(means && {
      means: {
        ...means,
        ...(means.explanation !== undefined && { explanation: inOneLine(means.explanation) }),
        ...(means.steps && { steps: means.steps.map(presentableText) }),
      },
    }),
  };
}

const longestSaying = 600;

/** One line without secrets and control characters, that a terminal may show. */
function inOneLine(text: string): string {
  const line = printable(presentableText(text));
  return line.length <= longestSaying ? line : `${line.slice(0, longestSaying)}…`;
}

function firstLineOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? "";
}

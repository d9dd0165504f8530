/**
 * The one loop of recovery: diagnose a failure, decide, act, and look at the result, until there is an end.
 *
 * What failed (a request, a long-running operation, a function) is a {@link Subject}. It knows how to send again, how
 * to wait, how to read back and how to end; the loop knows when. A subject that may not wait itself, because a poller
 * waits for it, ends the loop at a wait: its end says "still running", and the next poll continues with the step that
 * is due.
 */
import type { Diagnosis } from "../catalog/diagnosis.js";
import type { RetryAllowance } from "../decision/allowance.js";
import { decide, type Decision, type Situation } from "../decision/decide.js";
import type { RemedyProgress } from "../lro/operation.js";
import type { Evidence } from "./evidence.js";
import type { TracedCall } from "./call-tracer.js";
import { failureOf, type EventSubject } from "./events.js";
import type { Attempt } from "./remedy-error.js";
import { fittingRemedies, notifyRemedies, type SentRequest } from "./fitting-remedies.js";
import { remainingMs, type Settings } from "./settings.js";

/** The next step: the end, or a response to a failure, or another send or read after `delayMs` milliseconds. */
export type Step<End, Failure> =
  { readonly kind: "end"; readonly end: End } | { readonly kind: "failed"; readonly failure: Failure } | Wait<Failure>;

export type Wait<Failure> = { readonly kind: "send"; readonly delayMs: number } | ReadStep<Failure>;

export interface ReadStep<Failure> {
  readonly kind: "read";
  readonly delayMs: number;
  /** The failure that made the outcome unknown. */
  readonly cause: Diagnosed<Failure>;
  /** Reads so far. */
  readonly reads: number;
}

export interface Diagnosed<Failure> {
  readonly failure: Failure;
  readonly diagnosis: Diagnosis;
}

/** A read did not settle it. `lastSeen` is for people: `provisioning state Updating`. */
export interface Pending {
  readonly kind: "pending";
  readonly lastSeen: string;
}

/** Why a subject ends without success. */
export interface GivenUp {
  readonly reason: string;
  readonly outcome: "failed" | "unknown";
  /** Milliseconds after which another try makes sense. */
  readonly retryAfterMs?: number | undefined;
  /** Default: what was thrown. */
  readonly cause?: unknown;
  /** It has not ended, or may not have: another process can continue it. */
  readonly stillRuns?: boolean;
}

export interface Progress {
  /** The failed attempts. */
  readonly attempts: Attempt[];
  sends: number;
  /** Retries that count against `maxRetries`. */
  retries: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
}

/**
 * What has failed and may be tried again. `End` is what its caller gets, `Failure` what came back instead of a success.
 */
export interface Subject<End, Failure> {
  readonly kind: "request" | "operation" | "function";
  readonly settings: Settings;
  readonly progress: Progress;
  /** Epoch milliseconds from which `maxElapsedMs` counts. Default its start. */
  readonly budgetStartedAt?: number;
  /** As events show it. */
  readonly about: EventSubject;
  /** As `options.telemetry` knows it. */
  readonly call: TracedCall | undefined;
  /** Shared with the other requests of the client. */
  readonly allowance?: RetryAllowance;
  /** What remedies may change; undefined if they may not. */
  readonly repairable?: { readonly request: SentRequest; readonly remedies: RemedyProgress } | undefined;

  diagnose(failure: Failure): Diagnosis | Promise<Diagnosis>;
  /** The step after a failure that needs no decision. */
  shortcut?(cause: Diagnosed<Failure>): Promise<Step<End, Failure> | undefined>;
  /** What only the subject knows about the situation. */
  situation(cause: Diagnosed<Failure>): Situation;
  /** May change a decision. */
  reconsider?(decision: Decision, cause: Diagnosed<Failure>): Decision;
  /** Default `progress.retries`. */
  countRetry?(cause: Diagnosed<Failure>): void;
  /** Investigates a failure before it is returned, if the caller allows it. */
  investigate?(cause: Diagnosed<Failure>): Promise<Evidence | undefined>;
  /** Waits, or returns the end that makes its poller wait. */
  pause(step: Wait<Failure>): Promise<Step<End, Failure> | undefined>;
  send(): Promise<Step<End, Failure>>;
  read(step: ReadStep<Failure>): Promise<Step<End, Failure> | Pending>;
  apply(remedy: string, cause: Diagnosed<Failure>): Promise<Step<End, Failure>>;
  giveUp(cause: Diagnosed<Failure>, why: GivenUp): Promise<Step<End, Failure>>;
}

/** Takes step after step until one is the end. @throws what the subject throws, such as an AbortError */
export async function recover<End, Failure>(first: Step<End, Failure>, subject: Subject<End, Failure>): Promise<End> {
  let step = first;
  for (;;) {
    switch (step.kind) {
      case "end":
        return step.end;
      case "failed":
        step = await respond(step.failure, subject);
        break;
      case "send":
        step = (await subject.pause(step)) ?? (await subject.send());
        break;
      case "read":
        step = (await subject.pause(step)) ?? (await readOnce(step, subject));
        break;
    }
  }
}

/** Diagnoses a failure, decides about it, and returns the next step. */
async function respond<End, Failure>(failure: Failure, subject: Subject<End, Failure>): Promise<Step<End, Failure>> {
  let cause = { failure, diagnosis: await subject.diagnose(failure) };
  const shortcut = await subject.shortcut?.(cause);
  if (shortcut) return shortcut;
  let decision = decideFor(subject, cause);
  // Evidence may show that the failure is transient after all (a grant still propagating, an outage, another size), or
  // that there is nothing to wait for: a guest whose log says why it does not boot.
  if (decision.action === "fail" || (decision.action === "readBack" && subject.kind === "operation")) {
    const evidence = await subject.investigate?.(cause);
    if (evidence?.diagnosis.refinedFrom) {
      cause = { failure, diagnosis: evidence.diagnosis };
      decision = decideFor(subject, cause);
    }
  }
  noteAttempt(subject, cause.diagnosis, decision);
  switch (decision.action) {
    case "retry":
      if (decision.counts) countRetry(subject, cause);
      reportRetry(subject, cause.diagnosis, decision);
      return { kind: "send", delayMs: decision.delayMs };
    case "readBack":
      reportReading(subject, cause.diagnosis, decision.reason);
      return { kind: "read", delayMs: decision.delayMs, cause, reads: 0 };
    case "apply":
      return subject.apply(decision.remedy, cause);
    case "fail":
      return subject.giveUp(cause, decision);
  }
}

function decideFor<End, Failure>(subject: Subject<End, Failure>, cause: Diagnosed<Failure>): Decision {
  const { settings, progress, repairable, allowance } = subject;
  const { diagnosis } = cause;
  const now = settings.clock.now();
  const left = remainingMs(settings, now);
  if (repairable) notifyRemedies(settings, diagnosis, repairable.request);
  const remedies = repairable ? fittingRemedies(settings.remedies, diagnosis, repairable) : [];
  // A remedy that changes the request helps although the original will never pass.
  const disposition = remedies.length > 0 ? "adaptable" : diagnosis.disposition;
  const decision = decide(
    { ...diagnosis, disposition },
    {
      attempt: progress.sends,
      retries: progress.retries,
      maxRetries: settings.maxRetries,
      elapsedMs: now - (subject.budgetStartedAt ?? progress.startedAt),
      maxElapsedMs: settings.maxElapsedMs,
      ...(left !== undefined && { remainingMs: left }),
      remedies,
      allowance: allowance?.isLeft(now) ?? true,
      random: settings.random(),
      ...subject.situation(cause),
    },
  );
  return subject.reconsider?.(decision, cause) ?? decision;
}

function countRetry<End, Failure>(subject: Subject<End, Failure>, cause: Diagnosed<Failure>): void {
  subject.allowance?.take(subject.settings.clock.now());
  if (subject.countRetry) subject.countRetry(cause);
  else subject.progress.retries += 1;
}

/** Reads once. If that does not settle it, it is read again later, while the budget lasts. */
export async function readOnce<End, Failure>(
  { cause, reads, ...step }: ReadStep<Failure>,
  subject: Subject<End, Failure>,
): Promise<Step<End, Failure>> {
  const seen = await subject.read({ cause, reads, ...step });
  if (seen.kind !== "pending") return seen;
  const delayMs = Math.min(5_000 * 2 ** Math.min(reads, 3), 30_000);
  const tooLate = pastBudget(subject, delayMs);
  if (tooLate) {
    const reason = `outcome unknown, last seen: ${seen.lastSeen}; ${tooLate}`;
    return subject.giveUp(cause, { reason, outcome: "unknown", stillRuns: true });
  }
  reportReading(subject, cause.diagnosis, "not known yet", seen.lastSeen);
  return { kind: "read", delayMs, cause, reads: reads + 1 };
}

type AnySubject = Pick<
  Subject<unknown, unknown>,
  "kind" | "settings" | "progress" | "budgetStartedAt" | "about" | "call" | "repairable"
>;

/** Why a wait does not fit into the subject's remaining time; undefined if it does. */
export function pastBudget({ settings, progress, budgetStartedAt }: AnySubject, delayMs: number): string | undefined {
  const now = settings.clock.now();
  const left = remainingMs(settings, now);
  if (left !== undefined && delayMs >= left) return "the deadline has passed";
  const elapsedMs = now - (budgetStartedAt ?? progress.startedAt);
  return elapsedMs + delayMs > settings.maxElapsedMs ? "the budget is used up" : undefined;
}

/** The throttle cannot admit it in time. */
export const windowClosed = (retryAfterMs: number, outcome: GivenUp["outcome"]): GivenUp => ({
  reason: "the throttling window stays closed past the deadline",
  outcome,
  retryAfterMs,
});

/** Records a failed attempt for the error, with the decision about it. */
export function noteAttempt(
  { progress, settings, call }: Pick<AnySubject, "progress" | "settings" | "call">,
  diagnosis: Diagnosis,
  decision: Decision,
): void {
  call?.decided(diagnosis, decision);
  const waitMs = "delayMs" in decision ? decision.delayMs : 0;
  progress.attempts.push(attemptOf(diagnosis, decision.reason, settings.clock.now(), waitMs));
}

export function attemptOf({ status, code }: Diagnosis, reason: string, at: number, waitMs = 0): Attempt {
  return { at, ...(status !== undefined && { status }), ...(code !== undefined && { code }), waitMs, reason };
}

export function reportRetry(
  { kind, settings, progress, about, call }: AnySubject,
  diagnosis: Diagnosis,
  { delayMs, reason }: { readonly delayMs: number; readonly reason: string },
): void {
  const { sends } = progress;
  const event = { at: settings.clock.now(), ...about, delayMs, reason, failure: failureOf(diagnosis) };
  if (kind === "operation") settings.reporter.emit({ type: "resubmit", submission: sends, ...event }, call);
  else settings.reporter.emit({ type: "retry", attempt: sends, ...event }, call);
}

function reportReading(
  { settings, about, call }: AnySubject,
  diagnosis: Diagnosis,
  reason: string,
  lastSeen?: string,
): void {
  const seen = lastSeen === undefined ? {} : { lastSeen };
  const failure = failureOf(diagnosis);
  settings.reporter.emit({ type: "readBack", at: settings.clock.now(), ...about, reason, ...seen, failure }, call);
}

/** A success after failures is an event. @param reason default the last failure */
export function reportRecovered({ settings, progress, about, call, repairable }: AnySubject, reason?: string): void {
  const { attempts, sends, startedAt } = progress;
  const last = attempts[attempts.length - 1];
  if (!last && reason === undefined) return;
  const why = reason ?? `tried again after ${last?.code ?? last?.status ?? "a failure"}`;
  const at = settings.clock.now();
  const addedRequests = repairable?.remedies.added.count ?? 0;
  const elapsedMs = at - startedAt;
  const counts = { attempts: sends, addedRequests, elapsedMs };
  settings.reporter.emit({ type: "recovered", at, ...about, ...counts, reason: why }, call);
}

/**
 * Investigates a failure before it is returned, if the caller has named sources of evidence. The requests of a look are
 * made and sent here, like all our own; what to look at, and what it means, is up to the sources.
 */
import {
  createHttpHeaders,
  createPipelineRequest,
  type HttpClient,
  type PipelineRequest,
  type SendRequest,
} from "@azure/core-rest-pipeline";
import type { Diagnosis } from "../catalog/diagnosis.js";
import { jsonOf } from "../lro/json-body.js";
import { callOf } from "./call-tracer.js";
import { diagnoseInput, diagnoseSend } from "./diagnosing.js";
import { messageOf } from "./event-reporter.js";
import { aboutRequest, failureOf } from "./events.js";
import type { BlobRequest, Evidence, FailedCall, LookRequest, LookResponse } from "./evidence.js";
import { failedRequestOf, type SentRequest } from "./fitting-remedies.js";
import { ownRequest } from "./own-request.js";
import { Sender } from "./sender.js";
import { remainingMs, type Settings } from "./settings.js";

/** A failure that may be investigated, and the route of requests on its behalf. */
export interface LookTarget {
  /** The owner of the result: one investigation is remembered for it. */
  readonly owner: object;
  /** Counts what is sent. */
  readonly added: { count: number };
  /** The request that failed: the first one of an operation. */
  readonly failed: SentRequest;
  /** Provides connection and credentials. */
  readonly request: PipelineRequest;
  readonly next: SendRequest;
  readonly startedAt: number;
  readonly attempts: number;
  readonly correlationId: string | undefined;
  /** The response that reported the failure. */
  readonly response: LookResponse | undefined;
}

/** The same failure is not looked at twice within this time. */
const rememberedMs = 60_000;
/** An outage that is waited for is looked at again after this: whether it is over, the sends tell sooner. */
const outageRememberedMs = 5 * 60_000;

export class Investigator {
  readonly #settings: Settings;
  readonly #sender: Sender;
  readonly #http: HttpClient | undefined;
  readonly #remembered = new WeakMap<object, { key: string; until: number; evidence: Evidence }>();

  /** @param http reads blobs, outside the pipeline; default global `fetch` */
  constructor(settings: Settings, http: HttpClient | undefined) {
    this.#settings = settings;
    this.#sender = new Sender({ ...settings, priority: "background" });
    this.#http = http;
  }

  /** The evidence for a failure; undefined if no source is named. @throws AbortError if the caller aborts */
  async look(diagnosis: Diagnosis, target: LookTarget): Promise<Evidence | undefined> {
    const [first] = this.#settings.evidence;
    if (!first || target.request.abortSignal?.aborted) return undefined;
    const { clock, reporter } = this.#settings;
    const key = keyOf(diagnosis);
    const known = this.#remembered.get(target.owner);
    if (known?.key === key && known.until > clock.now()) return known.evidence;
    try {
      const evidence = await this.#investigate(first.investigate, diagnosis, target);
      const forMs = evidence.diagnosis.outage === true ? outageRememberedMs : rememberedMs;
      this.#remembered.set(target.owner, { key, until: clock.now() + forMs, evidence });
      if (evidence.findings.length > 0) this.#report(evidence, target);
      return evidence;
    } catch (error) {
      if (target.request.abortSignal?.aborted) throw error;
      reporter.fault("options.evidence", error, clock.now());
      return undefined;
    }
  }

  #investigate(
    investigate: Settings["evidence"][number]["investigate"],
    diagnosis: Diagnosis,
    target: LookTarget,
  ): Promise<Evidence> {
    const settings = this.#settings;
    const { clock, evidence, evidenceBudgetMs } = settings;
    const http = this.#http;
    return investigate(evidence, diagnosis, this.#callOf(target), {
      send: (request, signal) => this.#send(request, signal, target),
      diagnose: (input) => diagnoseInput(input, settings),
      clock,
      ...(http && { readBlob: (request, signal) => readBlob(http, request, signal, target.request) }),
      signal: target.request.abortSignal,
      budgetMs: evidenceBudgetMs,
      remainingMs: remainingMs(settings, clock.now()),
    });
  }

  #callOf({ failed, startedAt, attempts, correlationId, response }: LookTarget): FailedCall {
    const details = response && jsonOf(response);
    return {
      ...failedRequestOf(failed),
      startedAt,
      attempts,
      remedies: this.#settings.remedies.map(({ name }) => name),
      ...(correlationId !== undefined && { correlationId }),
      ...(details !== undefined && { details }),
    };
  }

  /** One send, as background traffic. If the throttle would delay it beyond the look's time, it is not sent. */
  async #send(wanted: LookRequest, signal: AbortSignal, { request, next, added }: LookTarget): Promise<LookResponse> {
    const own = ownRequest(request, wanted);
    own.abortSignal = signal;
    const sent = await this.#sender.send(own, next, false, longestQueueMs);
    if (sent.kind !== "notAdmitted") added.count += 1;
    if (sent.kind === "response") {
      if (sent.response.status < 400) sent.permit.settle(sent.response);
      else diagnoseSend(sent, own, this.#settings);
      return sent.response;
    }
    if (sent.kind === "notAdmitted") throw new Error("the throttle has no room for it now");
    sent.permit.settle();
    throw new Error(`no answer: ${messageOf(sent.error).split("\n", 1)[0] ?? ""}`);
  }

  #report({ findings, diagnosis }: Evidence, { failed, next }: LookTarget): void {
    const { reporter, clock } = this.#settings;
    const failure = failureOf(diagnosis);
    const about = { at: clock.now(), ...aboutRequest(failed) };
    reporter.emit({ type: "evidence", ...about, findings, failure }, callOf(next));
  }
}

/** Milliseconds that a look may wait for its turn in the throttle. */
const longestQueueMs = 3_000;

/** Another code, or another message, is another failure. */
const keyOf = ({ code, status, message }: Diagnosis): string => `${status ?? ""} ${code ?? ""} ${message}`;

/** Over the caller's connection but past every policy: the link is the only credential that the blob needs. */
async function readBlob(
  http: HttpClient,
  { method, url, headers }: BlobRequest,
  signal: AbortSignal,
  caller: PipelineRequest,
): Promise<LookResponse> {
  const request = createPipelineRequest({ method, url, headers: createHttpHeaders(headers), abortSignal: signal });
  // An emulator's links point to this machine, where nothing can be overheard.
  request.allowInsecureConnection = /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])[:/]/.test(url);
  if (!request.allowInsecureConnection && caller.proxySettings) request.proxySettings = caller.proxySettings;
  if (!request.allowInsecureConnection && caller.tlsSettings) request.tlsSettings = caller.tlsSettings;
  try {
    return await http.sendRequest(request);
  } catch {
    // The error would contain the link, which is a secret.
    throw new Error("the storage account did not respond; outgoing traffic to it may be blocked");
  }
}

/**
 * The calls made for one item. Each write is noted in the journal before it is sent, and its answer afterwards. When an
 * earlier process was cut short in an item, the function runs again from its beginning, and a write that was answered then
 * gets the same answer now: what was done is not done again, and the operation that runs is followed. Where no answer came,
 * a write that must not run twice ends as a lost reply, which the policy resolves as it does any other.
 */
import { createHash } from "node:crypto";
import {
  createHttpHeaders,
  RestError,
  type HttpHeaders,
  type PipelineRequest,
  type PipelineResponse,
  type SendRequest,
} from "@azure/core-rest-pipeline";
import { isIdempotent } from "../decision/idempotency.js";
import { diagnose } from "../diagnose.js";
import { redact } from "../failure/secrets/redact.js";
import type { RemedyEvent } from "../recovery/events.js";
import { ownRequest } from "../recovery/own-request.js";
import type { WorkItem } from "../recovery/work-item.js";
import { AbortError } from "../time/clock.js";
import type { RunJournal } from "./journal/journal.js";
import type { ItemHistory, RecordedAnswer, RecordedCall } from "./journal/records.js";

/** The headers that pollers of all generations read. */
const pollerHeaders = ["operation-location", "azure-asyncoperation", "location", "retry-after", "content-type"];
/** A longer body is not kept; no response that begins an operation comes near this size. */
const longestBody = 256 * 1_024;

/** A write of this process, with what an earlier process recorded about it until that is used. */
interface Call {
  /** Its number in the journal; a resumed write keeps its number. */
  readonly number: number;
  readonly digest: string;
  earlier: RecordedCall | undefined;
}

interface EarlierCall extends RecordedCall {
  readonly number: number;
}

export interface ItemWorkOptions {
  readonly key: string;
  readonly journal: RunJournal | undefined;
  readonly signal: AbortSignal;
  /** The item's first request has been admitted. */
  readonly onAdmitted: () => void;
  readonly onEvent: (event: RemedyEvent) => void;
  readonly now: () => number;
}

export class ItemWork implements WorkItem {
  readonly key: string;
  readonly #options: ItemWorkOptions;
  /** Writes of earlier processes not yet repeated in this one, by digest. */
  readonly #earlier = new Map<string, EarlierCall[]>();
  readonly #calls: Call[] = [];
  /** Operations not known to have ended, by the polled URL. */
  readonly #operations = new Map<string, Call>();
  /** What is answered where the service has forgotten an operation that an earlier process saw succeed, by URL. */
  readonly #succeeded = new Map<string, string>();
  /** An earlier process was ended in the middle of the item; it did not fail. */
  readonly #isCutShort: boolean;
  #nextNumber: number;
  #hasAsked = false;
  #isAdmitted = false;
  /** Writes that were carried out, or may have been, in this process or an earlier one. */
  #effects = 0;

  constructor(options: ItemWorkOptions) {
    this.#options = options;
    this.key = options.key;
    const history = options.journal?.historyOf(options.key);
    this.#isCutShort = history?.status !== "failed";
    this.#nextNumber = history ? Math.max(-1, ...history.calls.keys()) + 1 : 0;
    for (const call of callsOf(history)) {
      const list = this.#earlier.get(call.digest);
      if (list) list.push(call);
      else this.#earlier.set(call.digest, [call]);
    }
  }

  /** Its function called the service, and no write can have had an effect. */
  get hasSentNothing(): boolean {
    return this.#hasAsked && this.#effects === 0;
  }

  onEvent(event: RemedyEvent): void {
    this.#options.onEvent(event);
  }

  around(request: PipelineRequest, next: SendRequest): SendRequest {
    this.#hasAsked = true;
    const call = isWrite(request) ? this.#begin(request) : undefined;
    return async (sent) => {
      this.#admitted();
      if (this.#options.signal.aborted) throw new AbortError();
      // A write during a poll is a resubmission of the operation's first request.
      if (isWrite(sent)) return this.#write(call?.digest === digestOf(sent) ? call : this.#callOf(sent), sent, next);
      return this.#look(sent, await next(sent));
    };
  }

  #admitted(): void {
    if (this.#isAdmitted) return;
    this.#isAdmitted = true;
    this.#options.onAdmitted();
  }

  #begin(request: PipelineRequest): Call {
    const digest = digestOf(request);
    const earlier = this.#earlier.get(digest)?.shift();
    const call = { number: earlier?.number ?? this.#nextNumber++, digest, earlier };
    this.#calls.push(call);
    return call;
  }

  #callOf(request: PipelineRequest): Call {
    const digest = digestOf(request);
    return this.#calls.findLast((call) => call.digest === digest) ?? this.#begin(request);
  }

  async #write(call: Call, request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> {
    const { earlier } = call;
    call.earlier = undefined;
    const mayRepeat = isIdempotent(request.method, request.url);
    this.#effects += 1;
    const replayed = earlier && this.#replay(earlier, request, mayRepeat);
    const isRunning = replayed !== undefined && earlier?.operation === undefined;
    if (replayed && !(isRunning && mayRepeat && (await isForgotten(replayed, next)))) {
      if (earlier.operation === "succeeded") this.#remember(replayed);
      return this.#follow(call, replayed);
    }
    await this.#noteSent(call, request, mayRepeat);
    try {
      return this.#noteAnswer(call, await next(request), mayRepeat);
    } catch (error) {
      if (diagnose(error).execution === "none") {
        this.#effects -= 1;
        this.#note({ type: "answered", key: this.key, call: call.number });
      }
      throw error;
    }
  }

  /**
   * The response that an earlier process got to the same write; undefined if it is to be sent.
   * @throws RestError if it may have run and must not run twice
   */
  #replay(earlier: RecordedCall, request: PipelineRequest, mayRepeat: boolean): PipelineResponse | undefined {
    const { answer, operation } = earlier;
    if (!answer) {
      if (mayRepeat) return undefined;
      throw new RestError("The process that sent this request ended before the reply came.", {
        code: "ECONNRESET",
        request,
      });
    }
    const { status, headers } = answer;
    if (status === undefined || status >= 400 || operation === "failed") return undefined;
    if (!mayRepeat) return responseFrom(answer, request);
    const beganOperation = operationUrlOf(headers) !== undefined;
    // After a failure the function runs again: what it did in the item's first run may have been undone since.
    const isToBeFollowed = beganOperation && (operation === undefined || this.#isCutShort);
    return isToBeFollowed ? responseFrom(answer, request) : undefined;
  }

  #remember({ headers }: PipelineResponse): void {
    const [location, operationUrl] = [headers.get("location"), operationUrlOf(headers.toJSON())];
    if (location !== undefined) this.#succeeded.set(location, "{}");
    if (operationUrl !== undefined) this.#succeeded.set(operationUrl, '{"status":"Succeeded"}');
  }

  async #noteSent(call: Call, request: PipelineRequest, mayRepeat: boolean): Promise<void> {
    const { journal, now } = this.#options;
    if (!journal) return;
    const { method, url } = request;
    const { number, digest } = call;
    const at = new Date(now()).toISOString();
    const written = journal.write({ type: "sent", key: this.key, call: number, digest, method, url: redact(url), at });
    // What may be repeated needs no record that survives a crash: it would be repeated.
    if (!mayRepeat) await written;
    else written.catch(() => undefined);
  }

  #noteAnswer(call: Call, response: PipelineResponse, mayRepeat: boolean): PipelineResponse {
    const { status } = response;
    const headers = pollerHeadersOf(response);
    const operationUrl = operationOf(this.#follow(call, response));
    const isUnknown = status >= 500 && diagnose(response).execution === "unknown";
    if (isUnknown) return response;
    if (status >= 400) this.#effects -= 1;
    const body = operationUrl !== undefined || !mayRepeat ? (response.bodyAsText ?? undefined) : undefined;
    this.#note({
      type: "answered",
      key: this.key,
      call: call.number,
      status,
      headers,
      ...(body !== undefined && body.length <= longestBody && { body }),
    });
    return response;
  }

  /** Remembers the operation that a response has begun. */
  #follow(call: Call, response: PipelineResponse): PipelineResponse {
    const operationUrl = operationOf(response);
    if (operationUrl !== undefined) this.#operations.set(operationUrl, call);
    return response;
  }

  /** Notes when a poll shows the end of an operation that a write of this item began. */
  #look(request: PipelineRequest, response: PipelineResponse): PipelineResponse {
    const known = this.#succeeded.get(request.url);
    if (known !== undefined && isGone(response))
      return { request, status: 200, headers: jsonHeaders(), bodyAsText: known };
    const call = this.#operations.get(request.url);
    if (!call) return response;
    const end = endOf(response);
    if (end === undefined) {
      this.#follow(call, response);
      return response;
    }
    for (const [url, known] of this.#operations) if (known === call) this.#operations.delete(url);
    this.#note({ type: "operation", key: this.key, call: call.number, succeeded: end });
    return response;
  }

  #note(record: Parameters<RunJournal["write"]>[0]): void {
    // If the journal cannot be written, the run ends where results are returned.
    this.#options.journal?.write(record).catch(() => undefined);
  }
}

/** An item that succeeded or failed is done; only interrupted or unknown work is resumed. */
function callsOf(history: ItemHistory | undefined): EarlierCall[] {
  if (!history || history.status === "succeeded") return [];
  return [...history.calls].sort(([a], [b]) => a - b).map(([number, call]) => ({ number, ...call }));
}

const isWrite = ({ method }: { method: string }): boolean => !["GET", "HEAD", "OPTIONS"].includes(method);

/** Identifies writes that ask for the same. The body is not kept: it may hold a password. */
function digestOf({ method, url, body }: PipelineRequest): string {
  const hash = createHash("sha256").update(`${method} ${url}\n`);
  if (typeof body === "string") hash.update(body);
  else if (ArrayBuffer.isView(body)) hash.update(new Uint8Array(body.buffer, body.byteOffset, body.byteLength));
  return hash.digest("base64url");
}

function operationUrlOf(headers: Readonly<Record<string, string>> | undefined): string | undefined {
  return headers?.["operation-location"] ?? headers?.["azure-asyncoperation"] ?? headers?.["location"];
}

/** The URL to poll for the operation that a response has begun; undefined if it began none. */
function operationOf(response: PipelineResponse): string | undefined {
  const { status } = response;
  return status >= 400 || status === 204 ? undefined : operationUrlOf(pollerHeadersOf(response));
}

function pollerHeadersOf({ headers }: PipelineResponse): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of pollerHeaders) {
    const value = headers.get(name);
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

function responseFrom(
  { status = 202, headers = {}, body }: RecordedAnswer,
  request: PipelineRequest,
): PipelineResponse {
  return { request, status, headers: createHttpHeaders({ ...headers }), bodyAsText: body ?? "" };
}

/** Resource Manager forgets an operation some time after its end. */
const isGone = ({ status }: PipelineResponse): boolean => status === 404 || status === 410;

const jsonHeaders = (): HttpHeaders => createHttpHeaders({ "content-type": "application/json" });

/** Whether the operation that an earlier answer began is not known any more. Where that cannot be learnt, it is followed. */
async function isForgotten(answer: PipelineResponse, next: SendRequest): Promise<boolean> {
  const url = operationUrlOf(answer.headers.toJSON());
  if (url === undefined) return false;
  try {
    return isGone(await next(ownRequest(answer.request, { method: "GET", url })));
  } catch {
    return false;
  }
}

/** True and false for an operation that has ended; nothing while it runs, or when the poll itself failed. */
function endOf({ status, bodyAsText }: PipelineResponse): boolean | undefined {
  if (status === 202 || status === 408 || status === 429 || status >= 500) return undefined;
  if (status >= 400) return false;
  const said = statusIn(bodyAsText);
  if (said === undefined) return true;
  if (/^succeeded$/i.test(said)) return true;
  return /fail|cancel/i.test(said) ? false : undefined;
}

function statusIn(text: string | null | undefined): string | undefined {
  try {
    const body = JSON.parse(text ?? "") as { status?: unknown; properties?: { provisioningState?: unknown } } | null;
    const said = body?.status ?? body?.properties?.provisioningState;
    return typeof said === "string" ? said : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A service of one virtual machine that does at once what it is asked, and answers as badly as a test wants: what it was
 * asked, what it did and when is written down, to be compared with what the caller was told.
 */
import { RestError, type PipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import { diagnose, type Diagnosis } from "azure-remedy";
import { AbortError, type Clock } from "../../src/time/clock.js";
import { answer } from "../support/stub.js";

/** How the service says when to come back. */
export interface Hint {
  readonly in: "retry-after" | "retry-after-ms" | "x-ms-retry-after-ms" | "date" | "text";
  readonly ms: number;
}

/** What goes wrong with one reply. `executes`: the service has done its work all the same. */
export type Trouble =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly code: string;
      readonly message: string;
      readonly hint?: Hint | undefined;
      readonly executes: boolean;
    }
  | { readonly kind: "page"; readonly status: number; readonly executes: boolean }
  | { readonly kind: "lost"; readonly code: string; readonly executes: boolean }
  | { readonly kind: "refused"; readonly code: string }
  | { readonly kind: "hang"; readonly executes: boolean };

export interface Send {
  readonly at: number;
  readonly request: RequestState;
  /** The caller's own request, not a reading of ours. */
  readonly isOwn: boolean;
  readonly trouble: Trouble | undefined;
  /** Set with the end of the send. */
  endedAt: number;
  /** What the failure means; nothing for a good answer, and for a send that was ended from our side. */
  diagnosis: Diagnosis | undefined;
  /** Nobody knows whether it was executed: no whole answer came, or one that does not say. */
  isUnknown: boolean;
  /** The service did what it was asked. */
  executed: boolean;
}

export interface RequestState {
  readonly method: string;
  readonly url: string;
  readonly headers: object;
  readonly body: unknown;
  readonly timeout: number;
}

export const stateOf = ({ method, url, headers, body, timeout }: PipelineRequest): RequestState => ({
  method,
  url,
  headers: headers.toJSON(),
  body,
  timeout,
});

/** Statuses that do not say whether the request was executed. */
const unknownStatuses = [408, 500, 502, 504];

export class SimulatedService {
  readonly sends: Send[] = [];
  readonly answers = new Set<PipelineResponse>();
  commandsRun = 0;
  #power = "deallocated";
  #tags: unknown;
  #exists: boolean;
  readonly #own: Trouble[];
  readonly #readings: Trouble[];

  constructor(
    private readonly clock: Clock,
    private readonly method: string,
    { exists, own, readings }: { exists: boolean; own: readonly Trouble[]; readings: readonly Trouble[] },
  ) {
    this.#exists = exists;
    this.#own = [...own];
    this.#readings = [...readings];
  }

  readonly transport = async (request: PipelineRequest): Promise<PipelineResponse> => {
    const isOwn = request.method === this.method;
    const trouble = (isOwn ? this.#own : this.#readings).shift();
    const at = this.clock.now();
    const refusal = trouble?.kind === "answer" ? this.#refusal(request, trouble) : undefined;
    const diagnosis = refusal && diagnose(refusal, { now: at });
    const send: Send = {
      at,
      request: stateOf(request),
      isOwn,
      trouble,
      endedAt: at,
      diagnosis,
      isUnknown: false,
      executed: trouble === undefined || ("executes" in trouble && trouble.executes && !saysWhatIsWrong(diagnosis)),
    };
    this.sends.push(send);
    const good = send.executed ? this.#execute(request) : undefined;
    try {
      const response = trouble ? await this.#fail(request, trouble, send, refusal) : good;
      if (!response) throw new Error("A request without trouble is executed.");
      this.answers.add(response);
      return response;
    } finally {
      send.endedAt = this.clock.now();
    }
  };

  async #fail(
    request: PipelineRequest,
    trouble: Trouble,
    send: Send,
    refusal: PipelineResponse | undefined,
  ): Promise<PipelineResponse> {
    if (refusal && trouble.kind === "answer") {
      const saysNothing = trouble.status === 503 && !isInHeader(trouble.hint);
      const isVague = unknownStatuses.includes(trouble.status) || saysNothing;
      send.isUnknown = isVague && !saysWhatIsWrong(send.diagnosis);
      return refusal;
    }
    switch (trouble.kind) {
      case "page": {
        const response = answer(request, trouble.status, `<html><h1>${trouble.status}</h1></html>`);
        send.diagnosis = diagnose(response, { now: this.clock.now() });
        send.isUnknown = true;
        return response;
      }
      case "lost":
      case "refused": {
        send.isUnknown = trouble.kind === "lost";
        const error = new RestError(`${trouble.kind}: ${trouble.code}`, { code: trouble.code, request });
        send.diagnosis = diagnose(error);
        throw error;
      }
      default:
        send.isUnknown = true;
        return new Promise((_, reject) => {
          const signal = request.abortSignal;
          if (signal?.aborted) reject(new AbortError());
          signal?.addEventListener("abort", () => reject(new AbortError()));
        });
    }
  }

  #refusal(request: PipelineRequest, { status, code, message, hint }: Trouble & { kind: "answer" }): PipelineResponse {
    const text = hint?.in === "text" ? `${message} Please try again after '${hint.ms / 1_000}' seconds.` : message;
    const headers: Record<string, string> = {};
    if (hint?.in === "retry-after") headers["retry-after"] = String(hint.ms / 1_000);
    else if (hint?.in === "date") headers["retry-after"] = new Date(this.clock.now() + hint.ms).toUTCString();
    else if (isInHeader(hint) && hint) headers[hint.in] = String(hint.ms);
    return answer(request, status, { error: { code, message: text } }, headers);
  }

  #execute(request: PipelineRequest): PipelineResponse {
    const { method, url, body } = request;
    if (method === "GET" || method === "HEAD") return this.#show(request);
    if (method === "POST") {
      if (url.includes("/start")) this.#power = "running";
      else this.commandsRun++;
      return answer(request, 200);
    }
    if (method === "DELETE") {
      this.#exists = false;
      return answer(request, 204);
    }
    this.#exists = true;
    this.#tags = (JSON.parse(body as string) as { tags?: unknown }).tags;
    return this.#show(request);
  }

  #show(request: PipelineRequest): PipelineResponse {
    if (request.url.includes("/instanceView")) {
      return answer(request, 200, { statuses: [{ code: `PowerState/${this.#power}` }] });
    }
    if (!this.#exists)
      return answer(request, 404, { error: { code: "ResourceNotFound", message: "No such machine." } });
    return answer(request, 200, {
      name: "web-01",
      ...(this.#tags !== undefined && { tags: this.#tags }),
      properties: { provisioningState: "Succeeded" },
    });
  }
}

/** A service that says what was wrong with a request has not done it, whatever the status. */
const saysWhatIsWrong = (diagnosis: Diagnosis | undefined): boolean =>
  diagnosis?.disposition === "permanent" || diagnosis?.disposition === "adaptable";

const isInHeader = (hint: Hint | undefined): boolean => hint !== undefined && hint.in !== "text";

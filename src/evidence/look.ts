/** One look of one source: what it may send, how a response is read, and how a refusal is reported. */
import { jsonOf } from "../lro/json-body.js";
import type { BlobRequest, LookRequest, LookResponse } from "../recovery/evidence.js";
import type { Answer, Found, Query } from "./source.js";
import { textAt } from "./document.js";
import { actionFor, checkAllowed, checkInspection } from "./reads.js";
import { pathOf, scopeOf } from "./subject.js";
import { ThrottledKinds } from "./throttled-kinds.js";

/** The service refused a look, or its response was unusable. */
export class LookRefused extends Error {
  constructor(readonly found: Found) {
    super(found.says);
  }
}

/** If one part of a look is refused, the findings of the others remain. @throws anything but a plain refusal */
export async function orRefusal(part: Promise<readonly Found[]>): Promise<readonly Found[]> {
  try {
    return await part;
  } catch (error) {
    if (error instanceof LookRefused) return [error.found];
    throw error;
  }
}

/** The requests shared by all looks at one failure: the same GET is sent once. */
export class Wire {
  sent = 0;
  readonly throttled = new ThrottledKinds();
  readonly #reads = new Map<string, Promise<LookResponse>>();

  constructor(
    readonly origin: string,
    readonly send: (request: LookRequest) => Promise<LookResponse>,
    readonly readBlob: (request: BlobRequest) => Promise<LookResponse>,
  ) {}

  /** Whether this GET has already been sent for this failure. */
  has({ method, url }: LookRequest): boolean {
    return method === "GET" && this.#reads.has(url);
  }

  request(request: LookRequest): Promise<LookResponse> {
    if (request.method === "POST") return this.#send(request);
    const known = this.#reads.get(request.url) ?? this.#send(request);
    this.#reads.set(request.url, known);
    return known;
  }

  #send(request: LookRequest): Promise<LookResponse> {
    this.sent += 1;
    return this.send(request);
  }
}

/** The read functions of one look, limited to the number of requests that its source has declared. */
export class Reader {
  #left: number;
  readonly #wire: Wire;

  constructor(wire: Wire, requests: number) {
    this.#wire = wire;
    this.#left = requests;
  }

  readonly get = (path: string, query: Query = {}): Promise<Answer> =>
    this.#request({ method: "GET", url: this.#urlOf(path, query) });

  readonly post = (path: string, query: Query, body?: unknown): Promise<Answer> =>
    this.#request({ method: "POST", url: this.#urlOf(path, query), ...(body !== undefined && { body }) });

  /** For VM Inspector alone: its runs, and the polls that follow them. Not counted: they come last, and time bounds them. */
  readonly inspect = async (method: "GET" | "POST", path: string, body?: unknown): Promise<Answer> => {
    const url = this.#urlOf(path, {});
    checkInspection(method, url, this.#wire.origin);
    return this.#ask({ method, url, ...(body !== undefined && { body }) });
  };

  async #request(request: LookRequest): Promise<Answer> {
    checkAllowed(request.method, request.url, this.#wire.origin);
    if (!this.#wire.has(request)) {
      if (this.#wire.throttled.forbids(request)) throw new LookRefused(couldNotLook(throttledReads));
      if (this.#left <= 0) throw new Error("it asked for more requests than its source has declared");
      this.#left -= 1;
    }
    return this.#ask(request);
  }

  async #ask(request: LookRequest): Promise<Answer> {
    const response = await this.#wire.request(request);
    const body = jsonOf(response);
    const { status } = response;
    if ((status >= 200 && status < 300) || status === 404) {
      return { status, body, header: (name) => response.headers.get(name) };
    }
    if (status === 429) this.#wire.throttled.note(request, codeOf(body));
    throw new LookRefused(refusalOf(request, status, body));
  }

  #urlOf(path: string, query: Query): string {
    const url = path.startsWith("/") ? this.#wire.origin + path : path;
    const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    if (pairs.length === 0) return url;
    return `${url}${url.includes("?") ? "&" : "?"}${pairs.join("&")}`;
  }
}

const throttledReads = "the service is throttling such reads";

const codeOf = (body: unknown): string | undefined => textAt(body, "error", "code") ?? textAt(body, "code");

/** What a refused look says. The message of the service stays out: it names people. */
export function refusalOf({ method, url }: LookRequest, status: number, body: unknown): Found {
  const code = codeOf(body);
  const message = textAt(body, "error", "message") ?? textAt(body, "message") ?? "";
  const where = scopeOf(url) ?? pathOf(url);
  if (status === 403) {
    const action = /perform action '([\w.*/-]+)'/i.exec(message)?.[1] ?? actionFor(method, url);
    const needs = action ?? `the right to ${method === "GET" ? "read" : "ask"} ${pathOf(url)}`;
    return couldNotLook(`needs ${needs} on ${where}`, { status, code, action, scope: where });
  }
  const reason =
    code === "ScopeLocked"
      ? "a read-only lock forbids this question too"
      : code === "MissingSubscriptionRegistration"
        ? `the provider ${/providers\/([\w.]+)/i.exec(pathOf(url))?.[1] ?? ""} is not registered, and evidence never registers a provider`
        : status === 429
          ? throttledReads
          : `the service answered ${status}${code === undefined ? "" : ` ${code}`}`;
  return couldNotLook(reason, { status, code });
}

/** A failed look is a finding, so that silence is not mistaken for health. */
export function couldNotLook(why: string, data?: unknown): Found {
  return { says: `could not look: ${why}`, confidence: "none", ...(data !== undefined && { data }) };
}

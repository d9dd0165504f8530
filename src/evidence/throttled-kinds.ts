/**
 * What a 429 forbids: further looks of the same kind, which would spend what the caller lacks. Resource Manager counts reads,
 * writes and deletes apart, whatever they are about; a resource provider counts its own requests. So what Compute has
 * throttled says nothing against a look at the locks.
 */
import { foldName } from "./document.js";
import { parseResourceId } from "./subject.js";

interface Sent {
  readonly method: string;
  readonly url: string;
}

export class ThrottledKinds {
  readonly #kinds = new Set<string>();

  /** @param code of the 429 with which the request was answered */
  note(request: Sent, code: string | undefined): void {
    const provider = providerOf(request);
    this.#kinds.add(provider === undefined || isOfResourceManager(code) ? classOf(request) : provider);
  }

  forbids(request: Sent): boolean {
    const provider = providerOf(request);
    return this.#kinds.has(classOf(request)) || (provider !== undefined && this.#kinds.has(provider));
  }
}

/** Its own limits bear codes of their own; those of providers vary. */
const isOfResourceManager = (code = ""): boolean => /^(?:Subscription|Tenant)RequestsThrottled$/i.test(code);

function classOf({ method }: Sent): "reads" | "writes" | "deletes" {
  if (method === "GET" || method === "HEAD") return "reads";
  return method === "DELETE" ? "deletes" : "writes";
}

function providerOf({ url }: Sent): string | undefined {
  const { namespace } = parseResourceId(url);
  return namespace === undefined ? undefined : foldName(namespace);
}

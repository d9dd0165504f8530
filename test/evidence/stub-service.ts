/** A service that answers looks from a list, and the story of what was asked. */
import { diagnose, type Diagnosis } from "azure-remedy";
import type { EvidenceSource, FailedCall } from "azure-remedy/evidence";
import type { BlobRequest, Evidence, LookRequest, LookResponse, Surroundings } from "../../src/recovery/evidence.js";
import { systemClock, type Clock } from "../../src/time/clock.js";

export const origin = "https://management.azure.com";
export const subscription = "/subscriptions/s-1";
export const group = `${subscription}/resourceGroups/rg`;
export const machine = `${group}/providers/Microsoft.Compute/virtualMachines/web-01`;
export const machineUrl = `${origin}${machine}?api-version=2024-07-01`;

/** A body, or a status with a body. A function may look at the request or never answer. */
export type Reply = object | ((request: LookRequest) => LookResponse | Promise<LookResponse>);

/** By method and the end of the path: `GET virtualMachines/web-01/instanceView`. The first that fits answers. */
export type Replies = Readonly<Record<string, Reply>>;

export interface Looked extends Evidence {
  /** `GET virtualMachines/web-01`, in order. */
  readonly story: readonly string[];
  readonly requests: readonly LookRequest[];
}

export function answer(status: number, body: unknown, headers: Record<string, string> = {}): LookResponse {
  return { status, headers: { get: (name) => headers[name] }, bodyAsText: JSON.stringify(body) };
}

export const forbidden = (action: string): LookResponse =>
  answer(403, {
    error: {
      code: "AuthorizationFailed",
      message: `The client 'ann@example.org' with object id 'o-1' does not have authorization to perform action '${action}' over scope '${group}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    },
  });

export interface Scene {
  readonly error: { code?: string; message?: string } | Diagnosis;
  readonly call?: Partial<FailedCall>;
  readonly replies?: Replies;
  readonly blobs?: (request: BlobRequest) => LookResponse;
  readonly surroundings?: Partial<Surroundings>;
  readonly clock?: Clock;
}

/** Looks around a failure of `PUT virtualMachines/web-01`, unless the scene says otherwise. */
export async function look(sources: readonly EvidenceSource[], scene: Scene): Promise<Looked> {
  const { error, call, replies = {}, blobs, surroundings, clock = systemClock } = scene;
  const diagnosis = "disposition" in error ? error : diagnose({ error }, { now: 0 });
  const requests: LookRequest[] = [];
  const send = (request: LookRequest): LookResponse | Promise<LookResponse> => {
    requests.push(request);
    const reply = replies[keyOf(request, replies)];
    if (reply === undefined) return answer(404, { error: { code: "NotFound", message: "" } });
    if (typeof reply === "function")
      return (reply as (request: LookRequest) => LookResponse | Promise<LookResponse>)(request);
    return answer(200, reply);
  };
  const [first] = sources;
  if (!first) throw new Error("no source");
  const evidence = await first.investigate(
    sources,
    diagnosis,
    { method: "PUT", url: machineUrl, details: { error }, ...call },
    {
      send: async (request) => send(request),
      diagnose: (input) => diagnose(input, { now: 0 }),
      clock,
      ...(blobs && { readBlob: async (request) => Promise.resolve(blobs(request)) }),
      ...surroundings,
    },
  );
  return { ...evidence, requests, story: requests.map(lineOf) };
}

function keyOf(request: LookRequest, replies: Replies): string {
  const [path = ""] = request.url.split("?");
  const keys = Object.keys(replies).filter((key) => {
    const [method = "", end = ""] = key.split(" ");
    return method === request.method && path.toLowerCase().endsWith(`/${end.toLowerCase()}`);
  });
  return keys.sort((a, b) => b.length - a.length)[0] ?? "";
}

function lineOf({ method, url }: LookRequest): string {
  const [path = ""] = url.split("?");
  return `${method} ${path.slice(origin.length)}`;
}

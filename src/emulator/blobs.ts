/** The storage for boot diagnostics: blobs at SAS addresses, which the emulator serves itself. */
import { createHmac, randomBytes, randomUUID } from "node:crypto";
import type { Clock } from "../time/clock.js";
import type { HeaderValues, Reply } from "./wire.js";

/** First segment of their paths, in place of a storage account. */
export const blobAccount = "bootdiagnostics";

interface Blob {
  readonly contentType: string;
  readonly blobType: "AppendBlob" | "PageBlob";
  readonly read: () => Buffer;
}

export class Blobs {
  readonly #blobs = new Map<string, Blob>();
  readonly #key = randomBytes(32);

  constructor(private readonly clock: Clock) {}

  /** Gives the blob a path and signs it for reading. The blob is generated at each request. */
  publish(path: string, blob: Blob, validMs: number): string {
    this.#blobs.set(path, blob);
    const expiry = new Date(this.clock.now() + validMs).toISOString();
    const query = new URLSearchParams({
      sv: "2024-11-04",
      sr: "b",
      sp: "r",
      se: expiry,
      sig: this.#sign(path, expiry),
    });
    return `${path}?${query.toString()}`;
  }

  /** Answers GET and HEAD as Blob Storage does, with one range. */
  serve(path: string, query: URLSearchParams, headers: BlobHeaders): Reply {
    // A token besides a signature is one too many.
    if (headers.authorization !== undefined) {
      return refusal(
        400,
        "InvalidAuthenticationInfo",
        "Authentication information is not given in the correct format.",
      );
    }
    const expiry = query.get("se") ?? "";
    const isSigned = query.get("sig") === this.#sign(path, expiry);
    if (!isSigned || !(Date.parse(expiry) > this.clock.now())) {
      return refusal(403, "AuthenticationFailed", "Server failed to authenticate the request.");
    }
    const blob = this.#blobs.get(path);
    if (!blob) return refusal(404, "BlobNotFound", "The specified blob does not exist.");
    const whole = blob.read();
    const range = rangeOf(headers.range, whole.length);
    if (range === "unsatisfiable") {
      return refusal(416, "InvalidRange", "The range specified is invalid for the current size of the resource.");
    }
    const { from, to } = range ?? { from: 0, to: whole.length - 1 };
    return {
      status: range ? 206 : 200,
      headers: {
        ...blobHeaders(),
        "accept-ranges": "bytes",
        "x-ms-blob-type": blob.blobType,
        ...(range && { "content-range": `bytes ${from}-${to}/${whole.length}` }),
      },
      page: { contentType: blob.contentType, content: whole.subarray(from, to + 1) },
    };
  }

  #sign(path: string, expiry: string): string {
    return createHmac("sha256", this.#key).update(`${path}\n${expiry}`).digest("base64");
  }
}

export interface BlobHeaders {
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

/** Blob Storage accepts `bytes=from-to` and `bytes=from-`, and ignores anything else, including suffix ranges. */
function rangeOf(text: string | undefined, length: number): { from: number; to: number } | "unsatisfiable" | undefined {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(text ?? "") ?? [];
  if (first === undefined) return undefined;
  const from = Number(first);
  const to = last ? Math.min(Number(last), length - 1) : length - 1;
  return from < length && from <= to ? { from, to } : "unsatisfiable";
}

function refusal(status: number, code: string, message: string): Reply {
  const content = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return {
    status,
    headers: { ...blobHeaders(), "x-ms-error-code": code },
    page: { contentType: "application/xml", content },
  };
}

function blobHeaders(): HeaderValues {
  return { "x-ms-request-id": randomUUID(), "x-ms-version": "2024-11-04", server: "Windows-Azure-Blob/1.0" };
}

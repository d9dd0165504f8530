/** A vault and a blob container behind a wire: what they hold, and how they answer. */
import type { PipelineRequest } from "@azure/core-rest-pipeline";

export interface PlainAnswer {
  readonly status: number;
  readonly body?: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** It changed something. */
  readonly executed?: boolean;
}

const json = "application/json; charset=utf-8";

export class Vault {
  /** The current version of the secret; nothing when it was deleted. */
  #version: number | undefined = 1;
  #deletedAt: number | undefined;

  /** @param purgeMs milliseconds after which a deleted secret is listed as deleted */
  constructor(readonly purgeMs: number) {}

  answer(request: PipelineRequest, now: number): PlainAnswer {
    if (!request.headers.get("authorization")) return challenge;
    const { method, url } = request;
    if (url.includes("/deletedsecrets/")) {
      const isListed = this.#deletedAt !== undefined && now >= this.#deletedAt + this.purgeMs;
      return isListed ? ok({ ...this.#bundle(), recoveryId: "https://v.vault.azure.net/deletedsecrets/s" }) : missing;
    }
    if (method === "PUT") {
      this.#version = (this.#version ?? 0) + 1;
      return { ...ok(this.#bundle()), executed: true };
    }
    if (this.#version === undefined) return missing;
    if (method === "DELETE") {
      this.#version = undefined;
      this.#deletedAt = now;
      return { ...ok({ ...this.#bundle(), recoveryId: "https://v.vault.azure.net/deletedsecrets/s" }), executed: true };
    }
    if (url.includes("/secrets?")) return ok({ value: [this.#bundle()], nextLink: null });
    return ok(this.#bundle());
  }

  get isDeleted(): boolean {
    return this.#version === undefined;
  }

  #bundle(): object {
    return { id: "https://v.vault.azure.net/secrets/s/1", value: "hidden", attributes: { enabled: true } };
  }
}

const ok = (body: object): PlainAnswer => ({ status: 200, body: JSON.stringify(body), contentType: json });
const missing: PlainAnswer = {
  status: 404,
  body: JSON.stringify({ error: { code: "SecretNotFound", message: "A secret with that name was not found." } }),
  contentType: json,
};
/** The first answer of every vault, by design: it says whom to ask for a token. */
const challenge: PlainAnswer = {
  status: 401,
  body: JSON.stringify({ error: { code: "Unauthorized", message: "AKV10000: Request is missing a Bearer token." } }),
  contentType: json,
  headers: {
    "www-authenticate":
      'Bearer authorization="https://login.microsoftonline.com/tenant", resource="https://vault.azure.net"',
  },
};

export class Blobs {
  #exists: boolean;
  /** Blocks in the order in which they were appended. */
  blocks = 0;

  constructor(exists: boolean) {
    this.#exists = exists;
  }

  get exists(): boolean {
    return this.#exists;
  }

  answer({ method, url }: PipelineRequest): PlainAnswer {
    if (url.includes("comp=list")) return { status: 200, body: listing, contentType: "application/xml" };
    if (method === "PUT") {
      if (url.includes("comp=appendblock")) {
        if (!this.#exists) return blobMissing;
        this.blocks += 1;
        return {
          status: 201,
          headers: { ...properties, "x-ms-blob-append-offset": String(this.blocks) },
          executed: true,
        };
      }
      this.#exists = true;
      return { status: 201, headers: properties, executed: true };
    }
    if (!this.#exists) return blobMissing;
    if (method === "DELETE") {
      this.#exists = false;
      return { status: 202, executed: true };
    }
    if (method === "HEAD") return { status: 200, headers: properties };
    return {
      status: 200,
      body: "content",
      contentType: "text/plain",
      headers: { ...properties, "content-length": "7" },
    };
  }
}

const properties = { etag: '"0x1"', "last-modified": "Mon, 05 Jan 2026 08:00:00 GMT" };
const blobMissing: PlainAnswer = {
  status: 404,
  body: '<?xml version="1.0" encoding="utf-8"?><Error><Code>BlobNotFound</Code><Message>The specified blob does not exist.</Message></Error>',
  contentType: "application/xml",
  headers: { "x-ms-error-code": "BlobNotFound" },
};
const listing =
  '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="c"><Blobs><Blob><Name>b</Name><Properties><Etag>0x1</Etag></Properties></Blob></Blobs><NextMarker /></EnumerationResults>';

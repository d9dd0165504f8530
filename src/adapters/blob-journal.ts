/**
 * A journal in an append blob, since a Function App has no disk that outlives it. A lease keeps it to one run at a
 * time.
 */
import { checkMs } from "../option-check.js";
import { JournalInUseError, type JournalStore, type OpenJournal } from "../fleet/journal/store.js";

/** The part of `AppendBlobClient` of `@azure/storage-blob` that is used. */
export interface AppendBlob {
  readonly url: string;
  create(options?: { conditions?: { leaseId?: string } }): Promise<unknown>;
  createIfNotExists(): Promise<unknown>;
  downloadToBuffer(): Promise<Uint8Array>;
  appendBlock(body: string, contentLength: number, options?: { conditions?: { leaseId?: string } }): Promise<unknown>;
  getBlobLeaseClient(): BlobLease;
}

/** The part of `BlobLeaseClient` that is used. */
export interface BlobLease {
  readonly leaseId: string;
  acquireLease(seconds: number): Promise<unknown>;
  renewLease(): Promise<unknown>;
  releaseLease(): Promise<unknown>;
}

export interface BlobJournalOptions {
  /**
   * Milliseconds to wait for another run to end; a shorter wait than the default does not outlast the lease of a killed
   * process. Default 40000.
   */
  readonly waitMs?: number;
}

const leaseSeconds = 30;
const renewMs = 10_000;
const lookMs = 2_000;

/**
 * The journal in a blob, for `runFleet(…, { journal })`. A missing blob is created.
 * @throws RangeError that names a bad option; JournalInUseError from `open()` if another run writes it
 */
export function blobJournal(blob: AppendBlob, { waitMs = 40_000 }: BlobJournalOptions = {}): JournalStore {
  checkMs("waitMs", waitMs);
  return { open: () => openBlob(blob, waitMs) };
}

async function openBlob(blob: AppendBlob, waitMs: number): Promise<OpenJournal> {
  await blob.createIfNotExists();
  const lease = blob.getBlobLeaseClient();
  await acquire(lease, blob.url, waitMs);
  const renewal = setInterval(() => {
    // A lost lease makes the next write fail, which ends the run.
    lease.renewLease().catch(() => undefined);
  }, renewMs);
  renewal.unref();
  const close = async (): Promise<void> => {
    clearInterval(renewal);
    await lease.releaseLease();
  };
  try {
    return new BlobJournal(blob, lease.leaseId, linesOf(await blob.downloadToBuffer()), close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function acquire(lease: BlobLease, where: string, waitMs: number): Promise<void> {
  for (const endsAt = Date.now() + waitMs; ;) {
    try {
      await lease.acquireLease(leaseSeconds);
      return;
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode !== 409) throw error;
      if (Date.now() + lookMs > endsAt) throw new JournalInUseError(new URL(where).pathname);
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
  }
}

const linesOf = (content: Uint8Array): string[] => new TextDecoder().decode(content).split("\n").filter(Boolean);

class BlobJournal implements OpenJournal {
  /** Lines that wait for the current write; one block takes them all. */
  #waiting: string[] = [];
  #writing: Promise<void> = Promise.resolve();
  readonly #conditions: { leaseId: string };

  constructor(
    private readonly blob: AppendBlob,
    leaseId: string,
    readonly lines: readonly string[],
    private readonly release: () => Promise<void>,
  ) {
    this.#conditions = { leaseId };
  }

  append(lines: readonly string[]): Promise<void> {
    this.#waiting.push(...lines);
    return (this.#writing = this.#writing.then(() => this.#write()));
  }

  async rewrite(lines: readonly string[]): Promise<void> {
    await this.#writing;
    await this.blob.create({ conditions: this.#conditions });
    await this.append(lines);
  }

  async close(): Promise<void> {
    try {
      await this.#writing;
    } finally {
      await this.release();
    }
  }

  async #write(): Promise<void> {
    const text = this.#waiting.map((line) => `${line}\n`).join("");
    if (text === "") return;
    this.#waiting = [];
    await this.blob.appendBlock(text, new TextEncoder().encode(text).byteLength, { conditions: this.#conditions });
  }
}

/**
 * A journal in a file of JSON lines, for one run at a time. Only its owner can read it: it holds operation URLs, which
 * are signed.
 */
import { constants } from "node:fs";
import { mkdir, open, rename, type FileHandle } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { lock } from "proper-lockfile";
import { checkMs } from "../../option-check.js";
import { JournalInUseError, type JournalStore, type OpenJournal } from "./store.js";

/** Milliseconds without an update after which a lock counts as left behind by a dead process. */
const staleLockMs = 5_000;
/** How often to check a locked journal. */
const lookMs = 1_000;
const ownerOnly = 0o600;

export interface FileJournalOptions {
  /**
   * Milliseconds to wait for another run to end; a shorter wait than the default does not outlast the lock of a killed
   * process. Default 8000.
   */
  readonly waitMs?: number;
}

/**
 * The journal at a path; a missing folder is created.
 * @throws RangeError that names a bad option; JournalInUseError from `open()` if another run writes it
 */
export function fileJournal(path: string, { waitMs = 8_000 }: FileJournalOptions = {}): JournalStore {
  checkMs("waitMs", waitMs);
  // The folder of the process may change while a run goes on.
  const absolute = resolve(path);
  return { open: () => openFile(absolute, waitMs) };
}

async function openFile(path: string, waitMs: number): Promise<OpenJournal> {
  await mkdir(dirname(path), { recursive: true });
  const held = await lockFile(path, waitMs);
  try {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, ownerOnly);
    await file.chmod(ownerOnly);
    return new JournalFile(path, file, await readWholeLines(file), held);
  } catch (error) {
    await held.release();
    throw error;
  }
}

/** A lock that is held, until it is released or taken away. */
interface HeldLock {
  readonly release: () => Promise<void>;
  readonly isLost: () => boolean;
}

/**
 * A process with nothing left to do ends, whatever it still awaits: by Node's own rule with exit code 13, but with 0 while
 * proper-lockfile waits to remove its locks. A run that is not over is no success.
 */
function failIfLeft(): { end(): void } {
  // One listener for all journals: Node takes more than ten for a leak.
  if (heldJournals++ === 0) process.on("beforeExit", onLeft);
  return {
    end: () => {
      if (--heldJournals === 0) process.off("beforeExit", onLeft);
    },
  };
}

let heldJournals = 0;

function onLeft(): void {
  process.exitCode ??= 13;
}

async function lockFile(path: string, waitMs: number): Promise<HeldLock> {
  let isLost = false;
  const watched = failIfLeft();
  try {
    const release = await lock(path, {
      realpath: false,
      stale: staleLockMs,
      update: staleLockMs / 4,
      retries: { retries: Math.ceil(waitMs / lookMs), factor: 1, minTimeout: lookMs, maxTimeout: lookMs },
      // A process that stood still for long may find that another has the journal now. By default that would end it.
      onCompromised: () => {
        isLost = true;
      },
    });
    return {
      release: () => {
        watched.end();
        return isLost ? Promise.resolve() : release();
      },
      isLost: () => isLost,
    };
  } catch (error) {
    watched.end();
    if ((error as { code?: unknown }).code === "ELOCKED") throw new JournalInUseError(path);
    throw error;
  }
}

/** A crash may have cut the last line. It is dropped, since nothing relied on it. */
async function readWholeLines(file: FileHandle): Promise<string[]> {
  const text = await file.readFile("utf8");
  const end = text.lastIndexOf("\n") + 1;
  if (end < text.length) await file.truncate(Buffer.byteLength(text.slice(0, end)));
  return text.slice(0, end).split("\n").filter(Boolean);
}

class JournalFile implements OpenJournal {
  /** Lines that wait for the current write; one flush serves them all. */
  #waiting: string[] = [];
  #flush: Promise<void> | undefined;

  constructor(
    readonly path: string,
    private file: FileHandle,
    readonly lines: readonly string[],
    private readonly lock: HeldLock,
  ) {}

  append(lines: readonly string[]): Promise<void> {
    this.#waiting.push(...lines);
    const before = this.#flush ?? Promise.resolve();
    return (this.#flush = before.then(() => this.#write()));
  }

  async rewrite(lines: readonly string[]): Promise<void> {
    await this.#flush;
    if (this.lock.isLost()) throw new JournalInUseError(this.path);
    const fresh = await open(`${this.path}.new`, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC, ownerOnly);
    await fresh.writeFile(inLines(lines));
    await fresh.datasync();
    await fresh.close();
    await this.file.close();
    await rename(`${this.path}.new`, this.path);
    this.file = await open(this.path, constants.O_RDWR | constants.O_APPEND, ownerOnly);
  }

  async close(): Promise<void> {
    try {
      await this.#flush;
    } finally {
      await this.file.close();
      await this.lock.release();
    }
  }

  async #write(): Promise<void> {
    const lines = this.#waiting;
    if (lines.length === 0) return;
    this.#waiting = [];
    if (this.lock.isLost()) throw new JournalInUseError(this.path);
    await this.file.appendFile(inLines(lines));
    await this.file.datasync();
  }
}

const inLines = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

/** Where a journal is kept. A path is a file of JSON lines; anything else that keeps lines in order can be a store. */

/** A place for the lines of a journal, for example an append blob. */
export interface JournalStore {
  /**
   * Claims the journal for one run.
   * @throws JournalInUseError if another run writes it
   */
  open(): Promise<OpenJournal>;
}

/** A journal that one run writes. */
export interface OpenJournal {
  /** The lines written before, oldest first. */
  readonly lines: readonly string[];
  /** Resolves once the lines survive a crash of the process and the machine. */
  append(lines: readonly string[]): Promise<void>;
  /** Replaces all lines; used to drop runs that are no longer needed. */
  rewrite(lines: readonly string[]): Promise<void>;
  /** Releases the journal to other runs. */
  close(): Promise<void>;
}

/** Two runs cannot write one journal at the same time. */
export class JournalInUseError extends Error {
  override readonly name = "JournalInUseError";
  constructor(where: string) {
    super(
      `azure-remedy: the journal ${where} is in use by another run. Wait until it has ended, or use another journal for this run.`,
    );
  }
}

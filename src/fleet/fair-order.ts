/**
 * Decides which item is next. Subscriptions take turns, since each has its own limits; otherwise one with thousands of
 * machines would keep the others waiting while their limits lie idle. Within a subscription, the order is that of the
 * source.
 */

/** A source of items: a list, a generator, a pager of the SDK. */
export type ItemSource<Item> = Iterable<Item> | AsyncIterable<Item>;

/** How many items to read ahead from a source that is not a list. */
const readAhead = 1_000;

export interface Entry<Item> {
  readonly item: Item;
  readonly key: string;
  /** The items of one subscription have the same; all that name none share one. */
  readonly turn: string;
}

function entryOf<Item>(item: Item, key: string): Entry<Item> {
  const id = (item as { id?: unknown } | null | undefined)?.id;
  return { item, key, turn: subscriptionIn(key) ?? (typeof id === "string" ? subscriptionIn(id) : undefined) ?? "" };
}

const subscriptionIn = (id: string): string | undefined =>
  /\/subscriptions\/([^/?]{1,64})/i.exec(id)?.[1]?.toLowerCase();

/** The entries of one subscription, first in, first out. */
class Line<Item> {
  readonly #entries: Entry<Item>[] = [];
  #taken = 0;

  get isEmpty(): boolean {
    return this.#taken === this.#entries.length;
  }

  push(entry: Entry<Item>): void {
    this.#entries.push(entry);
  }

  take(): Entry<Item> | undefined {
    const entry = this.#entries[this.#taken];
    if (entry) this.#taken += 1;
    // Not each time: a list of a hundred thousand would be moved for every entry that leaves it.
    if (this.#taken > readAhead) {
      this.#entries.splice(0, this.#taken);
      this.#taken = 0;
    }
    return entry;
  }
}

/** The items of a source in fair order. A list is known at once; other sources are partly read ahead. */
export class FairOrder<Item> {
  readonly #lines = new Map<string, Line<Item>>();
  readonly #keyOf: (item: Item) => string;
  readonly #onChange: () => void;
  /** Absent for a list. */
  readonly #iterator: Iterator<Item> | AsyncIterator<Item> | undefined;
  #known = 0;
  #waiting = 0;
  #isReading = false;
  #isRead = false;
  #isClosed = false;
  #fault: { readonly error: unknown } | undefined;

  /** @param onChange something was read, or the source has ended */
  constructor(source: ItemSource<Item>, keyOf: (item: Item) => string, onChange: () => void) {
    this.#keyOf = keyOf;
    this.#onChange = onChange;
    if (Array.isArray(source)) this.#readList(source as Item[]);
    else this.#iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** Items that were read. */
  get known(): number {
    return this.#known;
  }

  /** Whether all has been read and given. */
  get isOver(): boolean {
    return this.#isRead && this.#waiting === 0;
  }

  /** Whether everything is known before the first is taken. */
  get isList(): boolean {
    return this.#iterator === undefined;
  }

  /** What the source threw, or the function that names its items. */
  get fault(): { readonly error: unknown } | undefined {
    return this.#fault;
  }

  /** The next item of a subscription that may start one; that subscription goes to the end of the line. */
  take(mayStart: (turn: string) => boolean): Entry<Item> | undefined {
    void this.#read();
    for (const [turn, line] of this.#lines) {
      if (!mayStart(turn)) continue;
      this.#lines.delete(turn);
      const entry = line.take();
      if (!line.isEmpty) this.#lines.set(turn, line);
      if (entry) this.#waiting -= 1;
      return entry;
    }
    return undefined;
  }

  /** What has been read and not been given; nothing more is read. */
  drain(): Entry<Item>[] {
    if (!this.#isRead) this.#close();
    const left: Entry<Item>[] = [];
    for (let entry = this.take(() => true); entry; entry = this.take(() => true)) left.push(entry);
    return left;
  }

  #readList(items: readonly Item[]): void {
    for (const item of items) {
      try {
        this.#add(item);
      } catch (error) {
        this.#fault ??= { error };
      }
    }
    this.#isRead = true;
  }

  async #read(): Promise<void> {
    if (this.#isReading || this.#isRead || !this.#iterator) return;
    this.#isReading = true;
    try {
      while (!this.#isRead && this.#waiting < readAhead) {
        const step = await this.#iterator.next();
        if (this.#isClosed) return;
        if (step.done === true) this.#isRead = true;
        else this.#add(step.value);
        this.#onChange();
      }
    } catch (error) {
      this.#fault ??= { error };
      this.#isRead = true;
      this.#onChange();
    } finally {
      this.#isReading = false;
    }
  }

  #add(item: Item): void {
    const entry = entryOf(item, this.#keyOf(item));
    const line = this.#lines.get(entry.turn);
    if (line) line.push(entry);
    else {
      const fresh = new Line<Item>();
      fresh.push(entry);
      this.#lines.set(entry.turn, fresh);
    }
    this.#known += 1;
    this.#waiting += 1;
  }

  /** Not waited for: a source that hangs, or cannot be closed, changes nothing about a run that is over. */
  #close(): void {
    this.#isRead = true;
    this.#isClosed = true;
    const closing = async (): Promise<unknown> => this.#iterator?.return?.();
    closing().catch(() => undefined);
  }
}

/**
 * Which item is next: the subscriptions take turns, since each has limits of its own, and one with thousands of machines
 * would otherwise keep the others waiting while their limits lie idle. Within a subscription the order is that of the source.
 */

/** Anything that gives items one after another: a list, a generator, a pager of the SDK. */
export type ItemSource<Item> = Iterable<Item> | AsyncIterable<Item>;

/** How many items of a source that is not a list are read before they are needed. */
const readAhead = 1_000;

/** An item with its name. */
export interface Entry<Item> {
  readonly item: Item;
  readonly key: string;
}

/** The part of a key that its turn goes by: the subscription of an ARM id; all other keys share one turn. */
export function turnOf(key: string): string {
  return /\/subscriptions\/([^/?]{1,64})/i.exec(key)?.[1]?.toLowerCase() ?? "";
}

/** A queue whose groups take turns. */
export class FairQueue<Item> {
  readonly #groups = new Map<string, Entry<Item>[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(entry: Entry<Item>): void {
    const turn = turnOf(entry.key);
    const group = this.#groups.get(turn);
    if (group) group.push(entry);
    else this.#groups.set(turn, [entry]);
    this.#size += 1;
  }

  /** The next entry; its group goes to the end of the line. */
  take(): Entry<Item> | undefined {
    const first = this.#groups.entries().next();
    if (first.done) return undefined;
    const [turn, group] = first.value;
    const entry = group.shift();
    this.#groups.delete(turn);
    if (group.length > 0) this.#groups.set(turn, group);
    this.#size -= 1;
    return entry;
  }
}

/** The items of a source in fair order. A list is known whole at once; of anything else a part is read ahead. */
export class FairOrder<Item> {
  readonly #queue = new FairQueue<Item>();
  readonly #iterator: Iterator<Item> | AsyncIterator<Item>;
  readonly #keyOf: (item: Item) => string;
  readonly #most: number;
  #reading: Promise<void> | undefined;
  #isRead = false;
  #fault: { error: unknown } | undefined;

  constructor(source: ItemSource<Item>, keyOf: (item: Item) => string) {
    this.#keyOf = keyOf;
    this.#most = Array.isArray(source) ? Infinity : readAhead;
    this.#iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** Items that were read and not given. */
  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * The next item, or nothing at the end.
   * @throws what the source throws, after the items before it were given
   */
  async next(): Promise<Entry<Item> | undefined> {
    void this.#read();
    while (this.#queue.size === 0 && !this.#isRead) await this.#read();
    if (this.#queue.size === 0 && this.#fault) throw this.#fault.error;
    return this.#queue.take();
  }

  /** What has been read and not been given; nothing more is read. */
  async drain(): Promise<Entry<Item>[]> {
    if (this.#most === Infinity) while (!this.#isRead) await this.#read();
    else if (!this.#isRead) await this.#close();
    const left: Entry<Item>[] = [];
    for (let entry = this.#queue.take(); entry; entry = this.#queue.take()) left.push(entry);
    return left;
  }

  #read(): Promise<void> {
    return (this.#reading ??= this.#readSome().finally(() => {
      this.#reading = undefined;
    }));
  }

  /** Reads until enough is there, at least one when nothing is. */
  async #readSome(): Promise<void> {
    try {
      while (!this.#isRead && this.#queue.size < this.#most) {
        const step = await this.#iterator.next();
        if (step.done === true) this.#isRead = true;
        else this.#queue.push({ item: step.value, key: this.#keyOf(step.value) });
      }
    } catch (error) {
      this.#fault = { error };
      this.#isRead = true;
    }
  }

  async #close(): Promise<void> {
    this.#isRead = true;
    try {
      await this.#iterator.return?.();
    } catch {
      // The run is over; a source that cannot be closed changes nothing about it.
    }
  }
}

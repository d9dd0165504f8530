/**
 * A bounded map of what was used recently, which never forgets much at once. It has two generations: when the younger
 * is full, the older is dropped and they swap; what is used again moves to the younger one.
 */
export class RecentMap<Key, Value> {
  #younger = new Map<Key, Value>();
  #older = new Map<Key, Value>();

  /** @param size entries per generation: at least this many of the latest are kept, and at most twice as many */
  constructor(private readonly size: number) {}

  get(key: Key): Value | undefined {
    const value = this.#younger.get(key);
    if (value !== undefined) return value;
    const old = this.#older.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: Key, value: Value): void {
    if (this.#younger.size >= this.size) {
      this.#older = this.#younger;
      this.#younger = new Map();
    }
    this.#younger.set(key, value);
  }
}

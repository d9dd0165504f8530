/**
 * A map that remembers what was used recently, within a bound, and never forgets much at once. It has two generations: when
 * the younger one is full, the older one is dropped and they change places; what is used again moves to the younger one.
 */
export class RecentMap<Key, Value> {
  #younger = new Map<Key, Value>();
  #older = new Map<Key, Value>();

  /** @param size entries of one generation: at least so many of the latest are remembered, and at most twice as many */
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

/**
 * Responses that stay valid for a while. A cache belongs to one source object, so that only users of that source share
 * it; failures are not kept.
 */
export class ReadCache<Value> {
  readonly #ttlMs: number;
  readonly #entries = new Map<string, { readonly until: number; readonly value: Value }>();

  /** @param ttlMs milliseconds for which a response is used */
  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  /** @param now epoch milliseconds */
  async get(key: string, now: number, read: () => Promise<Value>): Promise<Value> {
    const known = this.#entries.get(key);
    if (known && known.until > now) return known.value;
    const value = await read();
    this.#entries.delete(key);
    // A process that serves many tenants must not grow with their subscriptions and regions.
    if (this.#entries.size >= mostEntries) this.#entries.delete(this.#entries.keys().next().value ?? "");
    this.#entries.set(key, { until: now + this.#ttlMs, value });
    return value;
  }
}

const mostEntries = 32;

/**
 * The circuit breaker: after many platform failures of one host in a row, only single probes are sent. cockatiel counts
 * and keeps the state. Nothing fails because of the circuit alone: a call that meets an open circuit waits for the next
 * probe within its own budget.
 */
import type { CircuitBreakerPolicy } from "cockatiel";
import type { Clock } from "../time/clock.js";
import { loadCockatiel, type Cockatiel } from "./cockatiel.js";

/** What a send says about its host. A call that its caller aborted, or gave too little time, says nothing. */
export type HostHealth = "healthy" | "outage" | "unknown";

export class CircuitBreakers {
  readonly #failures: number;
  readonly #clock: Clock;
  /** Milliseconds to wait before the next probe of an open circuit. */
  readonly probeAfterMs: number;
  /** Hosts that failed and have not recovered since. If nothing failed, a success need not be counted. */
  readonly #suspects = new Map<string, Circuit>();

  readonly #onChange: (host: string, state: "open" | "closed") => void;

  /** @param onChange called when a host's circuit opens, and when a probe has closed it again */
  constructor(
    { failures, probeAfterMs }: { readonly failures: number; readonly probeAfterMs: number },
    clock: Clock,
    onChange: (host: string, state: "open" | "closed") => void,
  ) {
    this.#failures = failures;
    this.#clock = clock;
    this.probeAfterMs = probeAfterMs;
    this.#onChange = onChange;
  }

  /** True while every host is healthy: a clean call pays nothing for the breaker. */
  get quiet(): boolean {
    return this.#suspects.size === 0;
  }

  /**
   * Runs `send` through the host's circuit; `healthOf` says what its result shows about the host. Returns undefined if
   * the circuit is open: then nothing was sent.
   */
  async run<T>(host: string, send: () => Promise<T>, healthOf: (result: T) => HostHealth): Promise<T | undefined> {
    const circuit = this.#suspects.get(host);
    // A clock that was set back would keep it open until the time comes again.
    if (circuit?.isOfTheFuture(this.#clock.now())) this.#forgive(host);
    else if (circuit && !circuit.isClosed) return this.#probe(host, circuit, send, healthOf);
    const result = await send();
    await this.count(host, healthOf(result));
    return result;
  }

  async #probe<T>(
    host: string,
    circuit: Circuit,
    send: () => Promise<T>,
    healthOf: (result: T) => HostHealth,
  ): Promise<T | undefined> {
    if (!circuit.isProbeDue(this.#clock.now(), this.probeAfterMs)) return undefined;
    let sent: { readonly result: T; readonly health: HostHealth } | undefined;
    let refusal: { readonly error: unknown } | undefined;
    await circuit.policy
      .execute(async () => {
        try {
          const result = await send();
          sent = { result, health: healthOf(result) };
          return sent.health;
        } catch (error) {
          refusal = { error };
          return "unknown";
        }
      })
      .catch((error: unknown) => {
        // The system's clock went backwards, so cockatiel thinks it opened in the future.
        if (!circuit.isRefusal(error)) throw error;
      });
    if (refusal) throw refusal.error;
    if (sent?.health === "healthy") this.#forgive(host);
    return sent?.result;
  }

  /** Counts what a directly sent request says about its host. */
  async count(host: string, health: HostHealth): Promise<void> {
    if (health === "healthy") this.#forgive(host);
    if (health !== "outage") return;
    const library = await loadCockatiel();
    const circuit = this.#suspects.get(host) ?? new Circuit(library, this.#failures, this.#clock);
    this.#suspects.set(host, circuit);
    if (circuit.hasOpened()) return;
    await circuit.policy.execute(() => health);
    if (circuit.hasOpened()) this.#onChange(host, "open");
  }

  #forgive(host: string): void {
    const circuit = this.#suspects.get(host);
    if (!circuit) return;
    this.#suspects.delete(host);
    if (circuit.hasOpened()) this.#onChange(host, "closed");
  }
}

/**
 * One host's circuit. Our clock decides when the next probe may go, since cockatiel reads the system's own. While a
 * probe is in flight the circuit counts as open, since cockatiel's wait for it cannot be aborted.
 */
class Circuit {
  readonly policy: CircuitBreakerPolicy;
  readonly #library: Cockatiel;
  #openedAt: number | undefined;

  constructor(library: Cockatiel, failures: number, clock: Clock) {
    this.#library = library;
    const { circuitBreaker, ConsecutiveBreaker, handleWhenResult } = library;
    this.policy = circuitBreaker(
      handleWhenResult((health) => health !== ("healthy" satisfies HostHealth)),
      { halfOpenAfter: 0, breaker: new ConsecutiveBreaker(failures) },
    );
    this.policy.onBreak(() => {
      this.#openedAt = clock.now();
    });
  }

  hasOpened(): boolean {
    return this.#openedAt !== undefined;
  }

  get isClosed(): boolean {
    return this.policy.state === this.#library.CircuitState.Closed;
  }

  isRefusal(error: unknown): boolean {
    return error instanceof this.#library.BrokenCircuitError;
  }

  isOfTheFuture(now: number): boolean {
    return this.#openedAt !== undefined && now < this.#openedAt;
  }

  isProbeDue(now: number, probeAfterMs: number): boolean {
    return this.policy.state === this.#library.CircuitState.Open && now - (this.#openedAt ?? 0) >= probeAfterMs;
  }
}

/** The host of an absolute URL. */
export function hostOf(url: string): string {
  const start = url.indexOf("://") + 3;
  const end = url.indexOf("/", start);
  return end < 0 ? url.slice(start) : url.slice(start, end);
}

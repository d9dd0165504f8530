/**
 * The circuit breaker: after many platform failures in a row of one host, single probes go out instead of everybody.
 * cockatiel runs it. Nothing fails because of it alone: a call that meets an open circuit waits for the next probe
 * within its own budget.
 */
import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhenResult,
  type CircuitBreakerPolicy,
} from "cockatiel";

export class Breakers {
  readonly #failures: number;
  /** Milliseconds to wait before the next probe of an open circuit. */
  readonly probeAfterMs: number;
  /** Hosts that failed and have not answered well since. A success needs no counting where nothing failed. */
  readonly #suspects = new Map<string, CircuitBreakerPolicy>();

  constructor({ failures, probeAfterMs }: { readonly failures: number; readonly probeAfterMs: number }) {
    this.#failures = failures;
    this.probeAfterMs = probeAfterMs;
  }

  /** True while every host answers: a clean call pays nothing for the breaker. */
  get quiet(): boolean {
    return this.#suspects.size === 0;
  }

  /**
   * Runs `send` through the host's circuit; `isOutage` says which results are platform failures.
   * Gives nothing when the circuit is open: then nothing was sent.
   */
  async run<T>(host: string, send: () => Promise<T>, isOutage: (result: T) => boolean): Promise<T | undefined> {
    const circuit = this.#suspects.get(host);
    if (!circuit) return this.#sendUnsuspected(host, send, isOutage);
    // A half-open circuit makes others wait for its probe, and that wait cannot be aborted: to us it is open.
    if (circuit.state === CircuitState.HalfOpen) return undefined;
    let sent: { result: T } | undefined;
    try {
      await circuit.execute(async () => {
        sent = { result: await send() };
        return isOutage(sent.result);
      });
    } catch (error) {
      if (error instanceof BrokenCircuitError) return undefined;
      throw error;
    }
    if (sent && !isOutage(sent.result)) this.#suspects.delete(host);
    return sent?.result;
  }

  async #sendUnsuspected<T>(host: string, send: () => Promise<T>, isOutage: (result: T) => boolean): Promise<T> {
    const result = await send();
    if (isOutage(result)) await this.countFailure(host);
    return result;
  }

  /** Counts a platform failure of a call that went out directly. */
  async countFailure(host: string): Promise<void> {
    const circuit = this.#suspects.get(host) ?? this.#newCircuit();
    this.#suspects.set(host, circuit);
    if (circuit.state === CircuitState.Closed) await circuit.execute(() => true);
  }

  #newCircuit(): CircuitBreakerPolicy {
    return circuitBreaker(
      handleWhenResult((isOutage) => isOutage === true),
      { halfOpenAfter: this.probeAfterMs, breaker: new ConsecutiveBreaker(this.#failures) },
    );
  }
}

/** The host of an absolute URL. */
export function hostOf(url: string): string {
  const start = url.indexOf("://") + 3;
  const end = url.indexOf("/", start);
  return end < 0 ? url.slice(start) : url.slice(start, end);
}

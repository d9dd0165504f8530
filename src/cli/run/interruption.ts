/**
 * Signals while a command runs or waits. They are passed on to the command and end a wait at once; nothing is started
 * after one.
 */
import type { Clock } from "../../time/clock.js";

const passedOn = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export class Interruption {
  readonly #controller = new AbortController();
  #signal: NodeJS.Signals | undefined;
  #pass: ((signal: NodeJS.Signals) => void) | undefined;
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.#signal = signal;
    this.#controller.abort();
    if (!isFromTerminal(signal)) this.#pass?.(signal);
  };

  constructor() {
    for (const signal of passedOn) process.on(signal, this.#onSignal);
  }

  get hasCome(): boolean {
    return this.#signal !== undefined;
  }

  /** Waits; returns the signal that ended it early. */
  async wait(ms: number, clock: Clock): Promise<NodeJS.Signals | undefined> {
    await clock.sleep(ms, this.#controller.signal).catch(() => undefined);
    return this.#signal;
  }

  /** Sets the receiver of later signals. */
  passTo(pass: ((signal: NodeJS.Signals) => void) | undefined): void {
    this.#pass = pass;
  }

  dispose(): void {
    for (const signal of passedOn) process.off(signal, this.#onSignal);
  }
}

/**
 * Ctrl-C on a terminal reaches the command itself, which is in the same process group. If we passed it on, it would
 * arrive twice, and terraform takes the second for "stop at once and leave the state as it is".
 */
function isFromTerminal(signal: NodeJS.Signals): boolean {
  return signal === "SIGINT" && (process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY);
}

/**
 * Lets time pass faster in this process: import it before anything else. Every process that is started with the same
 * environment has the same time, so that locks and deadlines hold between them. Sockets and disks stay as fast as they are.
 */
const speed = Number(process.env["TIME_SPEED"] ?? 1);
const since = Number(process.env["TIME_SINCE"] ?? 0);

const RealDate = Date;
const now = (): number => Math.round(since + (RealDate.now() - since) * speed);

globalThis.Date = class extends RealDate {
  constructor(...parts: readonly unknown[]) {
    super(...((parts.length === 0 ? [now()] : parts) as [number]));
  }
  static override now = now;
} as DateConstructor;

/** A timer of this process: as long as it is asked for, in the time that passes here. */
const scaled = <Start>(start: Start): Start =>
  ((callback: () => void, ms = 0, ...rest: unknown[]) =>
    (start as (...all: unknown[]) => unknown)(callback, ms / speed, ...rest)) as Start;

globalThis.setTimeout = scaled(setTimeout);
globalThis.setInterval = scaled(setInterval);

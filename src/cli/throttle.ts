/**
 * `azure-remedy throttle`: shows the throttle while many callers compete for a small bucket. The service is the local
 * ARM with lower limits than Azure's, so that a window closes within seconds.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  createHttpHeaders,
  createPipelineFromOptions,
  createPipelineRequest,
  createDefaultHttpClient,
  type Pipeline,
} from "@azure/core-rest-pipeline";
import { startEmulator, type Emulator, type EmulatorOptions } from "../emulator/index.js";
import { remedyPolicy } from "../pipeline/policy.js";
import { createThrottle, type CreatedThrottle } from "../throttle/local-throttle.js";
import type { ScopeSnapshot, ThrottleSnapshot } from "../throttle/snapshot.js";
import { untilInterrupted, withTimeout } from "./end-signals.js";
import { exitCodes } from "./exit-codes.js";
import { fit, table, type Cell } from "./layout.js";
import { LiveLines, Terminal } from "./terminal.js";

export interface ThrottleFlags {
  readonly json?: true;
  readonly watch?: true;
  readonly callers: number;
  /** Milliseconds. */
  readonly for: number;
}

/**
 * Buckets that forty callers empty in a second. Compute's own groups are left out: one kind of window is enough to
 * watch.
 */
const smallBuckets: EmulatorOptions = {
  onUnknownRequest: "answer",
  historyLimit: 20_000,
  throttling: { reads: { capacity: 60, refill: 12 }, writes: { capacity: 20, refill: 4 }, compute: false },
};

const drawEveryMs = 200;
const tellEveryMs = 2_000;

export async function throttleCommand(flags: ThrottleFlags): Promise<number> {
  const out = new Terminal(process.stdout);
  const interrupted = untilInterrupted();
  const signal = flags.watch ? interrupted : withTimeout(interrupted, flags.for);
  const arm = await startEmulator(smallBuckets);
  try {
    arm.addVm({ name: "web-01" });
    const throttle = createThrottle();
    const load = new Load(arm, throttle, flags.callers, signal);
    await Promise.all([load.run(), watch(load, throttle, flags, out, signal)]);
  } finally {
    await arm.stop();
  }
  return exitCodes.ok;
}

/** Callers that read without a pause; one in ten writes. */
class Load {
  readonly startedAt = Date.now();
  readonly #pipeline: Pipeline;
  #done = 0;
  #failed = 0;

  constructor(
    private readonly arm: Emulator,
    throttle: CreatedThrottle,
    readonly callers: number,
    private readonly signal: AbortSignal,
  ) {
    this.#pipeline = arm.connect(createPipelineFromOptions({}));
    this.#pipeline.removePolicy({ name: "defaultRetryPolicy" });
    this.#pipeline.addPolicy(remedyPolicy({ throttle }), { phase: "Retry" });
  }

  get figures(): { callers: number; seconds: number; done: number; failed: number; sent: number; rejected: number } {
    const { exchanges } = this.arm;
    const rejected = exchanges.filter(({ status }) => status === 429).length;
    const seconds = (Date.now() - this.startedAt) / 1_000;
    return { callers: this.callers, seconds, done: this.#done, failed: this.#failed, sent: exchanges.length, rejected };
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.callers }, (_, index) => this.#callOnAndOn(index % 10 === 9)));
  }

  async #callOnAndOn(writes: boolean): Promise<void> {
    const client = createDefaultHttpClient();
    while (!this.signal.aborted) {
      await this.#pipeline.sendRequest(client, this.#request(writes)).then(
        () => (this.#done += 1),
        (error: unknown) => (this.#failed += isAbort(error) ? 0 : 1),
      );
    }
  }

  #request(writes: boolean): ReturnType<typeof createPipelineRequest> {
    const group = `https://management.azure.com/subscriptions/${this.arm.subscriptionId}/resourceGroups/rg`;
    const query = "?api-version=2024-07-01";
    const common = { abortSignal: this.signal };
    if (!writes) {
      return createPipelineRequest({
        ...common,
        url: `${group}/providers/Microsoft.Compute/virtualMachines/web-01${query}`,
      });
    }
    const headers = createHttpHeaders({ "content-type": "application/json" });
    return createPipelineRequest({
      ...common,
      method: "PATCH",
      url: `${group}${query}`,
      headers,
      body: '{"tags":{"nightly":"1"}}',
    });
  }
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === "AbortError";

async function watch(
  load: Load,
  throttle: CreatedThrottle,
  flags: ThrottleFlags,
  out: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const live = out.isLive && !flags.json ? new LiveLines(out) : undefined;
  const everyMs = live ? drawEveryMs : tellEveryMs;
  const lines = (): string[] => frame(load, throttle.snapshot(), out);
  while (!signal.aborted) {
    if (flags.json) out.line(JSON.stringify({ ...load.figures, throttle: throttle.snapshot() }));
    else if (live) live.draw(lines());
    else out.lines(lines());
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
  live?.clear();
  if (flags.json) out.line(JSON.stringify({ ...load.figures, throttle: throttle.snapshot() }));
  else out.lines(lines());
}

const barWidth = 20;

function frame(load: Load, { at, waiting, inFlight, scopes }: ThrottleSnapshot, out: Terminal): string[] {
  const { callers, seconds, done, sent, rejected, failed } = load.figures;
  const rate = (done / Math.max(1, seconds)).toFixed(1);
  const share = ((100 * rejected) / Math.max(1, sent)).toFixed(1);
  const figures = `${seconds.toFixed(0)} s, ${callers} callers: ${done} calls answered (${rate}/s), ${rejected} of ${sent} sent were 429 (${share} %), ${failed} failed; ${waiting} wait, ${inFlight} in flight`;
  const columns = [
    { title: "SCOPE", shrinksTo: 24 },
    { title: "LEVEL" },
    { title: "REFILL", right: true },
    { title: "SHARE", right: true },
    { title: "WAITING", right: true },
    { title: "IN FLIGHT", right: true },
    { title: "WINDOW" },
  ];
  const width = out.columns;
  return [
    out.style("bold", width === undefined ? figures : fit(figures, width - 1)),
    ...table(
      columns,
      scopes.map((scope) => scopeCells(scope, at, out)),
      width === undefined ? undefined : width - 1,
    ),
  ];
}

function scopeCells(scope: ScopeSnapshot, now: number, out: Terminal): Cell[] {
  const { level, capacity, refillPerSecond, share, waiting, inFlight, closedUntil, nextAt } = scope;
  const seconds = (until: number): string => `${Math.max(0, (until - now) / 1_000).toFixed(1)} s`;
  const window =
    closedUntil !== undefined
      ? { text: `closed for ${seconds(closedUntil)}`, paint: (text: string) => out.style("red", text) }
      : {
          text: nextAt === undefined ? "open" : `next in ${seconds(nextAt)}`,
          paint: (text: string) => out.style("green", text),
        };
  return [
    { text: scopeWords(scope) },
    { text: bar(level, capacity), paint: (text) => out.style("cyan", text) },
    { text: refillPerSecond === undefined ? "" : `${refillPerSecond.toFixed(1)}/s` },
    { text: share === undefined ? "" : `${Math.round(share * 100)} %` },
    { text: String(waiting) },
    { text: String(inFlight) },
    window,
  ];
}

/** Short enough for a column: the principal distinguishes two buckets of one subscription. */
function scopeWords({ scope, principal, subscription }: ScopeSnapshot): string {
  const short = scope.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => `${id.slice(0, 8)}…`);
  return principal === undefined && subscription !== undefined ? `${short}, all callers` : short;
}

function bar(level: number | undefined, capacity: number | undefined): string {
  if (level === undefined) return "not known".padEnd(barWidth);
  const filled =
    capacity === undefined
      ? 0
      : Math.round((Math.min(Math.max(level, 0), capacity) / Math.max(1, capacity)) * barWidth);
  const figures = `${Math.max(0, Math.floor(level))}${capacity === undefined ? "" : `/${Math.round(capacity)}`}`;
  return `${"█".repeat(filled)}${"░".repeat(barWidth - filled)} ${figures.padStart(9)}`;
}

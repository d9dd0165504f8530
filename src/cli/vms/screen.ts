/** The run on a terminal: a bar with counts that stays at the bottom, and each failure above it as it comes. */
import { MultiBar, type SingleBar } from "cli-progress";
import type { FleetProgress, FleetResult } from "../../fleet/index.js";
import { fit } from "../layout.js";
import type { Terminal } from "../terminal.js";
import { firstLineOf, nameOf } from "./report.js";

const widest = 100;

export class FleetScreen {
  readonly #bars: MultiBar;
  readonly #bar: SingleBar;
  readonly #out: Terminal;

  constructor(out: Terminal, action: string, total: number) {
    this.#out = out;
    // The action, the counts and the time stand beside the bar.
    const barsize = Math.max(10, Math.min(widest, out.columns ?? 80) - action.length - 54);
    this.#bars = new MultiBar({
      format: `${action} {bar} {value}/{total}  {counts}  {duration_formatted}`,
      barsize,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      hideCursor: true,
      stream: out.stream,
      stopOnComplete: false,
      gracefulExit: false,
      emptyOnZero: true,
    });
    this.#bar = this.#bars.create(total, 0, { counts: "" });
  }

  show({ running, succeeded, failed, unknown, skipped, notStarted }: FleetProgress): void {
    const counts = [
      ...(running > 0 ? [`${running} running`] : []),
      ...(failed > 0 ? [`${failed} failed`] : []),
      ...(unknown > 0 ? [`${unknown} unknown`] : []),
    ];
    this.#bar.update(succeeded + failed + unknown + skipped + notStarted, { counts: counts.join(", ") });
  }

  /** A failure is worth a line of its own; what goes well, or was ended with the whole run, is in the counts. */
  tell({ key, status, error }: FleetResult<string, unknown>): void {
    const isFailure = status === "failed" || status === "unknown";
    if (!isFailure || (error instanceof Error && error.name === "AbortError")) return;
    const mark = status === "unknown" ? this.#out.style("yellow", "?") : this.#out.style("red", "✗");
    const width = (this.#out.columns ?? 80) - 3;
    this.#bars.log(`${mark} ${fit(`${nameOf(key)}  ${firstLineOf(error)}`, width).trimEnd()}\n`);
  }

  end(): void {
    this.#bars.update();
    this.#bars.stop();
  }
}

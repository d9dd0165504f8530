/** The demo while it runs: on a terminal one line for each fault that changes, in a pipe a line for each run that ends. */
import { fit, wrap } from "../layout.js";
import { LiveLines, wheel, type Terminal } from "../terminal.js";
import type { DemoFault } from "./faults.js";
import type { Rehearsal } from "./rehearsal.js";

export interface Pair {
  readonly fault: DemoFault;
  readonly plain: Rehearsal;
  readonly remedied: Rehearsal;
}

const drawEveryMs = 100;
const titleWidth = 36;

export class DemoScreen {
  readonly #live: LiveLines | undefined;
  readonly #printed = new Set<Rehearsal>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly out: Terminal,
    private readonly pairs: readonly Pair[],
  ) {
    const fits = pairs.length + 5 < out.stream.rows && (out.columns ?? 0) > titleWidth + 2 * 20;
    this.#live = out.isLive && fits ? new LiveLines(out) : undefined;
  }

  begin(): void {
    const { out } = this;
    const title = `azure-remedy demo: one VM script, ${this.pairs.length} faults of a local ARM on 127.0.0.1. Nothing leaves this machine.`;
    const [first = "", ...rest] = wrap(title, out.columns ?? title.length);
    out.lines([
      first.replace("azure-remedy demo", out.style("bold", "azure-remedy demo")),
      ...rest,
      "",
      `${out.style("red", "as it ships ")} new ComputeManagementClient(credential, subscriptionId)`,
      `${out.style("green", "azure-remedy")} withRemedy(new ComputeManagementClient(credential, subscriptionId))`,
      "",
    ]);
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), drawEveryMs);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#draw();
    this.#live?.clear();
  }

  #draw(): void {
    if (this.#live) this.#live.draw([this.#liveTitle(), ...this.pairs.map((pair) => this.#liveLine(pair))]);
    else this.#tellEnded();
  }

  get #cellWidth(): number {
    return Math.floor(((this.out.columns ?? 80) - titleWidth - 4) / 2);
  }

  #liveTitle(): string {
    const titles = [fit("", titleWidth), fit("  as it ships", this.#cellWidth), fit("  azure-remedy", this.#cellWidth)];
    return this.out.style("bold", titles.join("  ").trimEnd());
  }

  #liveLine({ fault, plain, remedied }: Pair): string {
    const width = this.#cellWidth;
    return [fit(fault.title, titleWidth), this.#liveCell(plain, width), this.#liveCell(remedied, width)].join("  ");
  }

  #liveCell(rehearsal: Rehearsal, width: number): string {
    const { run, requests, elapsedMs, saying } = rehearsal;
    const figures = `${String(requests).padStart(2)} sent ${(elapsedMs / 1_000).toFixed(1).padStart(4)} s`;
    if (!run) return `${wheel(Date.now())} ${this.out.style("dim", fit(`${figures}  ${saying}`, width - 2))}`;
    const mark = run.outcome === "passed" ? this.out.style("green", "✓") : this.out.style("red", "✗");
    return `${mark} ${fit(`${figures}  ${run.outcome === "passed" ? run.truth : (run.error ?? "")}`.split("\n", 1)[0] ?? "", width - 2)}`;
  }

  #tellEnded(): void {
    for (const rehearsal of this.pairs.flatMap(({ plain, remedied }) => [plain, remedied])) {
      const { run, fault, side } = rehearsal;
      if (!run || this.#printed.has(rehearsal)) continue;
      this.#printed.add(rehearsal);
      const name = side === "plain" ? "as it ships" : "azure-remedy";
      const sent = run.requests === 1 ? "1 request" : `${run.requests} requests`;
      this.out.line(`${fault.title}, ${name}: ${run.outcome} after ${sent} in ${(run.elapsedMs / 1_000).toFixed(1)} s`);
    }
  }
}

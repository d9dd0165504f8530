/** One fault met by one client: its own local ARM, one step of the script, and the outcome. */
import { formatDuration } from "../../time/format-duration.js";
import { startEmulator, type Emulator } from "../../emulator/index.js";
import type { RemedyEvent } from "../../recovery/events.js";
import { isRemedyError } from "../../recovery/remedy-error.js";
import { withRemedy } from "../../pipeline/with-remedy.js";
import { withTimeout } from "../end-signals.js";
import type { ComputePackage } from "../optional-package.js";
import type { DemoFault } from "./faults.js";
import type { Compute } from "./script.js";

/** `plain` is the SDK as it ships. */
export type Side = "plain" | "remedied";

export interface Run {
  readonly requests: number;
  readonly elapsedMs: number;
  /** `stopped`: it would have gone on too long for a demo. */
  readonly outcome: "passed" | "failed" | "stopped";
  /** The error's message, as the caller sees it. */
  readonly error?: string;
  /** Why azure-remedy tried nothing more. */
  readonly reason?: string;
  /** What azure-remedy did. */
  readonly steps: readonly string[];
  /** The state of the VM at the end, no matter what the caller saw. */
  readonly truth: string;
  /** No error was returned, but something happened that was not asked for. */
  readonly harm: boolean;
}

/** A first call through both clients loads and compiles what every call needs, so that no row pays for it. */
export async function warmUp({ ComputeManagementClient }: ComputePackage): Promise<void> {
  const arm = await startEmulator();
  arm.addVm({ name: "web-01" });
  const connect = (): Compute => new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions);
  for (const client of [connect(), withRemedy(connect())]) await client.virtualMachines.get("rg", "web-01");
  await arm.stop();
}

export class Rehearsal {
  #arm: Emulator | undefined;
  #startedAt = 0;
  #run: Run | undefined;
  #saying = "";
  readonly #steps: string[] = [];

  constructor(
    readonly fault: DemoFault,
    readonly side: Side,
  ) {}

  get run(): Run | undefined {
    return this.#run;
  }

  get requests(): number {
    return this.#run?.requests ?? (this.#arm ? sentTo(this.#arm) : 0);
  }

  get elapsedMs(): number {
    return this.#run?.elapsedMs ?? (this.#startedAt === 0 ? 0 : Date.now() - this.#startedAt);
  }

  /** The latest news: what azure-remedy decided, or how the cloud responded. */
  get saying(): string {
    return this.#saying === "" ? (this.#arm?.story.at(-1) ?? "") : this.#saying;
  }

  /** @param abortSignal ends it early */
  async play(compute: ComputePackage, abortSignal: AbortSignal): Promise<void> {
    const arm = await startEmulator({ onUnknownRequest: "answer", ...this.fault.cloud });
    try {
      this.#arm = arm;
      this.#run = await this.#meetFault(arm, compute, abortSignal);
    } finally {
      await arm.stop();
    }
  }

  async #meetFault(arm: Emulator, { ComputeManagementClient }: ComputePackage, abortSignal: AbortSignal): Promise<Run> {
    const { fault, side } = this;
    fault.plant(arm);
    const client = new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions);
    if (side === "remedied") withRemedy(client, { ...fault.options?.(), onEvent: (event) => this.#note(event) });
    const isWatched = side === "plain" && fault.patienceMs !== undefined;
    const signal = isWatched ? withTimeout(abortSignal, fault.patienceMs) : abortSignal;
    this.#startedAt = Date.now();
    const error = await fault.step(client, signal).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return this.#endOf(error, isWatched && signal.aborted, arm);
  }

  #endOf(error: unknown, isStopped: boolean, arm: Emulator): Run {
    const elapsedMs = Date.now() - this.#startedAt;
    const requests = sentTo(arm);
    const asked = arm.exchanges.at(-1)?.retryAfter;
    // The service finishes its work whether or not the caller waits for it.
    arm.finishOperations();
    const vm = arm.vm("web-01");
    const truth = this.fault.outcome(vm);
    const common = { requests, elapsedMs, steps: this.#steps, truth, harm: this.fault.harmed?.(vm) ?? false };
    if (isStopped)
      return {
        ...common,
        outcome: "stopped",
        error: `still waiting after ${formatDuration(elapsedMs)}, and would for ${asked ?? "many"} s`,
      };
    if (error === undefined) return { ...common, outcome: "passed" };
    const message = error instanceof Error ? error.message : "something other than an Error was thrown";
    return { ...common, outcome: "failed", error: message, ...(isRemedyError(error) && { reason: error.reason }) };
  }

  #note(event: RemedyEvent): void {
    switch (event.type) {
      case "retry":
        this.#saying = event.reason;
        this.#steps.push(`sent again after ${formatDuration(event.delayMs)}`);
        break;
      case "resubmit":
        this.#saying = event.reason;
        this.#steps.push(`submitted again after ${formatDuration(event.delayMs)}`);
        break;
      case "readBack":
        this.#saying = event.lastSeen === undefined ? event.reason : `last seen: ${event.lastSeen}`;
        if (!this.#steps.includes("read back")) this.#steps.push("read back");
        break;
      case "remedy":
        this.#saying = `${event.remedy} ${event.phase}`;
        if (event.phase === "done" && event.change !== undefined) this.#steps.push(event.change);
        break;
      case "recovered":
      case "failed":
        this.#saying = event.reason;
        break;
      case "throttle":
      case "fault":
        break;
    }
  }
}

function sentTo(arm: Emulator): number {
  return arm.exchanges.filter(({ outcome }) => outcome !== "failed to send").length;
}

/**
 * Waiting for an operation that holds a machine: by looking at the machine, beside the backoff that is left where it may not be
 * read. `npm run bench:conflicts`; the exit code is 1 where a promise is not kept.
 */
import { startEmulator, type Exchange } from "azure-remedy/emulator";
import { createThrottle } from "azure-remedy";
import { connect, generations } from "../../test/support/clients.js";
import { inVirtualTime } from "../../test/support/virtual-time.js";

const second = 1_000;

interface Waited {
  /** Milliseconds from the end of the other operation to the last caller's successful write. */
  readonly lateMs: number;
  readonly refused: number;
  readonly looks: number;
  readonly mostLooksAMinute: number;
  readonly failed: number;
}

interface Wait {
  readonly generation: (typeof generations)[number];
  readonly durationMs: number;
  readonly callers: number;
  /** Whether the machine may be read. */
  readonly looks: boolean;
}

/** Callers of several clients, as in one process, that share its throttle. */
function wait({ generation, durationMs, callers, looks }: Wait): Promise<Waited> {
  return inVirtualTime(async (time) => {
    await using arm = await startEmulator({ throttling: false, operations: { polls: 0 } });
    arm.addVm({ name: "web-01" });
    arm.longRunning({ on: "POST virtualMachines/deallocate", durationMs });
    if (!looks) arm.deny("Microsoft.Compute/virtualMachines/read");
    const random = sequence();
    const throttle = createThrottle({ random });
    const options = { random, throttle };
    const other = connect(generation, arm, time, options).deallocate("web-01");
    await time.sleep(second);
    const begun = arm.exchanges.length;
    const endsAt = Date.now() - second + durationMs;
    const calls = await Promise.allSettled(
      Array.from({ length: callers }, () => connect(generation, arm, time, options).start("web-01")),
    );
    await other;
    const sent = arm.exchanges.slice(begun);
    const writes = sent.filter(({ name }) => name === "virtualMachines/web-01/start");
    const reads = sent.filter(({ method, name }) => method === "GET" && name === "virtualMachines/web-01");
    const passed = writes.filter(({ status }) => (status ?? 0) < 300);
    return {
      lateMs: Math.max(...passed.map(({ at }) => at - endsAt)),
      refused: writes.length - passed.length,
      looks: reads.length,
      mostLooksAMinute: mostInAMinute(reads),
      failed: calls.filter(({ status }) => status === "rejected").length,
    };
  });
}

function mostInAMinute(reads: readonly Exchange[]): number {
  const counts = reads.map(({ at }) => reads.filter((other) => other.at >= at && other.at < at + 60 * second).length);
  return Math.max(0, ...counts);
}

/** Chance that is the same in every run, and differs from caller to caller. */
function sequence(): () => number {
  let state = 7;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const inSeconds = (ms: number): string => `${Math.round(ms / second)} s`;

let broken = 0;
for (const generation of generations) {
  console.log(`\narm-compute ${generation}: starts of a machine that a deallocation holds`);
  console.log("                    by looking                                    by backoff (it may not be read)");
  console.log("  held     callers  refused  looks (most a minute)  after its end  refused  after its end   saved");
  for (const durationMs of [20, 95, 300, 600, 1_500].map((seconds) => seconds * second)) {
    for (const callers of [1, 10]) {
      const seen = await wait({ generation, durationMs, callers, looks: true });
      const blind = await wait({ generation, durationMs, callers, looks: false });
      const kept =
        seen.failed === 0 && seen.lateMs <= 15 * second && seen.mostLooksAMinute <= 5 && seen.refused <= callers;
      if (!kept) broken += 1;
      const outcome = blind.failed > 0 ? `${blind.failed} failed` : inSeconds(blind.lateMs);
      const cells = [
        inSeconds(durationMs).padEnd(8),
        String(callers).padEnd(8),
        String(seen.refused).padEnd(8),
        `${seen.looks} (${seen.mostLooksAMinute})`.padEnd(22),
        inSeconds(seen.lateMs).padEnd(14),
        String(blind.refused).padEnd(8),
        outcome.padEnd(15),
        String(blind.refused - seen.refused),
      ];
      console.log(`  ${cells.join(" ")}${kept ? "" : "  NOT KEPT"}`);
    }
  }
}
process.exitCode = broken > 0 ? 1 : 0;

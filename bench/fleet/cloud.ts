/** The local ARM in a process of its own, which outlives the script that is killed. Driven by its parent's messages. */
import { startEmulator, type ChaosFault } from "../../src/emulator/index.js";
import type { CloudReport, CloudSetup, MachineReport } from "./play.js";

/**
 * What a night in a cloud brings. An operation that a script began does not fail in the middle: that it may be begun again
 * after that is the caller's choice, and the proof here is that none is begun twice by accident.
 */
const nightlyFaults: readonly ChaosFault[] = [
  { on: "POST virtualMachines", reset: "before-execution", weight: 2 },
  { on: "POST virtualMachines", reset: "after-execution" },
  { on: "POST virtualMachines", throttle: { retryAfter: 5 } },
  { on: "POST virtualMachines", html: 502, weight: 2 },
  { on: "POST virtualMachines/start", fail: "InternalServerError", weight: 2 },
  { on: "POST virtualMachines/start", fail: "AllocationFailed" },
  { on: "POST virtualMachines", fail: "ScopeLocked", as: "answer" },
  { on: "GET operations", reset: "before-execution" },
  { on: "GET operations", html: 503 },
];

process.once("message", (setup: CloudSetup) => void open(setup));

async function open({ machines, faults }: CloudSetup): Promise<void> {
  const arm = await startEmulator({
    operations: { durationMs: 30_000, retryAfterMs: 10_000 },
    historyLimit: 1_000_000,
  });
  const names = Array.from({ length: machines }, (_, index) => `vm-${String(index + 1).padStart(4, "0")}`);
  for (const name of names) arm.addVm({ name, powerState: "deallocated" });
  if (faults > 0) arm.chaos({ seed: 1, rate: faults, faults: nightlyFaults });
  process.send?.({ endpoint: arm.endpoint, subscriptionId: arm.subscriptionId });
  process.once("message", () => {
    arm.finishOperations();
    const counts = new Map(arm.executions.map(({ request, count }) => [request, count]));
    const reportOf = (name: string): MachineReport => ({
      name,
      isRunning: arm.vm(name)?.powerState === "running",
      starts: counts.get(`POST virtualMachines/${name}/start`) ?? 0,
      scripts: counts.get(`POST virtualMachines/${name}/runCommand`) ?? 0,
    });
    const { exchanges } = arm;
    const times = exchanges.map(({ at }) => at);
    const report: CloudReport = {
      requests: exchanges.length,
      throttled: exchanges.filter(({ status }) => status === 429).length,
      elapsedMs: Math.max(...times.slice(-1)) - Math.min(...times.slice(0, 1)),
      machines: names.map(reportOf),
    };
    process.send?.(report, () => process.exit());
  });
}

/** The faults of the demo: what each does to the cloud, and which step of the script meets it. */
import type { Emulator, EmulatorOptions, VmState } from "../../emulator/index.js";
import type { RemedyOptions } from "../../pipeline/options.js";
import { fallbackSizes } from "../../remedies/fallback.js";
import { deallocateFirst } from "../../remedies/power.js";
import { registerProvider } from "../../remedies/register-provider.js";
import { create, look, resize, runCommand, start, type Step } from "./script.js";

export interface DemoFault {
  /** Its name for `--fault`. */
  readonly code: string;
  /** What happens, in a few words. */
  readonly title: string;
  /** The argument of `withRemedy(client, …)`, as the caller would write it, if any. */
  readonly allowed?: string;
  readonly options?: () => RemedyOptions;
  readonly cloud?: EmulatorOptions;
  readonly plant: (arm: Emulator) => void;
  readonly step: Step;
  /** The outcome at the end, read from the VM itself. */
  readonly outcome: (vm: VmState | undefined) => string;
  /** Whether something happened that was not asked for. */
  readonly harmed?: (vm: VmState | undefined) => boolean;
  /** The SDK alone would wait too long for a demo: it is stopped after this many milliseconds. */
  readonly patienceMs?: number;
}

const PUT = "PUT virtualMachines";

const created = (vm: VmState | undefined): string => {
  if (!vm) return "no VM";
  return vm.provisioningState === "Succeeded"
    ? `VM created, ${vm.size}`
    : `a VM in state ${vm.provisioningState} remains`;
};
const power = (vm: VmState | undefined): string => `VM is ${vm?.powerState ?? "gone"}`;
const ran = (vm: VmState | undefined): string => {
  const times = vm?.commandsRun.length ?? 0;
  return `the script ran ${times === 1 ? "once" : `${times} times`}`;
};

/** Work continues without the client, as in Azure, and does not wait for a poll. */
const busyFor = (durationMs: number): EmulatorOptions => ({ operations: { durationMs, polls: 0 } });

export const demoFaults: readonly DemoFault[] = [
  {
    code: "AllocationFailed",
    title: "no capacity for the size",
    plant: (arm) => arm.fail("AllocationFailed", { on: PUT, error: { innererror: computeInnerError } }),
    step: create,
    outcome: created,
  },
  {
    code: "AllocationFailed",
    title: "no capacity, another size allowed",
    allowed: '{ remedies: [fallbackSizes(["Standard_D2as_v5"])] }',
    options: () => ({ remedies: [fallbackSizes(["Standard_D2as_v5"])] }),
    plant: (arm) => arm.fail("AllocationFailed", { on: PUT, error: { innererror: computeInnerError } }),
    step: create,
    outcome: created,
  },
  {
    code: "SubscriptionRequestsThrottled",
    title: "429 with Retry-After",
    plant: (arm) => arm.throttle({ on: PUT, retryAfter: 1 }),
    step: create,
    outcome: created,
  },
  {
    code: "SubscriptionRequestsThrottled",
    title: "429 that names no wait",
    plant: (arm) => arm.throttle({ on: PUT, hint: "none" }),
    step: create,
    outcome: created,
  },
  {
    code: "SubscriptionRequestsThrottled",
    title: "429, the wait only in the message",
    plant: (arm) => arm.throttle({ on: PUT, retryAfter: 2, hint: "text" }),
    step: create,
    outcome: created,
  },
  {
    code: "SubscriptionRequestsThrottled",
    title: "429 while an operation is polled",
    plant: (arm) => arm.throttle({ on: "GET operations", hint: "none" }),
    step: create,
    outcome: created,
  },
  {
    code: "SubscriptionRequestsThrottled",
    title: "Retry-After of an hour, 10 s left",
    allowed: "{ deadline: Date.now() + 10_000 }",
    options: () => ({ deadline: Date.now() + 10_000 }),
    plant: (arm) => arm.throttle({ on: PUT, retryAfter: 3_600, times: Infinity }),
    step: create,
    outcome: created,
    patienceMs: 10_000,
  },
  {
    code: "StorageAccountTooBusy",
    title: "operation failed, will pass",
    plant: (arm) => arm.fail("StorageAccountTooBusy", { on: PUT, as: "operation" }),
    step: create,
    outcome: created,
  },
  {
    code: "OperationNotAllowed",
    title: "resize needs the VM deallocated",
    allowed: "{ remedies: [deallocateFirst({ startAgain: true })] }",
    options: () => ({ remedies: [deallocateFirst({ startAgain: true })] }),
    plant: (arm) => void arm.addVm({ name: "web-01" }),
    step: resize,
    outcome: (vm) => `VM is ${vm?.size ?? "gone"} and ${vm?.powerState ?? "gone"}`,
  },
  {
    code: "MissingSubscriptionRegistration",
    title: "provider not registered",
    allowed: "{ remedies: [registerProvider({ pollMs: 1_000 })] }",
    options: () => ({ remedies: [registerProvider({ pollMs: 1_000 })] }),
    cloud: { unregistered: ["Microsoft.Compute"] },
    plant: () => undefined,
    step: create,
    outcome: created,
  },
  {
    code: "VMStartTimedOut",
    title: "start gave up waiting, VM comes up",
    plant: (arm) => {
      arm.addVm({ name: "web-01", powerState: "deallocated" });
      arm.fail("VMStartTimedOut", { on: "POST virtualMachines/start", completesAnyway: true });
    },
    step: start,
    outcome: power,
  },
  {
    code: "AnotherOperationInProgress",
    title: "409, another operation is in progress",
    plant: (arm) => arm.fail("AnotherOperationInProgress", { on: PUT, retryAfter: 2 }),
    step: create,
    outcome: created,
  },
  {
    code: "ECONNRESET",
    title: "connection cut, create under way",
    cloud: busyFor(3_000),
    plant: (arm) => arm.reset({ on: PUT, after: "after-execution" }),
    step: create,
    outcome: created,
  },
  {
    code: "ECONNRESET",
    title: "connection cut, script was started",
    cloud: busyFor(300),
    plant: (arm) => {
      arm.addVm({ name: "web-01" });
      arm.reset({ on: "POST virtualMachines/runCommand", after: "after-execution", times: 2 });
    },
    step: runCommand,
    outcome: ran,
    harmed: (vm) => (vm?.commandsRun.length ?? 0) > 1,
  },
  {
    code: "EAI_AGAIN",
    title: "DNS hiccup",
    plant: (arm) => arm.fail("EAI_AGAIN", { on: PUT }),
    step: create,
    outcome: created,
  },
  {
    code: "BadGateway",
    title: "502, a gateway's HTML page",
    plant: (arm) => arm.html({ on: PUT }),
    step: create,
    outcome: created,
  },
  {
    code: "InvalidParameter",
    title: "400, permanent",
    plant: (arm) => arm.fail({ rule: "InvalidParameter.admin-username" }, { on: PUT }),
    step: create,
    outcome: created,
  },
  {
    code: "DiskEncryptionKeySecretUnwrapFailed",
    title: "500, permanent",
    plant: (arm) =>
      arm.fail("DiskEncryptionKeySecretUnwrapFailed", { on: PUT, as: "answer", status: 500, times: Infinity }),
    step: create,
    outcome: created,
  },
  {
    code: "EncryptedDiskNotSupported",
    title: "405, permanent",
    plant: (arm) => {
      arm.addVm({ name: "web-01" });
      arm.fail("EncryptedDiskNotSupported", { on: "GET virtualMachines", status: 405 });
    },
    step: look,
    outcome: power,
  },
];

/** What Compute puts below the error of a failed operation; the SDK's poller looks for other names there. */
const computeInnerError = { exceptiontype: "AllocationException", errordetail: "fragmented" };

/** Whatever is asked in whatever order, and whatever fails: the emulator's story and its state tell the same. */
import fc from "../support/properties.js";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { expect, it } from "vitest";
import { ask, vm, type Answer } from "./direct.js";

type Step = (arm: Emulator) => Promise<unknown>;

const names = fc.constantFrom("a", "b");
const action = fc.constantFrom("start", "powerOff", "deallocate", "restart", "redeploy", "reapply", "runCommand");
const silently = (call: Promise<Answer>): Promise<unknown> => call.catch(() => undefined); // a reset is no defect

const step: fc.Arbitrary<Step> = fc.oneof(
  names.map<Step>((name) => (arm) => silently(ask(arm, "PUT", vm(name), { location: "westeurope" }))),
  names.map<Step>((name) => (arm) => silently(ask(arm, "DELETE", vm(name)))),
  names.map<Step>((name) => (arm) => silently(ask(arm, "GET", vm(name)))),
  fc.tuple(names, action).map<Step>(
    ([name, act]) =>
      (arm) =>
        silently(ask(arm, "POST", vm(name, `/${act}`), { commandId: "RunShellScript", script: [act] })),
  ),
  fc.constant<Step>((arm) => {
    arm.finishOperations();
    return Promise.resolve();
  }),
  fc
    .constantFrom("AllocationFailed", "VMStartTimedOut", "OperationPreempted", "InternalServerError")
    .map<Step>((code) => (arm) => Promise.resolve(arm.fail(code, { on: "* virtualMachines" }))),
  fc.constant<Step>((arm) =>
    Promise.resolve(arm.fail("VMStartTimedOut", { on: "POST virtualMachines", completesAnyway: true })),
  ),
  fc.constant<Step>((arm) => Promise.resolve(arm.reset({ on: "* virtualMachines", after: "after-execution" }))),
);

it("holds over random calls and faults", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      await using arm = await startEmulator({ throttling: false });
      for (const take of steps) await take(arm);
      arm.finishOperations();

      expect(arm.exchanges.filter(({ code }) => code === "EmulatorDefect")).toEqual([]);
      expect(arm.state.operations.filter(({ status }) => status === "InProgress")).toEqual([]);
      for (const { provisioningState, powerState, failure } of arm.state.vms) {
        expect(["Succeeded", "Failed"]).toContain(provisioningState);
        expect(["running", "stopped", "deallocated", "unknown"]).toContain(powerState);
        expect(failure === undefined).toBe(provisioningState === "Succeeded");
      }
      // Each accepted call began one operation, but a delete of what is gone, and reads.
      const accepted = arm.exchanges.filter(
        ({ method, executed, status }) => executed && method !== "GET" && status !== 204,
      );
      const unanswered = accepted.filter(({ outcome, method }) => outcome === "reset" && method === "DELETE");
      expect(arm.state.operations.length).toBeGreaterThanOrEqual(accepted.length - unanswered.length);
      expect(arm.state.operations.length).toBeLessThanOrEqual(accepted.length);
      // A script has run at most as often as its command was accepted.
      const commands = accepted.filter(({ name }) => name.endsWith("/runCommand")).length;
      const ran = arm.state.vms.reduce((sum, { commandsRun }) => sum + commandsRun.length, 0);
      expect(ran).toBeLessThanOrEqual(commands);
    }),
    { numRuns: 40 },
  );
});

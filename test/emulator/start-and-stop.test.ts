import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startEmulator } from "azure-remedy/emulator";
import { expect, it } from "vitest";
import { compute22, compute24 } from "./clients.js";
import { ask, vm } from "./direct.js";
import { atOnce } from "./outcome.js";

it("leaves no socket and no timer behind, whatever is still under way", async () => {
  const script = fileURLToPath(new URL("own-process.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", script], { timeout: 15_000 });
  expect(stdout.trim()).toBe("stopped");
});

it("stands beside another without mixing anything up", async () => {
  await using one = await startEmulator();
  await using other = await startEmulator();
  other.fail({ status: 409, body: { error: { code: "Taken", message: "m" } } }, { on: "PUT virtualMachines" });
  const location = { location: "westeurope" };
  const [created, refused] = await Promise.allSettled([
    compute22(one).virtualMachines.beginCreateOrUpdateAndWait("rg", "web-01", location, atOnce),
    compute24(other).virtualMachines.createOrUpdate("rg", "web-01", location, atOnce),
  ]);
  expect([created.status, refused.status]).toEqual(["fulfilled", "rejected"]);
  expect(one.vm("web-01")?.powerState).toBe("running");
  expect(other.state.vms).toEqual([]);
  expect(one.subscriptionId).not.toBe(other.subscriptionId);
});

it("refuses connections once it is stopped, and may be stopped twice", async () => {
  const arm = await startEmulator();
  await ask(arm, "GET", "/resourceGroups/rg");
  await arm.stop();
  await arm.stop();
  await expect(ask(arm, "GET", "/resourceGroups/rg")).rejects.toThrow("fetch failed");
});

it("takes the port it is given", async () => {
  const first = await startEmulator();
  const port = Number(new URL(first.endpoint).port);
  await expect(startEmulator({ port })).rejects.toThrow("EADDRINUSE");
  await first.stop();
  await using second = await startEmulator({ port });
  expect(second.endpoint).toBe(first.endpoint);
});

it("keeps the newest exchanges up to its limit, and forgets on demand", async () => {
  await using arm = await startEmulator({ historyLimit: 2 });
  for (const name of ["a", "b", "c"]) await ask(arm, "GET", vm(name));
  expect(arm.exchanges.map(({ number, name }) => [number, name])).toEqual([
    [2, "virtualMachines/b"],
    [3, "virtualMachines/c"],
  ]);
  arm.clearStory();
  expect(arm.story).toEqual([]);
});

it.each([
  [{ port: -1 }, "port must be a number from 0 to 65535, not -1."],
  [{ operations: { polls: -1 } }, "operations.polls must be a number of at least 0, not -1."],
  [
    { operations: { style: "sse" as never } },
    "operations.style must be one of azure-async-operation, location, both, body, not sse.",
  ],
  [{ authentication: "never" as never }, "authentication must be one of optional, required, not never."],
])("refuses %j", async (options, words) => {
  await expect(startEmulator(options)).rejects.toThrow(words);
});

it.each([
  [{ prot: 8080 }, /startEmulator has no option "prot"/],
  [{ pageSize: 0 }, /pageSize must be a number of at least 1, not 0/],
  [{ deploymentErrors: "some" }, /deploymentErrors must be one of full, bare, not some/],
  [{ activityLogLateMs: -1 }, /activityLogLateMs must be a number of at least 0, not -1/],
])("refuses %j", async (options, words) => {
  await expect(startEmulator(options as object)).rejects.toThrow(words);
});

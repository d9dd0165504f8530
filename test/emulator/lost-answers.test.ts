/** What an answer that never arrived began goes on, and ends by itself. */
import { request } from "node:http";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { afterEach, expect, it } from "vitest";
import { ask, vm } from "./direct.js";
import { manualClock } from "./manual-clock.js";

let arm: Emulator;
afterEach(() => arm.stop());
const location = { location: "westeurope" };

it.each(["reset", "hang", "cutBody", "html"] as const)("%s: the machine is there a second later", async (how) => {
  const clock = manualClock();
  arm = await startEmulator({ clock });
  arm[how]({ on: "PUT virtualMachines", after: "after-execution" });
  const signal = AbortSignal.timeout(300);
  const url = `${arm.endpoint}/subscriptions/${arm.subscriptionId}${vm("web-01")}?api-version=2024-07-01`;
  const sent = fetch(url, { method: "PUT", body: JSON.stringify(location), signal }).then((response) =>
    response.json(),
  );
  await expect(sent).rejects.toThrow();
  expect(arm.vm("web-01")?.provisioningState).toBe("Creating");
  expect((await ask(arm, "PUT", vm("web-01"), location)).error.code).toBe("OperationNotAllowed");
  clock.advance(1000);
  expect(arm.vm("web-01")).toMatchObject({ provisioningState: "Succeeded", powerState: "running" });
});

it("takes its time all the same, and so does one whose client went away", async () => {
  const clock = manualClock();
  arm = await startEmulator({ clock, operations: { durationMs: 60_000, polls: 3 } });
  arm.hang({ on: "PUT virtualMachines", after: "after-execution" });
  const path = `/subscriptions/${arm.subscriptionId}${vm("web-01")}?api-version=2024-07-01`;
  await new Promise<void>((resolve) => {
    const sent = request(arm.endpoint + path, { method: "PUT" }, () => undefined);
    sent.on("error", () => resolve());
    sent.end(JSON.stringify(location));
    setTimeout(() => sent.destroy(), 100);
  });
  clock.advance(59_999);
  expect(arm.vm("web-01")?.provisioningState).toBe("Creating");
  clock.advance(1);
  expect(arm.vm("web-01")?.provisioningState).toBe("Succeeded");
});

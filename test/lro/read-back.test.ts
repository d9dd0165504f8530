import { describe, expect, it } from "vitest";
import { interpret, readTargetOf } from "../../src/lro/read-back.js";

const group = "https://management.azure.com/subscriptions/s/resourceGroups/rg/providers";
const vm = `${group}/Microsoft.Compute/virtualMachines/web-01`;
const version = "?api-version=2024-11-01";

describe("what tells the outcome of a request", () => {
  it.each([
    ["PUT", `${vm}${version}`, "provisioning", `${vm}${version}&$expand=instanceView`],
    ["PATCH", vm, "provisioning", `${vm}?$expand=instanceView`],
    [
      "PUT",
      `${vm}/extensions/setup${version}`,
      "provisioning",
      `${vm}/extensions/setup${version}&$expand=instanceView`,
    ],
    [
      "PUT",
      `${group}/Microsoft.Compute/disks/d${version}`,
      "provisioning",
      `${group}/Microsoft.Compute/disks/d${version}`,
    ],
    ["DELETE", `${vm}${version}`, "absence", `${vm}${version}`],
    ["POST", `${vm}/start${version}`, "power", `${vm}/instanceView${version}`],
    ["POST", `${vm}/powerOff${version}&skipShutdown=true`, "power", `${vm}/instanceView${version}&skipShutdown=true`],
  ] as const)("%s %s: %s", (method, url, kind, read) => {
    expect(readTargetOf(method, url)).toMatchObject({ kind, url: read });
  });

  it.each([
    ["POST", `${vm}/runCommand${version}`],
    ["POST", `${vm}/capture${version}`],
    ["POST", `${group}/Microsoft.Compute/virtualMachineScaleSets/s/start${version}`],
    ["GET", vm],
  ])("nothing for %s %s", (method, url) => {
    expect(readTargetOf(method, url)).toBeUndefined();
  });
});

describe("what a reading says", () => {
  const provisioning = { kind: "provisioning", url: vm } as const;
  const state = (provisioningState: string, statuses?: unknown): unknown => ({
    type: "Microsoft.Compute/virtualMachines",
    properties: { provisioningState, ...(statuses !== undefined && { instanceView: { statuses } }) },
  });

  it.each([
    [200, state("Succeeded"), "succeeded", "provisioning state succeeded"],
    [200, {}, "succeeded", "provisioning state not reported"],
    [200, state("Creating"), "pending", "provisioning state creating"],
    [200, state("Failed"), "failed", "provisioning state failed"],
    [200, state("Canceled"), "failed", "provisioning state canceled"],
    [404, undefined, "failed", "not there"],
    [200, "text", "succeeded", "provisioning state not reported"],
  ] as const)("of a write: %d %j is %s", (status, body, kind, lastSeen) => {
    expect(interpret(provisioning, status, body)).toMatchObject({ kind, lastSeen });
  });

  it("of a write that failed: why, from the instance view", () => {
    const code = "ProvisioningState/failed/OSProvisioningClientError";
    expect(interpret(provisioning, 200, state("Failed", [null, "x", { code, message: "m" }]))).toMatchObject({
      error: { error: { code: "OSProvisioningClientError", message: "m" } },
    });
    // Only an extension has a number there, or nothing.
    expect(interpret(provisioning, 200, state("Failed", [{ code: "ProvisioningState/failed/1" }]))).toMatchObject({
      error: undefined,
    });
    const extension = {
      ...(state("Failed", [{ code: "ProvisioningState/failed/-20", message: "exit 20" }]) as object),
      type: "Microsoft.Compute/virtualMachines/extensions",
    };
    expect(interpret(provisioning, 200, extension)).toMatchObject({
      error: { error: { code: "VMExtensionProvisioningError", message: "exit 20" } },
    });
  });

  it.each([
    [404, undefined, "succeeded", "gone"],
    [204, undefined, "succeeded", "gone"],
    [200, state("Deleting"), "pending", "still there, provisioning state deleting"],
  ] as const)("of a delete: %d %j is %s", (status, body, kind, lastSeen) => {
    expect(interpret({ kind: "absence", url: vm }, status, body)).toMatchObject({ kind, lastSeen });
  });

  it.each([
    ["start", "PowerState/running", { kind: "succeeded" }],
    ["start", "PowerState/starting", { kind: "pending", isAtRest: false }],
    ["powerOff", "PowerState/deallocated", { kind: "succeeded" }],
    ["deallocate", "PowerState/stopped", { kind: "pending", isAtRest: true }],
  ])("of %s with %s: %j", (action, code, reading) => {
    const target = readTargetOf("POST", `${vm}/${action}`);
    if (!target) throw new Error("no target");
    const viewed = (provisioning: string): unknown => ({
      statuses: [{ code: `ProvisioningState/${provisioning}` }, { code }],
    });
    expect(interpret(target, 200, viewed("succeeded"))).toMatchObject(reading);
    expect(interpret(target, 200, viewed("updating"))).not.toMatchObject({ isAtRest: true });
    expect(interpret(target, 200, { statuses: "none" })).toEqual({
      kind: "pending",
      lastSeen: "power state not reported",
      isAtRest: false,
    });
    expect(interpret(target, 404, undefined).kind).toBe("failed");
  });
});

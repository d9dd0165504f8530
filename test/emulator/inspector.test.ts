import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { createDefaultHttpClient, createPipelineFromOptions, createPipelineRequest } from "@azure/core-rest-pipeline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ask, type Answer } from "./direct.js";
import { manualClock } from "./manual-clock.js";

let arm: Emulator;
beforeEach(async () => {
  arm = await startEmulator({ clock: manualClock() });
  arm.addVm({ name: "web-01" });
});
afterEach(() => arm.stop());

const place = "/providers/Microsoft.Compute/locations/westeurope";
const inspection = `${place}/diagnostics/diskInspection`;
const goodSas = "https://logs.blob.core.windows.net/out/run.zip?sr=b&sp=rw&se=2026-01-02T00:00:00Z&sig=secret";
const run = (body: object = {}): Promise<Answer> =>
  ask(arm, "POST", `${inspection}/run`, {
    resourceId: arm.vm("web-01")?.id,
    manifest: "diagnostic",
    uploadSasUri: goodSas,
    ...body,
  });

describe("a run", () => {
  it("is polled at its own host until its result comes in a 200", async () => {
    const accepted = await run();
    expect(accepted.status).toBe(202);
    const link = accepted.headers.get("location") ?? "";
    const running = await ask(arm, "GET", link);
    expect(running.status).toBe(202);
    expect((await ask(arm, "GET", link)).body).toMatchObject({
      resultStatus: "Success",
      createdUTC: "2026-01-01T00:00:00.000Z",
    });
    expect(arm.story).toEqual([
      "POST diagnostics/diskInspection/run 202",
      "GET diagnosticOperations/op-1 202",
      "GET diagnosticOperations/op-1 200",
    ]);
  });

  it("names the host of its region to a client that speaks to Azure", async () => {
    const pipeline = arm.connect(createPipelineFromOptions({}));
    const body = JSON.stringify({ resourceId: arm.vm("web-01")?.id, manifest: "normal", uploadSasUri: goodSas });
    const url = `https://management.azure.com/subscriptions/${arm.subscriptionId}${inspection}/run?api-version=2025-02-01-preview`;
    const client = createDefaultHttpClient();
    const accepted = await pipeline.sendRequest(client, createPipelineRequest({ url, method: "POST", body }));
    const link = accepted.headers.get("location") ?? "";
    expect(link).toMatch(
      /^https:\/\/westeurope\.diagnostic\.compute\.azure\.com\/subscriptions\/.+\/diagnosticOperations\//,
    );
    expect((await pipeline.sendRequest(client, createPipelineRequest({ url: link }))).status).toBe(202);
  });

  it("that fails answers 200, with the failure in it", async () => {
    arm.fail("DiskInspectInternalServerError", { on: "POST diagnostics/diskInspection/run", as: "operation" });
    const link = (await run()).headers.get("location") ?? "";
    await ask(arm, "GET", link);
    const done = await ask(arm, "GET", link);
    expect(done.status).toBe(200);
    expect(done.body).toMatchObject({
      resultStatus: "Failed",
      errorDetail: { code: "DiskInspectInternalServerError" },
    });
    expect(arm.story.at(-1)).toBe("GET diagnosticOperations/op-1 200 DiskInspectInternalServerError");
  });

  it.each([
    ["no URL", { uploadSasUri: "out.zip" }, "is not in the expected format"],
    ["a container", { uploadSasUri: goodSas.replace("/out/run.zip", "/run.zip") }, "is not in the expected format"],
    ["no zip", { uploadSasUri: goodSas.replace(".zip", ".txt") }, "does not have a file extension '.zip'"],
    ["no blob", { uploadSasUri: goodSas.replace("sr=b", "sr=c") }, "The Uri has claim 'sr'= c"],
    ["read only", { uploadSasUri: goodSas.replace("sp=rw", "sp=r") }, "does not have the required permissions"],
    [
      "over",
      { uploadSasUri: goodSas.replace("2026-01-02", "2025-12-31") },
      "is expired. Value of 'se' claim = 2025-12-31",
    ],
  ])("is refused a SAS that is %s", async (_, body, words) => {
    const refused = await run(body);
    expect(refused.status).toBe(400);
    expect(refused.error).toMatchObject({ code: "InvalidBlobUploadSASUri", target: "uploadSasUri" });
    expect(refused.error.message).toContain(words);
    expect(refused.text).not.toContain("secret");
  });

  it.each([
    ["none", undefined, 404, "VirtualMachineNotFoundInARM"],
    ["ephemeral", { osDisk: { diffDiskSettings: { option: "Local" } } }, 405, "ResourceNotSupported"],
    ["encrypted", { osDisk: { encryptionSettings: { enabled: true } } }, 405, "ResourceNotSupported"],
    ["unmanaged", { osDisk: { vhd: { uri: "https://x/vhds/a.vhd" } } }, 405, "ResourceNotSupported"],
  ])("is refused a VM that is %s", async (name, storageProfile, status, code) => {
    if (storageProfile) arm.addVm({ name, properties: { storageProfile } });
    const resourceId = arm.vm(name)?.id ?? "/subscriptions/none";
    const refused = await run({ resourceId });
    expect([refused.status, refused.error.code]).toEqual([status, code]);
  });

  it("is refused without a manifest, in a region without the service, and for an operation nobody began", async () => {
    expect((await run({ manifest: "" })).error).toMatchObject({ code: "InvalidParameter", target: "manifest" });
    const elsewhere = inspection.replace("westeurope", "brazilsouth");
    expect((await ask(arm, "GET", elsewhere)).error.code).toBe("NoRegisteredProviderFound");
    const unknown = await ask(arm, "GET", `${place}/diagnosticOperations/1`);
    expect([unknown.status, unknown.error.code]).toEqual([404, "DiagnosticOperationNotFound"]);
  });
});

it("keeps a storage account for a region, once it is registered", async () => {
  const validate = (): Promise<Answer> => ask(arm, "POST", `${inspection}/validateStorageConfiguration`);
  expect((await validate()).error.code).toBe("StorageConfigurationNotFound");
  const storageAccountId = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/logs";
  const register = `${inspection}/registerStorageConfiguration`;
  expect((await ask(arm, "POST", register, { storageAccountId: "logs" })).error.code).toBe("InvalidParameter");
  expect((await ask(arm, "POST", register, { storageAccountId })).status).toBe(200);
  expect((await validate()).body).toEqual({ storageAccountId });
});

it("describes itself and scores placements", async () => {
  expect((await ask(arm, "GET", `${place}/diagnostics`)).body["value"]).toMatchObject([{ name: "diskInspection" }]);
  const scores = await ask(arm, "POST", `${place}/diagnostics/spotPlacementRecommender/generate`, {
    desiredLocations: ["westeurope"],
    desiredSizes: [{ sku: "Standard_D2s_v5" }],
    desiredCount: 1,
    availabilityZones: true,
  });
  expect(scores.body["placementScores"]).toHaveLength(3);
});

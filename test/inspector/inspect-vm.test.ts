/** VM Inspector from the checks to the report: what is found before anything is sent, and what the service answers. */
import { ComputeManagementClient } from "@azure/arm-compute";
import { defaultCatalog, rulesOf, withRemedy, type RemedyError } from "azure-remedy";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { inspectVm } from "azure-remedy/inspector";
import { strToU8, zipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { saneWaitMs } from "../../src/evidence/inspector/run-inspection.js";
import { remedyErrorOf } from "../support/outcome.js";

let arm: Emulator;
let vmId: string;
let client: ComputeManagementClient;
const atOnce = { now: () => Date.now(), sleep: () => Promise.resolve() };
const account = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/reports";
const sas = (claims: Record<string, string> = {}, path = "/c/web-01.zip"): string =>
  `https://reports.blob.core.windows.net${path}?${new URLSearchParams({ sr: "b", sp: "rw", se: "2099-01-01T00:00:00Z", sig: "SECRETSIG", ...claims }).toString()}`;

beforeEach(async () => {
  arm = await startEmulator({ throttling: false, operations: { polls: 0 } });
  arm.addVm({ name: "web-01" });
  vmId = `/subscriptions/${arm.subscriptionId}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01`;
  client = withRemedy(new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions), {
    maxRetries: 0,
    maxElapsedMs: 1,
  });
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await arm.stop();
});

const inspect = (upload = sas(), more: object = {}): ReturnType<typeof inspectVm> =>
  inspectVm(client, vmId, { upload, storageAccountId: account, clock: atOnce, ...more });

describe("inspectVm", () => {
  it("registers the storage account, runs, and reads the report by the signatures of guests", async () => {
    const zip = zipSync({
      "device_0/var/log/cloud-init.log": strToU8(
        "result=error|reason=failure to obtain DHCP lease|agent=Cloud-Init/24.4",
      ),
      "device_0/etc/fstab": strToU8("UUID=1 / ext4"),
    });
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(zip)));
    const inspection = await inspect();
    expect(arm.story.map((line) => line.replace(/ \d+.*$/, ""))).toEqual([
      "GET virtualMachines/web-01",
      "POST diagnostics/diskInspection/validateStorageConfiguration",
      "POST diagnostics/diskInspection/registerStorageConfiguration",
      "POST diagnostics/diskInspection/run",
      expect.stringMatching(/^GET diagnosticOperations\//),
    ]);
    expect(inspection).toMatchObject({
      report: "https://reports.blob.core.windows.net/c/web-01.zip",
      files: ["device_0/var/log/cloud-init.log", "device_0/etc/fstab"],
      findings: [{ source: "vmInspector", confidence: "high" }],
    });
    expect(JSON.stringify(inspection)).not.toContain("SECRETSIG");
  });

  it("gives the address where the report cannot be read", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new Error("closed")));
    expect(await inspect()).toMatchObject({ files: undefined, findings: [{ confidence: "none" }] });
  });

  it("lets a container client of the storage SDK sign the link", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new Error("closed")));
    const asked: string[] = [];
    const container = {
      getBlobClient: (name: string) => ({
        generateSasUrl: ({ permissions }: { permissions: { toString(): string } }) => {
          asked.push(`${name.replace(/-\d{4}.*(?=\.zip)/, "")} ${permissions.toString()}`);
          return Promise.resolve(sas({}, `/c/${name}`));
        },
      }),
    };
    await inspectVm(client, vmId, { upload: container, storageAccountId: account, clock: atOnce });
    expect(asked).toEqual(["web-01.zip rw"]);
  });

  it.each([
    ["no link", "reports.zip", /not in the expected format/],
    ["no https", sas().replace("https:", "http:"), /not in the expected format/],
    ["another file", sas({}, "/c/web-01.log"), /file extension '\.zip'/],
    ["a container's", sas({ sr: "c" }), /'sr'= c/],
    ["read only", sas({ sp: "r" }), /sp='rw'/],
    ["expired", sas({ se: "2020-01-01T00:00:00Z" }), /is expired/],
  ])("a link that is %s is found here, in the service's words", async (_, upload, words) => {
    const error = await remedyErrorOf(inspect(upload));
    expect(error).toMatchObject({
      code: "InvalidBlobUploadSASUri",
      reason: expect.stringContaining("found before VM Inspector was called") as string,
    });
    expect(error.diagnosis.message).toMatch(words);
    expect(error.diagnosis.rule?.id).toMatch(/^InvalidBlobUploadSASUri/);
    expect(arm.story).toEqual(["GET virtualMachines/web-01 200"]);
    expect(JSON.stringify(error.toJSON())).not.toContain("SECRETSIG");
  });

  it("says which storage account is missing where none is registered", async () => {
    const error = await remedyErrorOf(inspect(sas(), { storageAccountId: undefined }));
    expect(error).toMatchObject({ code: "StorageConfigurationNotFound" });
  });

  it("takes a run that failed for a failure, though it is answered with 200", async () => {
    arm.fail("DiskInspectForbiddenError", {
      on: "POST diagnostics/diskInspection/run",
      as: "operation",
      times: Infinity,
    });
    const error = await remedyErrorOf(inspect());
    expect(error.code).toBe("DiskInspectForbiddenError");
  });

  const documented = rulesOf(defaultCatalog).filter(({ sources }) =>
    sources.some(({ document }) => document === "vm-inspector"),
  );
  it.each(documented.map(({ id }) => id))("%s leads to its rule", async (id) => {
    arm.fail({ rule: id }, { on: "POST diagnostics/diskInspection/run", as: "answer", times: Infinity });
    const error: RemedyError = await remedyErrorOf(inspect());
    const rule = documented.find((one) => one.id === id);
    expect(error.code?.toLowerCase()).toBe(rule?.code.toLowerCase());
  });

  it.each([
    ["web-01", sas(), /vmId must be the id of a virtual machine/],
    [undefined, 7, /upload must be the SAS of a blob, or a container client/],
  ])("%j with %j is refused", async (id, upload, words) => {
    await expect(inspectVm(client, id ?? vmId, { upload: upload as string })).rejects.toThrow(words);
  });
});

it.each([
  [undefined, 10_000],
  ["5", 5_000],
  ["120000", 120_000],
  ["0", 1_000],
  ["soon", 10_000],
])("Retry-After %j is a wait of %d ms", (header, ms) => {
  expect(saneWaitMs(header)).toBe(ms);
});

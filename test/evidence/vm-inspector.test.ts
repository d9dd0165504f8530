/** VM Inspector as a source of evidence: when it is run, what it may cost, and what its report says. */
import type { RemedyOptions } from "azure-remedy";
import { standardEvidence, vmInspector, type VmInspectorOptions } from "azure-remedy/evidence";
import { strToU8, zipSync } from "fflate";
import { afterEach, describe, expect, it, vi } from "vitest";
import { generations, type Compute, type VmBody } from "../support/clients.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { scene, type Generation, type Scene } from "../support/scene.js";

const account = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/reports";
const upload = `https://reports.blob.core.windows.net/c/web-01.zip?${new URLSearchParams({ sr: "b", sp: "rw", se: "2099-01-01T00:00:00Z", sig: "SECRETSIG" }).toString()}`;
const report = zipSync({
  "device_0/var/log/cloud-init.log": strToU8("result=error|reason=failure to obtain DHCP lease|agent=Cloud-Init/24.4"),
  "device_0/etc/fstab": strToU8("UUID=1 / ext4"),
});

/** Boot diagnostics are what tells most; without them the disk is all that is left. */
const silent: Partial<VmBody> = {};
const talking = { diagnosticsProfile: { bootDiagnostics: { enabled: true } } } as Partial<VmBody>;

interface Told extends Scene {
  readonly connect: (inspector?: Partial<VmInspectorOptions>, options?: RemedyOptions) => Compute;
  /** What VM Inspector was asked, short. */
  readonly asked: readonly string[];
}

/** The storage account that holds the report; any other address is asked for real. */
function serveReport({ time }: Scene, content: Uint8Array<ArrayBuffer> | string): void {
  const { fetch } = globalThis;
  vi.stubGlobal("fetch", (...[input, init]: Parameters<typeof fetch>) => {
    const isReport = typeof input === "string" && input.startsWith("https://reports.blob.core.windows.net/");
    return isReport ? Promise.resolve(new Response(content)) : time.track(() => fetch(input, init));
  });
}

/** A guest that does not come up. The storage account holds the report. */
const story = (generation: Generation, tell: (told: Told) => Promise<void>): Promise<void> =>
  scene(
    generation,
    async (told) => {
      serveReport(told, report);
      for (const name of ["web-01", "web-02"]) told.arm.sick(name, "metadata-unreachable");
      await tell({
        ...told,
        connect: (inspector = {}, options = {}) => {
          const source = vmInspector({ upload, storageAccountId: account, ...inspector });
          return told.client({ evidence: [...standardEvidence(), source], ...options });
        },
        get asked(): readonly string[] {
          const lines = told.arm.story.filter((line) => /diskInspection|diagnosticOperations/.test(line));
          return lines.map((line) => line.replace(/op-\d+/, "op").replace("diagnostics/diskInspection/", ""));
        },
      });
    },
    { left: "some" },
  );
const theRun = [
  "POST validateStorageConfiguration 404 StorageConfigurationNotFound",
  "POST registerStorageConfiguration 200",
  "POST run 202",
];

afterEach(() => {
  vi.unstubAllGlobals();
});

const refusals: readonly [string, (told: Told) => void, Partial<VmInspectorOptions>, RegExp][] = [
  [
    "a right that is missing",
    (told: Told) => void told.arm.deny("Microsoft.Compute/locations/diagnostics/*"),
    {},
    /needs Microsoft\.Compute\/locations\/diagnostics\//,
  ],
  [
    "a link that is over",
    () => undefined,
    { upload: upload.replace("2099", "2020") },
    /InvalidBlobUploadSASUri: .*is expired.*found before VM Inspector was called/,
  ],
  ["a storage account that is not registered", () => undefined, { storageAccountId: "" }, /could not look/],
  [
    "a run that fails in a 200",
    (told: Told) =>
      void told.arm.fail("DiskInspectForbiddenError", { on: "POST diagnostics/diskInspection/run", as: "operation" }),
    {},
    /DiskInspectForbiddenError: .*the run of VM Inspector failed/,
  ],
  ["a report that is no zip", (told: Told) => serveReport(told, "no"), {}, /the report is not a zip/],
];

describe.each(generations)("arm-compute %s, vmInspector", (generation) => {
  it("names the root that nothing else could see, and where its report lies", () =>
    story(generation, async (told) => {
      const error = await remedyErrorOf(told.connect().create("web-01", silent));
      expect(told.asked).toEqual([...theRun, "GET diagnosticOperations/op 200"]);
      expect(error.code).toBe("OSProvisioningTimedOut");
      expect(error.diagnosis).toMatchObject({
        disposition: "permanent",
        refinedFrom: { code: "OSProvisioningTimedOut" },
      });
      const found = error.evidence.filter(({ source }) => source === "vmInspector");
      expect(found.map(({ says }) => says)).toEqual([
        expect.stringContaining("device_0/var/log/cloud-init.log shows: "),
        "VM Inspector has written its report to https://reports.blob.core.windows.net/c/web-01.zip, 2 files of the guest.",
      ]);
      expect(JSON.stringify([error.toJSON(), error.message, told.events])).not.toContain("SECRETSIG");
    }));

  it("is not run where the serial log has said it", () =>
    story(generation, async (told) => {
      const error = await remedyErrorOf(told.connect().create("web-01", talking));
      expect(told.asked).toEqual([]);
      expect(error.message).toContain("169.254.169.254");
    }));

  it("is not among the standard", () =>
    story(generation, async (told) => {
      await remedyErrorOf(told.client({ evidence: standardEvidence() }).create("web-01", silent));
      expect(told.asked).toEqual([]);
    }));

  it("is run once for a machine, and writes no report over another's", () =>
    story(generation, async (told) => {
      const compute = told.connect();
      await remedyErrorOf(compute.create("web-01", silent));
      const other = await remedyErrorOf(compute.create("web-02", silent));
      expect(told.asked.filter((line) => line === "POST run 202")).toHaveLength(1);
      expect(other.message).toContain("could not look: the link has the report of another machine");
    }));

  it.each(refusals)("%s is said, and hides nothing", (_, prepare, inspector, words) =>
    story(generation, async (told): Promise<void> => {
      prepare(told);
      const error = await remedyErrorOf(told.connect(inspector).create("web-01", silent));
      expect(error.code).toBe("OSProvisioningTimedOut");
      expect(error.evidence.map(({ says }) => says).join("\n")).toMatch(words);
      expect(JSON.stringify([error.toJSON(), error.message])).not.toMatch(/SECRETSIG|emulator-user/);
    }),
  );

  it("is not begun when the deadline comes before it could end", () =>
    story(generation, async (told) => {
      const error = await remedyErrorOf(told.connect({}, { evidenceBudgetMs: 20_000 }).create("web-01", silent));
      expect(told.asked).toEqual([]);
      expect(error.message).toContain("could not look: a run of VM Inspector takes minutes, and there are none left");
    }));

  it("ends with its budget, and with an abort, and nothing is sent after it", () =>
    story(generation, async (told) => {
      told.arm.longRunning({ on: "POST diagnostics/diskInspection/run", durationMs: 3_600_000 });
      const slow = await remedyErrorOf(told.connect({ budgetMs: 120_000 }).create("web-01", silent));
      const said = told.events.flatMap((event) => (event.type === "evidence" ? event.findings : []));
      expect(said.map(({ says }) => says)).toContain("could not look: no answer within 2 min");
      // Half an hour later, when the create is given up.
      expect(slow.message).toContain("could not look: VM Inspector was run within the hour");

      const controller = new AbortController();
      const call = thrownBy(told.connect().create("web-02", silent, { abortSignal: controller.signal }));
      const runs = (): number => told.asked.filter((line) => line === "POST run 202").length;
      while (runs() < 2) await told.time.sleep(1_000);
      controller.abort();
      await expect(call).resolves.toMatchObject({ name: "AbortError" });
      const sent = told.asked.length;
      await told.time.sleep(300_000);
      expect(told.asked).toHaveLength(sent);
    }));
});

describe("vmInspector", () => {
  it.each([
    [undefined, "vmInspector.upload must be the SAS of a blob, or a container client"],
    [{ upload: "" }, "vmInspector.upload must be"],
    [{ upload: {} }, "vmInspector.upload must be"],
    [{ upload, budgetMs: -1 }, "vmInspector.budgetMs must be a number of milliseconds"],
  ])("%j is refused", (options, message) => {
    expect(() => vmInspector(options as never)).toThrow(message);
  });
});

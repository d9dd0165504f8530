/** What a machine shows of itself when it came up wrong: instance view, extensions, serial log. */
import { startEmulator, type Emulator, type EmulatorOptions } from "azure-remedy/emulator";
import { afterEach, describe, expect, it } from "vitest";
import { compute22, compute24 } from "./clients.js";
import { ask, vm } from "./direct.js";
import { manualClock } from "./manual-clock.js";
import { atOnce, thrownBy } from "./outcome.js";

let arm: Emulator;
const start = async (options: EmulatorOptions = {}): Promise<void> => {
  arm = await startEmulator(options);
};
afterEach(() => arm.stop());

/** By the methods that both generations have. */
const clients: readonly (readonly [string, typeof compute22])[] = [
  ["22", compute22],
  ["24", compute24 as unknown as typeof compute22],
];
const withDiagnostics = {
  location: "westeurope",
  diagnosticsProfile: { bootDiagnostics: { enabled: true } },
  storageProfile: {
    imageReference: { publisher: "Canonical", offer: "ubuntu-24_04-lts", sku: "server", version: "latest" },
  },
};

/** The last bytes of the log, as a careful reader asks for them. */
async function tailOf(url: string, bytes: number): Promise<string> {
  const head = await fetch(url, { method: "HEAD" });
  expect(head.status).toBe(200);
  const length = Number(head.headers.get("content-length"));
  const from = Math.max(0, length - bytes);
  const part = await fetch(url, { headers: { range: `bytes=${from}-` } });
  expect(part.status).toBe(206);
  expect(part.headers.get("content-range")).toBe(`bytes ${from}-${length - 1}/${length}`);
  return part.text();
}

describe.each(clients)("a machine that came up wrong, by arm-compute %s", (_, client) => {
  it("fails, runs all the same, and has its reason in the serial log", async () => {
    await start();
    arm.sick("web-01", "missing-datasource");
    const { virtualMachines } = client(arm);
    const error = await thrownBy(virtualMachines.beginCreateOrUpdateAndWait("rg", "web-01", withDiagnostics, atOnce));
    expect(String(error)).toContain("did not finish in the allotted time");
    expect(arm.vm("web-01")).toMatchObject({ provisioningState: "Failed", powerState: "running" });

    const view = await virtualMachines.instanceView("rg", "web-01");
    expect(view.computerName).toBeUndefined();
    expect(view.vmAgent).toMatchObject({
      vmAgentVersion: "Unknown",
      statuses: [{ code: "ProvisioningState/Unavailable", level: "Warning", message: "VM status blob not found." }],
    });
    expect(view.statuses?.map(({ code }) => code)).toEqual([
      "ProvisioningState/failed/OSProvisioningTimedOut",
      "PowerState/running",
    ]);
    // Managed storage: no links here.
    expect(view.bootDiagnostics).toEqual({});

    const links = await virtualMachines.retrieveBootDiagnosticsData("rg", "web-01", {
      sasUriExpirationTimeInMinutes: 5,
    });
    const tail = await tailOf(links.serialConsoleLogBlobUri ?? "", 65_536);
    expect(tail.length).toBe(65_536);
    const lastBoot = tail.slice(tail.lastIndexOf("Linux version"));
    expect(lastBoot).toContain("/dev/sr0 was not mountable");
    expect(lastBoot).not.toContain("Datasource DataSourceAzure [seed");
    const screenshot = await fetch(links.consoleScreenshotBlobUri ?? "");
    expect(screenshot.headers.get("content-type")).toBe("image/bmp");
    expect((await screenshot.text()).slice(0, 2)).toBe("BM");
  });

  it("shows the exit code and the output of an extension", async () => {
    await start();
    arm.addVm({ name: "web-01" });
    arm.failExtension("setup", { exitCode: 9, stdout: "step 1\n", stderr: "apt: no space left" });
    const { virtualMachineExtensions, virtualMachines } = client(arm);
    const extension = {
      location: "westeurope",
      publisher: "Microsoft.Azure.Extensions",
      typePropertiesType: "CustomScript",
      typeHandlerVersion: "2.1",
    };
    const sent = virtualMachineExtensions.beginCreateOrUpdateAndWait("rg", "web-01", "setup", extension, atOnce);
    expect(String(await thrownBy(sent))).toContain("exit status=9");
    const { extensions } = await virtualMachines.instanceView("rg", "web-01");
    expect(extensions).toMatchObject([
      {
        name: "setup",
        statuses: [{ code: "ProvisioningState/failed/9", level: "Error", displayStatus: "Provisioning failed" }],
        substatuses: [
          { code: "ComponentStatus/StdOut/succeeded", message: "step 1\n" },
          { code: "ComponentStatus/StdErr/succeeded", message: "apt: no space left" },
        ],
      },
    ]);
    // The next write is a new run.
    await virtualMachineExtensions.beginCreateOrUpdateAndWait("rg", "web-01", "setup", extension, atOnce);
    const after = await virtualMachines.instanceView("rg", "web-01");
    expect(after.extensions?.[0]?.statuses?.[0]?.code).toBe("ProvisioningState/succeeded");
  });

  it("prints what scripts print", async () => {
    await start();
    const { virtualMachines } = client(arm);
    const made = await virtualMachines.beginCreateOrUpdateAndWait("rg", "web-01", withDiagnostics, atOnce);
    expect(made.storageProfile?.osDisk).toMatchObject({
      osType: "Linux",
      diskSizeGB: 30,
      managedDisk: { storageAccountType: "Premium_LRS" },
    });
    const view = await virtualMachines.instanceView("rg", "web-01");
    expect(view).toMatchObject({ computerName: "web-01", osName: "ubuntu", osVersion: "24.04" });
  });
});

describe("the agent", () => {
  it("that is silent lets extensions fail", async () => {
    await start();
    arm.addVm({ name: "web-01" });
    const condition = arm.sick("web-01", "silent-agent");
    const extension = { location: "westeurope", properties: { publisher: "p", type: "t" } };
    const accepted = await ask(arm, "PUT", vm("web-01", "/extensions/setup"), extension);
    arm.finishOperations();
    const ended = await ask(arm, "GET", accepted.headers.get("azure-asyncoperation") ?? "");
    expect(ended.error.code).toBe("VMAgentStatusCommunicationError");
    const view = await ask(arm, "GET", vm("web-01", "/instanceView"));
    expect(view.text).toContain("VM Agent is unresponsive.");
    condition.remove();
    expect((await ask(arm, "GET", vm("web-01", "/instanceView"))).text).toContain("Guest Agent is running");
  });
});

describe("boot diagnostics", () => {
  it("must be on", async () => {
    await start();
    arm.addVm({ name: "web-01" });
    const refused = await ask(arm, "POST", vm("web-01", "/retrieveBootDiagnosticsData"));
    expect(refused.error).toMatchObject({ code: "OperationNotAllowed" });
  });

  it("give links that end, that fit one blob, and that want no token", async () => {
    const clock = manualClock();
    await start({ clock });
    arm.addVm({ name: "web-01", bootDiagnostics: true });
    const { body } = await ask(arm, "POST", vm("web-01", "/retrieveBootDiagnosticsData"));
    const url = body["serialConsoleLogBlobUri"] as string;
    const other = url.replace("serialconsole.log", "screenshot.bmp");
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(other)).headers.get("x-ms-error-code")).toBe("AuthenticationFailed");
    const withToken = await fetch(url, { headers: { authorization: "Bearer x" } });
    expect(withToken.headers.get("x-ms-error-code")).toBe("InvalidAuthenticationInfo");
    const beyond = await fetch(url, { headers: { range: "bytes=99999999-" } });
    expect(beyond.status).toBe(416);
    clock.advance(120 * 60_000);
    expect((await fetch(url)).status).toBe(403);
    expect(await (await fetch(url)).text()).toContain("<Code>AuthenticationFailed</Code>");
    // A signature is a secret: no line of the story and no exchange holds it.
    expect(JSON.stringify(arm.exchanges)).not.toContain(new URL(url).searchParams.get("sig"));
  });

  it("know every illness by its signature, and refuse one that does not exist", async () => {
    await start();
    expect(() => arm.sick("web-01", "flu" as "disk-full")).toThrow(/no illness "flu"\. There are: missing-datasource/);
  });
});

it("addresses of interfaces and public addresses are there to print", async () => {
  await start();
  const group = "/resourceGroups/rg/providers/Microsoft.Network";
  const put = async (path: string, properties: object): Promise<void> => {
    await ask(arm, "PUT", `${group}/${path}`, { location: "westeurope", properties });
    arm.finishOperations();
  };
  await put("virtualNetworks/net", { subnets: [{ name: "a", properties: { addressPrefix: "10.7.0.0/24" } }] });
  await put("publicIPAddresses/ip", {});
  const base = `/subscriptions/${arm.subscriptionId}${group}`;
  await put("networkInterfaces/nic", {
    ipConfigurations: [
      {
        name: "one",
        properties: {
          subnet: { id: `${base}/virtualNetworks/net/subnets/a` },
          publicIPAddress: { id: `${base}/publicIPAddresses/ip` },
        },
      },
    ],
  });
  const nic = await ask(arm, "GET", `${group}/networkInterfaces/nic`);
  expect(nic.body.properties).toMatchObject({
    macAddress: "00-0D-3A-00-00-01",
    ipConfigurations: [
      { id: `${base}/networkInterfaces/nic/ipConfigurations/one`, properties: { privateIPAddress: "10.7.0.4" } },
    ],
  });
  expect((await ask(arm, "GET", `${group}/publicIPAddresses/ip`)).body.properties?.["ipAddress"]).toBe("203.0.113.10");
});

/** `investigate` as a process, before the emulator: what it reads, and the page at its end. */
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bundleProgram, run, type Ended } from "./program-under-test.js";

bundleProgram();

let arm: Emulator;
let group: string;
let machine: string;
let deployment: string;

beforeEach(async () => {
  arm = await startEmulator({
    throttling: false,
    operations: { polls: 0 },
    activityLogLateMs: 0,
    deploymentErrors: "bare",
    onUnknownRequest: "answer",
  });
  group = `/subscriptions/${arm.subscriptionId}/resourceGroups/rg`;
  machine = `${group}/providers/Microsoft.Compute/virtualMachines/web-01`;
  deployment = `${group}/providers/Microsoft.Resources/deployments/main`;
});
afterEach(() => arm.stop());

const investigate = (...args: readonly string[]): Promise<Ended> =>
  run(["investigate", ...args, "--emulator", arm.endpoint]);

/** What somebody has asked for, earlier today; its correlation id. */
async function put(id: string, body: object): Promise<string> {
  const headers = { "content-type": "application/json" };
  const url = `${arm.endpoint}${id}?api-version=2024-07-01`;
  const response = await fetch(url, { method: "PUT", headers, body: JSON.stringify(body) });
  await response.text();
  for (let look = 0; look < 4; look++) {
    arm.finishOperations();
    await (await fetch(url)).text();
  }
  return response.headers.get("x-ms-correlation-request-id") ?? "";
}

const model = (vmSize = "Standard_D2s_v5"): object => ({
  location: "westeurope",
  properties: { hardwareProfile: { vmSize }, diagnosticsProfile: { bootDiagnostics: { enabled: true } } },
});

/** What the program itself has asked. */
const asked = (since: number): string[] =>
  arm.exchanges.slice(since).map(({ method, name }) => `${method} ${name.split("/")[0] ?? ""}`);

describe("investigate", () => {
  it("by the id of a machine: the failure from the activity log, its root from the serial log", async () => {
    arm.sick("web-01", "missing-datasource");
    await put(machine, model());
    const since = arm.exchanges.length;
    const { stdout, stderr, code } = await investigate(machine);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^web-01 {2}Microsoft\.Compute\/virtualMachines, group rg\n\nWhat failed\n {2}OSProvisioningTimedOut \(inside ResourceOperationFailure\) in Microsoft\.Compute\/virtualMachines\/write at 20\S+Z, .* ago, as the activity log has it\.\n {2}Correlation id, for support: [0-9a-f-]{36}\n/,
    );
    expect(stdout).toMatch(/Root\n {2}OSProvisioningTimedOut: The guest could not read its provisioning disk/);
    expect(stdout).toMatch(/Found\n(?: {2}.*\n)* {2}bootLog: The serial log shows: .*\(high\)/);
    expect(stdout).toMatch(/What to do\n {2}1\. Allow the udf module in the image/);
    expect(stderr).toMatch(/bootLog: \d findings/);
    expect(asked(since).filter((line) => !/^(?:GET|HEAD) /.test(line))).toEqual(["POST virtualMachines"]);
    expect(stdout).not.toMatch(/sig=/);
  });

  it("by the id of a deployment two levels deep, as JSON", async () => {
    arm.restrict("Standard_D4s_v5");
    const nested = (name: string, resources: object[]): object => ({
      type: "Microsoft.Resources/deployments",
      apiVersion: "2021-04-01",
      name,
      properties: { mode: "Incremental", template: { resources } },
    });
    const resource = {
      type: "Microsoft.Compute/virtualMachines",
      apiVersion: "2024-07-01",
      name: "web-01",
      ...model("Standard_D4s_v5"),
    };
    const resources = [nested("outer", [nested("inner", [resource])])];
    await put(deployment, { properties: { mode: "Incremental", template: { resources } } });
    const { stdout, code } = await investigate(deployment, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      subject: deployment,
      missing: false,
      failed: { code: "DeploymentFailed", seenIn: "the deployment" },
      root: { code: "SkuNotAvailable", disposition: "permanent" },
      findings: [
        { source: "deploymentOperations" },
        { source: "deploymentOperations" },
        { source: "deploymentOperations" },
        { source: "skus", confidence: "high" },
      ],
    });
  });

  it("by a correlation id, which needs a subscription", async () => {
    arm.shortage("Standard_D2s_v5");
    const id = await put(machine, model());
    const without = await run(["investigate", id, "--emulator", arm.endpoint], {
      env: { AZURE_SUBSCRIPTION_ID: "" },
    });
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining("--subscription") as string });
    const { stdout } = await investigate(id, "--subscription", arm.subscriptionId);
    expect(stdout).toMatch(/^web-01 {2}Microsoft\.Compute\/virtualMachines, group rg/);
    expect(stdout).toContain("AllocationFailed");
  });

  it("fills in what the id says", async () => {
    arm.sick("web-01", "silent-agent");
    await put(machine, model());
    arm.fail("OSProvisioningTimedOut", { on: "PUT virtualMachines", times: 1 });
    await put(machine, model());
    const { stdout } = await investigate(machine);
    expect(stdout).not.toMatch(/<resource-group>|<vm>/);
  });

  it("says what it may not read, with the right that is missing, and names nobody", async () => {
    arm.sick("web-01", "missing-datasource");
    await put(machine, model());
    arm.deny("Microsoft.Insights/eventtypes/values/read");
    arm.deny("Microsoft.Compute/virtualMachines/retrieveBootDiagnosticsData/action");
    const { stdout, code } = await investigate(machine);
    expect(code).toBe(0);
    expect(stdout).toContain("OSProvisioningTimedOut at ");
    expect(stdout).toContain("as the instance view has it.");
    expect(stdout).toContain(
      "bootLog: could not look: needs Microsoft.Compute/virtualMachines/retrieveBootDiagnosticsData/action",
    );
    expect(stdout).toContain("activityLog: could not look: needs Microsoft.Insights/eventtypes/values/read");
    expect(stdout).not.toMatch(/anonymous|object id/);
  });

  it.each([
    ["a machine that is well", "web-01", /Its state shows no failure, and the activity log holds none of the last 6 h/],
    ["a machine that is not there", "none", /There is no such resource, or no longer; the activity log holds none/],
  ])("%s: says so, and where to look further", async (_, name, words) => {
    arm.addVm({ name: "web-01" });
    const { stdout, code } = await investigate(machine.replace("web-01", name));
    expect(code).toBe(1);
    expect(stdout).toMatch(words);
    expect(stdout).toContain("--since 48h");
  });

  it("looks as far back as it is told", async () => {
    await put(machine, model());
    await investigate(machine, "--since", "90m");
    const { path = "" } = arm.exchanges.find(({ name }) => name.startsWith("eventtypes")) ?? {};
    const [, from = ""] = /eventTimestamp ge '([^']+)'/.exec(decodeURIComponent(path)) ?? [];
    const agoMs = Date.now() - Date.parse(from);
    expect(agoMs).toBeGreaterThan(89 * 60_000);
    expect(agoMs).toBeLessThan(100 * 60_000);
  });

  it("an address where nothing answers is no defect", async () => {
    const { code, stderr } = await run(["investigate", machine, "--emulator", "http://127.0.0.1:9"]);
    expect(code).toBe(2);
    expect(stderr).toContain("nothing answers at http://127.0.0.1:9");
    expect(stderr).not.toContain("    at ");
  });

  it.each([
    [["investigate", "web-01"], "is not the id of a resource"],
    [
      ["investigate", "/subscriptions/s/resourceGroups/rg", "--emulator", "https://evil.example"],
      "azure-remedy emulator prints",
    ],
    [["investigate", "/subscriptions/s/resourceGroups/rg", "--since", "yesterday"], "duration"],
  ])("%j is refused", async (args, words) => {
    const { code, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });
});

describe("explain --investigate", () => {
  it("looks around the resource that the text names", async () => {
    arm.addVm({ name: "web-01" });
    arm.failExtension("setup", { exitCode: 9, stderr: "boom" });
    await put(`${machine}/extensions/setup`, { location: "westeurope", properties: { publisher: "p", type: "t" } });
    const text = `Error: creating ${machine}: VMExtensionProvisioningError: VM has reported a failure when processing extension 'setup'.`;
    const { stdout } = await run(["explain", "--investigate", "--emulator", arm.endpoint], { stdin: text });
    expect(stdout).toMatch(/^VMExtensionProvisioningError {2}permanent/m);
    expect(stdout).toMatch(/Extension setup \(p\.t\) ended with exit code 9: boom/);
  });

  it("says so where the text names none", async () => {
    const { code, stderr } = await run(["explain", "AllocationFailed", "--investigate", "--emulator", arm.endpoint]);
    expect(code).toBe(2);
    expect(stderr).toContain("names no resource");
  });
});

/** What each source asks for one kind of failure, what it finds, and what becomes of the diagnosis. */
import { describe, expect, it } from "vitest";
import {
  activityLog,
  bootLog,
  deploymentOperations,
  health,
  instanceView,
  locks,
  marketplaceTerms,
  permissions,
  policy,
  reservations,
  runCommands,
  skus,
  usages,
} from "azure-remedy/evidence";
import { answer, forbidden, group, look, machine, origin, subscription, type Looked } from "./stub-service.js";

const says = ({ findings }: Looked): string[] => findings.map((finding) => finding.says);
const body = (size = "Standard_D4s_v5", more: object = {}) => ({
  location: "eastus",
  properties: { hardwareProfile: { vmSize: size }, ...more },
});

describe("deploymentOperations", () => {
  const deployment = `${group}/providers/Microsoft.Resources/deployments/main`;
  const failed = {
    code: "DeploymentFailed",
    message: "At least one resource deployment operation failed. Please list deployment operations for details.",
  };
  const operation = (type: string, id: string, statusMessage: unknown) => ({
    operationId: "5F1C",
    properties: {
      provisioningOperation: "Create",
      provisioningState: "Failed",
      timestamp: "2026-11-30T09:12:41Z",
      statusCode: "Conflict",
      statusMessage,
      targetResource: { id, resourceType: type, resourceName: id.split("/").at(-1) },
    },
  });
  const allocation = { code: "AllocationFailed", message: "Allocation failed. Try a smaller size." };

  it.each([
    ["{ status, error }", { status: "Failed", error: allocation }],
    ["{ error }", { error: allocation }],
    ["a bare error", allocation],
    ["a text of JSON", JSON.stringify({ error: allocation })],
    ["wrapped", { error: { code: "ResourceDeploymentFailure", message: "terminal state", details: [allocation] } }],
  ])("names the root of the failed operation, written as %s", async (_, statusMessage) => {
    const looked = await look([deploymentOperations()], {
      error: failed,
      call: { url: `${origin}${deployment}?api-version=2021-04-01` },
      replies: {
        "GET deployments/main/operations": {
          value: [operation("Microsoft.Compute/virtualMachines", machine, statusMessage)],
        },
      },
    });
    expect(looked.diagnosis).toMatchObject({
      code: "AllocationFailed",
      category: "capacity",
      refinedFrom: { code: "DeploymentFailed" },
    });
    expect(says(looked)).toEqual([
      "Microsoft.Compute/virtualMachines web-01 failed: AllocationFailed: Allocation failed. Try a smaller size.",
    ]);
    expect(looked.findings[0]).toMatchObject({
      source: "deploymentOperations",
      confidence: "high",
      at: new Date("2026-11-30T09:12:41Z"),
    });
  });

  it("follows a deployment inside a deployment, and asks the sources of the resource behind it", async () => {
    const inner = `${group}/providers/Microsoft.Resources/deployments/inner`;
    const looked = await look([deploymentOperations(), locks()], {
      error: failed,
      call: { url: `${origin}${deployment}?api-version=2021-04-01` },
      replies: {
        "GET deployments/main/operations": {
          value: [operation("Microsoft.Resources/deployments", inner, { error: failed })],
        },
        "GET deployments/inner/operations": {
          value: [
            operation("Microsoft.Compute/virtualMachines", machine, {
              error: {
                code: "ScopeLocked",
                message: `The scope '${machine}' cannot perform write operation because following scope(s) are locked: '${group}'. Please remove the lock and try again.`,
              },
            }),
          ],
        },
        [`GET rg/providers/Microsoft.Authorization/locks`]: {
          value: [
            {
              id: `${group}/providers/Microsoft.Authorization/locks/freeze`,
              name: "freeze",
              properties: { level: "ReadOnly", notes: "Audit until January, ask Ann" },
            },
          ],
        },
      },
    });
    expect(looked.story.map((line) => line.slice(-40))).toHaveLength(3);
    expect(looked.diagnosis).toMatchObject({
      code: "ScopeLocked",
      refinedFrom: { refinedFrom: { refinedFrom: { code: "DeploymentFailed" } } },
    });
    expect(looked.diagnosis.explanation).toContain("Lock freeze (ReadOnly)");
    expect(says(looked).at(-1)).toBe(`Lock freeze (ReadOnly) on ${group}; its notes: "Audit until January, ask Ann".`);
  });

  it("keeps the siblings of several failed operations", async () => {
    const other = { code: "PublicIPCountLimitReached", message: "Cannot create more than 10 public IP addresses." };
    const looked = await look([deploymentOperations()], {
      error: failed,
      call: { url: `${origin}${deployment}?api-version=2021-04-01` },
      replies: {
        "GET deployments/main/operations": {
          value: [
            operation("Microsoft.Compute/virtualMachines", machine, { error: allocation }),
            operation(
              "Microsoft.Network/publicIPAddresses",
              `${group}/providers/Microsoft.Network/publicIPAddresses/ip`,
              { error: other },
            ),
          ],
        },
      },
    });
    expect(looked.diagnosis.code).toBe("PublicIPCountLimitReached");
    expect(looked.diagnosis.others).toMatchObject([{ code: "AllocationFailed" }]);
  });

  it("does not ask about a template that was refused before it ran", async () => {
    const looked = await look([deploymentOperations()], {
      error: { code: "InvalidTemplateDeployment", message: "The template deployment failed validation." },
      call: { url: `${origin}${deployment}?api-version=2021-04-01` },
    });
    expect(looked.story).toEqual([]);
  });
});

describe("instanceView", () => {
  const view = (instanceView: object, properties: object = {}) => ({
    "GET virtualMachines/web-01": { properties: { provisioningState: "Failed", ...properties, instanceView } },
  });

  it("names the extension with its exit code and error output", async () => {
    const looked = await look([instanceView()], {
      error: {
        code: "VMExtensionProvisioningError",
        message: "VM has reported a failure when processing extension 'setup'.",
      },
      replies: view({
        extensions: [
          {
            name: "setup",
            type: "Microsoft.Azure.Extensions.CustomScript",
            statuses: [
              {
                code: "ProvisioningState/failed/9",
                level: "Error",
                displayStatus: "Provisioning failed",
                message: "Enable failed",
              },
            ],
            substatuses: [
              {
                code: "ComponentStatus/StdErr/succeeded",
                level: "Info",
                message: "apt: no space left; password=hunter2hunter2",
              },
            ],
          },
        ],
        statuses: [{ code: "PowerState/running" }],
      }),
    });
    expect(says(looked)[0]).toBe(
      "Extension setup (Microsoft.Azure.Extensions.CustomScript) ended with exit code 9: apt: no space left; password=[redacted]",
    );
    expect(looked.diagnosis).toMatchObject({
      code: "VMExtensionProvisioningError",
      disposition: "permanent",
      category: "extension",
    });
    expect(looked.diagnosis.explanation).toMatch(/^Extension setup ended with exit code 9/);
    expect(JSON.stringify(looked)).not.toContain("hunter2");
    expect(says(looked).at(-1)).toContain("it is billed");
  });

  it("says what the agent says, and what that means", async () => {
    const looked = await look([instanceView()], {
      error: {
        code: "OSProvisioningTimedOut",
        message: "OS Provisioning for VM 'web-01' did not finish in the allotted time.",
      },
      replies: view({
        vmAgent: {
          vmAgentVersion: "Unknown",
          statuses: [
            {
              code: "ProvisioningState/Unavailable",
              displayStatus: "Not Ready",
              message: "VM status blob is found but not yet populated.",
            },
          ],
        },
      }),
    });
    expect(says(looked)).toEqual([
      "The VM agent is not ready: VM status blob is found but not yet populated. (still starting, or it cannot reach the host)",
    ]);
    expect(looked.diagnosis.refinedFrom).toBeUndefined();
  });

  it("says what is at work, and since when", async () => {
    const looked = await look([instanceView()], {
      error: { code: "Conflict", message: "Another operation is in progress." },
      replies: view({ statuses: [{ code: "ProvisioningState/updating", time: "2026-11-30T09:00:00Z" }] }),
    });
    expect(says(looked)).toEqual([
      "The machine has been updating since 2026-11-30T09:00:00.000Z: another operation is at work.",
    ]);
  });

  it("looks into the failed instances of a scale set", async () => {
    const looked = await look([instanceView()], {
      error: { code: "VMExtensionProvisioningError", message: "Failed." },
      call: { url: `${origin}${group}/providers/Microsoft.Compute/virtualMachineScaleSets/set?api-version=2024-07-01` },
      replies: {
        "GET set/instanceView": {
          virtualMachine: {
            statusesSummary: [{ code: "ProvisioningState/failed/VMExtensionProvisioningError", count: 1 }],
          },
          extensions: [{ name: "setup", statusesSummary: [{ code: "ProvisioningState/failed/1", count: 1 }] }],
        },
        "GET set/virtualMachines": {
          value: [
            { name: "set_0", properties: { provisioningState: "Succeeded" } },
            {
              name: "set_1",
              properties: {
                provisioningState: "Failed",
                instanceView: {
                  extensions: [{ name: "setup", statuses: [{ code: "ProvisioningState/failed/1", message: "boom" }] }],
                },
              },
            },
          ],
        },
      },
    });
    expect(says(looked)).toEqual([
      "1 of the set's instances failed: ProvisioningState/failed/VMExtensionProvisioningError (1).",
      "Extension setup failed on 1 of the set's instances.",
      "Instance set_1: Extension setup ended with exit code 1: boom",
    ]);
  });
});

describe("bootLog", () => {
  const timedOut = {
    code: "OSProvisioningTimedOut",
    message: "OS Provisioning for VM 'web-01' did not finish in the allotted time.",
  };
  const model = (enabled: boolean) => ({
    "GET virtualMachines/web-01": { properties: { diagnosticsProfile: { bootDiagnostics: { enabled } } } },
  });
  const links = {
    "POST web-01/retrieveBootDiagnosticsData": {
      consoleScreenshotBlobUri:
        "https://md.z1.blob.storage.azure.net/bd/screenshot.bmp?sv=2018&sr=b&sig=SECRETSCREEN%3D",
      serialConsoleLogBlobUri:
        "https://md.z1.blob.storage.azure.net/bd/serialconsole.log?sv=2018&sr=b&sig=SECRETLOG%3D",
    },
  };
  const blob =
    (log: string) =>
    ({ method, headers }: { method: string; headers: Readonly<Record<string, string>> }) => {
      const [, from = "0", to = "0"] = /bytes=(\d+)-(\d+)/.exec(headers["range"] ?? "") ?? [];
      return method === "HEAD"
        ? {
            status: 200,
            headers: { get: (name: string) => (name === "content-length" ? String(log.length) : undefined) },
          }
        : { status: 206, headers: { get: () => undefined }, bodyAsText: log.slice(Number(from), Number(to) + 1) };
    };

  it("reads the last boot of the serial log", async () => {
    const oldBoot = "[    0.000000] Linux version 6.8\n[   9.1] Kernel panic - not syncing: Fatal exception\n";
    const log = `${oldBoot}[    0.000000] Linux version 6.8\n\u001b[0;31m[   31.2] cloud-init[812]: DataSourceNone.py[WARNING]: Used fallback datasource\u001b[0m\n`;
    const looked = await look([bootLog()], {
      error: timedOut,
      replies: { ...model(true), ...links },
      blobs: blob("x".repeat(200_000) + "\n" + log),
    });
    expect(looked.diagnosis).toMatchObject({
      code: "OSProvisioningTimedOut",
      disposition: "permanent",
      category: "image",
    });
    expect(looked.diagnosis.explanation).toContain("found no data source");
    expect(says(looked)[0]).toMatch(/^The serial log shows: cloud-init in the image found no data source/);
    expect(says(looked)).toHaveLength(2);
    expect(says(looked)[1]).toContain("screenshot");
    expect(JSON.stringify(looked.findings)).not.toMatch(/SECRET|sig=/);
  });

  it("reads the report of the guest in the platform's own message, and asks for nothing", async () => {
    const message = `${timedOut.message} result=error|reason=failure to obtain DHCP lease|agent=Cloud-Init/24.1|vm_id=aa`;
    const looked = await look([bootLog()], { error: { ...timedOut, message } });
    expect(looked.story).toEqual([]);
    expect(looked.diagnosis).toMatchObject({
      category: "network",
      explanation: expect.stringContaining("no address by DHCP") as string,
    });
  });

  it("says so where boot diagnostics are off, and asks no further", async () => {
    const looked = await look([bootLog()], { error: timedOut, replies: model(false) });
    expect(looked.story).toHaveLength(1);
    expect(says(looked)[0]).toMatch(/^could not look: boot diagnostics are off/);
  });

  it.each([
    [
      "Reader",
      () => forbidden("Microsoft.Compute/virtualMachines/retrieveBootDiagnosticsData/action"),
      "needs Microsoft.Compute/virtualMachines/retrieveBootDiagnosticsData/action",
    ],
    [
      "a read-only lock",
      () => answer(409, { error: { code: "ScopeLocked", message: "locked" } }),
      "a read-only lock forbids this question too",
    ],
  ])("says what stops it: %s", async (_, refusal, words) => {
    const looked = await look([bootLog()], {
      error: timedOut,
      replies: { ...model(true), "POST web-01/retrieveBootDiagnosticsData": refusal },
    });
    expect(looked.findings).toMatchObject([{ source: "bootLog", confidence: "none" }]);
    expect(says(looked)[0]).toContain(words);
    expect(JSON.stringify(looked.findings)).not.toContain("ann@");
  });
});

describe("usages", () => {
  const counters = {
    value: [
      { currentValue: 96, limit: 100, name: { value: "cores", localizedValue: "Total Regional vCPUs" } },
      {
        currentValue: 8,
        limit: 10,
        name: { value: "standardDSv5Family", localizedValue: "Standard DSv5 Family vCPUs" },
      },
      { currentValue: 3, limit: 3, name: { value: "lowPriorityCores", localizedValue: "Total Regional Spot vCPUs" } },
    ],
  };
  const sku = {
    value: [
      {
        resourceType: "virtualMachines",
        name: "Standard_D8s_v5",
        family: "standardDSv5Family",
        locations: ["eastus"],
        capabilities: [{ name: "vCPUs", value: "8" }],
      },
    ],
  };

  it("tells limit, use and need of the pool that the message names", async () => {
    const looked = await look([usages()], {
      error: {
        code: "QuotaExceeded",
        message:
          "Operation could not be completed as it results in exceeding approved standardDSv5Family Cores quota. Additional details - Deployment Model: Resource Manager, Location: eastus, Current Limit: 10, Current Usage: 8, Additional Required: 4, (Minimum) New Limit Required: 12.",
      },
      call: { body: body() },
      replies: { "GET locations/eastus/usages": counters },
    });
    expect(looked.story).toHaveLength(1);
    expect(says(looked)).toEqual(["Standard DSv5 Family vCPUs in eastus: 8 of 10 used, 4 more needed: 2 too few."]);
    expect(looked.diagnosis.disposition).toBe("permanent");
    const link = looked.diagnosis.remedy.steps[0] ?? "";
    expect(decodeURIComponent(link)).toContain(
      '"resourceName":"standardDSv5Family","quotaRequest":{"properties":{"limit":12',
    );
  });

  it("finds the pools of the size where the message names none", async () => {
    const looked = await look([usages()], {
      error: { code: "QuotaExceeded", message: "Quota exceeded." },
      call: { body: body("Standard_D8s_v5") },
      replies: { "GET locations/eastus/usages": counters, "GET Microsoft.Compute/skus": sku },
    });
    expect(says(looked)).toEqual([
      "Total Regional vCPUs in eastus: 96 of 100 used, 8 more needed: 4 too few.",
      "Standard DSv5 Family vCPUs in eastus: 8 of 10 used, 8 more needed: 6 too few.",
    ]);
  });

  it.each([
    [["fallbackSizes"], "adaptable"],
    [[], "permanent"],
  ])("a spot pool that is used up is, with the remedies %j, %s", async (remedies, disposition) => {
    const looked = await look([usages()], {
      error: { code: "QuotaExceeded", message: "Quota exceeded." },
      call: { body: body("Standard_D8s_v5", { priority: "Spot" }), remedies },
      replies: { "GET locations/eastus/usages": counters, "GET Microsoft.Compute/skus": sku },
    });
    expect(says(looked)).toEqual(["Total Regional Spot vCPUs in eastus: 3 of 3 used, 8 more needed: 8 too few."]);
    expect(looked.diagnosis.disposition).toBe(disposition);
  });

  it("asks Network about addresses", async () => {
    const looked = await look([usages()], {
      error: {
        code: "PublicIPCountLimitReached",
        message: "Cannot create more than 10 public IP addresses for this subscription in this region.",
      },
      call: {
        url: `${origin}${group}/providers/Microsoft.Network/publicIPAddresses/ip?api-version=2024-05-01`,
        body: { location: "westeurope" },
      },
      replies: {
        "GET Microsoft.Network/locations/westeurope/usages": {
          value: [
            {
              currentValue: 10,
              limit: 10,
              name: { value: "PublicIPAddresses", localizedValue: "Public IP Addresses" },
            },
          ],
        },
      },
    });
    expect(says(looked)).toEqual(["Public IP Addresses in westeurope: 10 of 10 used."]);
  });

  it("asks once a minute", async () => {
    const source = usages();
    const scene = {
      error: { code: "QuotaExceeded", message: "quota limits of cores. Additional requested: 8." },
      call: { body: body() },
      replies: { "GET locations/eastus/usages": counters },
    };
    expect((await look([source], scene)).story).toHaveLength(1);
    expect((await look([source], scene)).story).toHaveLength(0);
  });
});

describe("skus", () => {
  const error = {
    code: "SkuNotAvailable",
    message: "The requested size is currently not available in location 'eastus'.",
  };
  const list = (restrictions: object[]) => ({
    "GET Microsoft.Compute/skus": {
      value: [
        { resourceType: "disks", name: "Standard_D4s_v5", locations: ["eastus"] },
        {
          resourceType: "virtualMachines",
          name: "Standard_D4s_v5",
          locations: ["EastUS"],
          locationInfo: [{ location: "EastUS", zones: ["3", "1", "2"] }],
          restrictions,
        },
      ],
    },
  });
  const closed = (type: string, zones: string[] = [], reasonCode = "NotAvailableForSubscription") => ({
    type,
    restrictionInfo: { locations: ["eastus"], zones },
    reasonCode,
  });

  it.each([
    [[], "permanent"],
    [["fallbackSizes"], "adaptable"],
    [["fallback"], "adaptable"],
  ])("a restricted size is, with the remedies %j, %s", async (remedies, disposition) => {
    const looked = await look([skus()], {
      error,
      call: { body: body(), remedies },
      replies: list([closed("Location")]),
    });
    expect(looked.diagnosis).toMatchObject({ disposition, remedy: { automatic: "fallbackSizes" } });
    expect(says(looked)).toEqual([
      "Standard_D4s_v5 is not available to this subscription in eastus (NotAvailableForSubscription); waiting does not help.",
    ]);
  });

  it("a size without restriction lacks room", async () => {
    const looked = await look([skus()], { error, call: { body: body() }, replies: list([]) });
    expect(looked.diagnosis).toMatchObject({ disposition: "adaptable", category: "capacity" });
    expect(says(looked)[0]).toContain("zones 1, 2, 3: the region lacks room for it right now");
  });

  it("names the zones that are open", async () => {
    const looked = await look([skus()], {
      error,
      call: { body: { ...body(), zones: ["2"] } },
      replies: list([closed("Zone", ["2"])]),
    });
    expect(says(looked)).toEqual([
      "Standard_D4s_v5 is not available to this subscription in zone 2 of eastus; open: zone 1, 3.",
    ]);
    expect(looked.diagnosis.remedy.automatic).toBe("fallbackZones");
  });

  it("a regional create is not stopped by a closed zone", async () => {
    const looked = await look([skus()], { error, call: { body: body() }, replies: list([closed("Zone", ["2"])]) });
    expect(says(looked)[0]).toContain("zones 1, 3: the region lacks room");
  });

  const scores = (...entries: [zone: string, score: string][]) => ({
    "POST placementScores/spot/generate": {
      placementScores: entries.map(([availabilityZone, score]) => ({
        sku: "Standard_D4s_v5",
        availabilityZone,
        score,
      })),
    },
  });
  const spot = { ...body(), zones: ["2"], properties: { ...body().properties, priority: "Spot" } };

  it("asks for the placement scores of a spot machine, and names the zone that is likely", async () => {
    const looked = await look([skus()], {
      error,
      call: { body: spot },
      replies: { ...list([]), ...scores(["1", "High"], ["2", "Low"], ["3", "DataNotFoundOrStale"]) },
    });
    expect(looked.story.map((line) => line.split("/").slice(-2).join("/"))).toEqual([
      "Microsoft.Compute/skus",
      "spot/generate",
    ]);
    expect(says(looked)[0]).toBe(
      "Placement scores of spot Standard_D4s_v5 in eastus: zone 1 High, zone 2 Low, zone 3 DataNotFoundOrStale.",
    );
    expect(looked.diagnosis).toMatchObject({ category: "capacity", remedy: { steps: ["Ask for zone 1."] } });
  });

  it("asks for no scores of a regular machine, nor of a size that is closed", async () => {
    const regular = await look([skus()], { error, call: { body: body() }, replies: list([]) });
    const shut = await look([skus()], { error, call: { body: spot }, replies: list([closed("Location")]) });
    expect([...regular.story, ...shut.story].filter((line) => line.startsWith("POST"))).toEqual([]);
  });

  it("says which right the scores need, and what the list says all the same", async () => {
    const looked = await look([skus()], {
      error,
      call: { body: spot },
      replies: {
        ...list([]),
        "POST placementScores/spot/generate": () =>
          forbidden("Microsoft.Compute/locations/placementScores/generate/action"),
      },
    });
    expect(says(looked)).toEqual([
      expect.stringContaining("lacks room for it right now"),
      "could not look: needs Microsoft.Compute/locations/placementScores/generate/action on /subscriptions/s-1",
    ]);
  });

  it("reads the list once in hours", async () => {
    const source = skus();
    const scene = { error, call: { body: body() }, replies: list([]) };
    expect((await look([source], scene)).story).toHaveLength(1);
    expect((await look([source], scene)).story).toHaveLength(0);
  });
});

describe("permissions", () => {
  const action = "Microsoft.Compute/virtualMachines/write";
  const error = {
    code: "AuthorizationFailed",
    message: `The client 'ann@example.org' with object id 'o-1' does not have authorization to perform action '${action}' over scope '${machine}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  };
  const granted = (...value: object[]) => ({ "GET web-01/providers/Microsoft.Authorization/permissions": { value } });

  it.each([
    ["*", []],
    ["Microsoft.Compute/*", []],
    ["microsoft.compute/virtualmachines/WRITE", []],
    ["*/write", []],
    ["Microsoft.Compute/*/write", ["Microsoft.Compute/virtualMachines/delete"]],
  ])("an action that is granted by %s is on its way", async (actions, notActions) => {
    const looked = await look([permissions()], {
      error,
      replies: granted({ actions: ["*/read"], notActions: [] }, { actions: [actions], notActions }),
    });
    expect(looked.diagnosis).toMatchObject({ disposition: "transient", execution: "none", usualWaitMs: 30_000 });
    expect(says(looked)[0]).toContain("the grant is fresh");
  });

  it.each([
    [["*/read"], []],
    [["*"], ["Microsoft.Compute/*"]],
    [[], []],
  ])("an action that %j without %j does not grant is lacking", async (actions, notActions) => {
    const looked = await look([permissions()], { error, replies: granted({ actions, notActions }) });
    expect(looked.diagnosis).toMatchObject({
      disposition: "permanent",
      explanation: `The caller lacks ${action} on ${machine}.`,
    });
    expect(JSON.stringify(looked.findings)).not.toContain("ann@");
  });

  it("asks at the linked scope", async () => {
    const subnet = `${group}/providers/Microsoft.Network/virtualNetworks/net/subnets/a`;
    const looked = await look([permissions()], {
      error: {
        code: "LinkedAuthorizationFailed",
        message: `The client 'x' with object id '1' has permission to perform action '${action}' on scope '${machine}'; however, it does not have permission to perform action(s) 'Microsoft.Network/virtualNetworks/subnets/join/action' on the linked scope(s) '${subnet}' (respectively) or the linked scope(s) are invalid.`,
      },
      replies: {
        "GET subnets/a/providers/Microsoft.Authorization/permissions": {
          value: [{ actions: ["*/read"], notActions: [] }],
        },
      },
    });
    expect(says(looked)).toEqual([
      `The caller lacks Microsoft.Network/virtualNetworks/subnets/join/action on ${subnet}: none of its roles there has it.`,
    ]);
  });
});

describe("policy", () => {
  const info = (expressions: object[]) => ({
    type: "PolicyViolation",
    info: {
      policyDefinitionDisplayName: "Allowed locations",
      policyAssignmentName: "loc",
      policyAssignmentScope: subscription,
      evaluationDetails: { evaluatedExpressions: expressions },
    },
  });
  const error = { code: "RequestDisallowedByPolicy", message: "Resource 'web-01' was disallowed by policy." };

  it("reads the violation in the refusal, and asks for nothing", async () => {
    const details = {
      error: {
        ...error,
        additionalInfo: [
          info([
            { result: "True", path: "type", expressionValue: "x", targetValue: "x", operator: "Equals" },
            {
              result: "True",
              path: "location",
              expressionValue: "eastus",
              targetValue: ["westeurope"],
              operator: "NotIn",
            },
          ]),
        ],
      },
    };
    const looked = await look([policy()], { error, call: { body: body(), details } });
    expect(looked.story).toEqual([]);
    expect(says(looked)).toEqual([
      'Policy "Allowed locations" (assignment loc on /subscriptions/s-1) denies it: location is eastus, allowed: westeurope.',
    ]);
  });

  it("asks Azure Policy where the refusal says nothing, and sends no secret", async () => {
    const looked = await look([policy()], {
      error,
      call: { body: { ...body(), properties: { osProfile: { adminPassword: "hunter2hunter2" } } } },
      replies: {
        "POST rg/providers/Microsoft.PolicyInsights/checkPolicyRestrictions": {
          fieldRestrictions: [{ field: "tags.owner", restrictions: [{ result: "Required", values: ["team-a"] }] }],
        },
      },
    });
    expect(says(looked)).toEqual(["Azure Policy: tags.owner must be set to one of team-a."]);
    expect(JSON.stringify(looked.requests)).not.toContain("hunter2");
  });

  it("takes an empty answer for no proof", async () => {
    const looked = await look([policy()], {
      error,
      call: { body: body() },
      replies: { "POST rg/providers/Microsoft.PolicyInsights/checkPolicyRestrictions": { fieldRestrictions: [] } },
    });
    expect(looked.findings).toMatchObject([{ confidence: "none" }]);
    expect(looked.diagnosis.refinedFrom).toBeUndefined();
  });
});

describe("health", () => {
  const event = (more: object, region = "East US") => ({
    name: "ABC1-DE2",
    properties: {
      eventType: "ServiceIssue",
      status: "Active",
      title: "Virtual Machines - East US - errors on create",
      impactStartTime: "2026-11-30T08:00:00Z",
      impact: [{ impactedService: "Virtual Machines", impactedRegions: [{ impactedRegion: region }] }],
      ...more,
    },
  });
  const error = { code: "InternalServerError", message: "Internal error." };
  const events = (...value: object[]) => ({ "GET Microsoft.ResourceHealth/events": { value } });

  it("an outage that is known is waited for", async () => {
    const looked = await look([health()], { error, call: { body: body(), attempts: 3 }, replies: events(event({})) });
    expect(looked.diagnosis).toMatchObject({ disposition: "transient", usualWaitMs: 30_000, outage: true });
    expect(says(looked)[0]).toContain("ABC1-DE2");
  });

  it.each([
    ["resolved", event({ status: "Resolved" })],
    ["of another region", event({}, "West US")],
    ["of maintenance", event({ eventType: "PlannedMaintenance" })],
    [
      "of another service",
      event({ impact: [{ impactedService: "Cosmos DB", impactedRegions: [{ impactedRegion: "East US" }] }] }),
    ],
  ])("an event %s is none", async (_, other) => {
    const looked = await look([health()], { error, call: { body: body(), attempts: 3 }, replies: events(other) });
    expect(looked.findings).toMatchObject([{ confidence: "none" }]);
    expect(looked.diagnosis.outage).toBeUndefined();
  });

  it("one failure is no outage", async () => {
    expect((await look([health()], { error, call: { body: body() } })).story).toEqual([]);
  });
});

describe("reservations, runCommands and activityLog", () => {
  it("a full reservation explains why there is no room", async () => {
    const id = `${group}/providers/Microsoft.Compute/capacityReservationGroups/crg`;
    const looked = await look([reservations()], {
      error: { code: "AllocationFailed", message: "Allocation failed." },
      call: { body: body("Standard_D4s_v5", { capacityReservation: { capacityReservationGroup: { id } } }) },
      replies: {
        "GET capacityReservationGroups/crg": {
          properties: {
            instanceView: {
              capacityReservations: [
                {
                  name: "d4",
                  utilizationInfo: { currentCapacity: 2, virtualMachinesAllocated: [{ id: "a" }, { id: "b" }] },
                },
              ],
            },
          },
        },
      },
    });
    expect(looked.diagnosis.explanation).toBe("Capacity reservation d4 is full: 2 of 2 machines.");
  });

  it("a host without room for the size", async () => {
    const id = `${group}/providers/Microsoft.Compute/hostGroups/hg/hosts/h-1`;
    const looked = await look([reservations()], {
      error: { code: "OverconstrainedAllocationRequest", message: "" },
      call: { body: body("Standard_D4s_v5", { host: { id } }) },
      replies: {
        "GET hosts/h-1": {
          name: "h-1",
          properties: {
            instanceView: { availableCapacity: { allocatableVMs: [{ vmSize: "Standard_D4s_v5", count: 0 }] } },
          },
        },
      },
    });
    expect(looked.diagnosis.explanation).toBe("Dedicated host h-1 has no room for Standard_D4s_v5.");
  });

  it("a run command that holds the machine", async () => {
    const looked = await look([runCommands()], {
      error: {
        code: "Conflict",
        message:
          "Run command extension execution is in progress. Please wait for completion before invoking a run command.",
      },
      call: { method: "POST", url: `${origin}${machine}/runCommand?api-version=2024-07-01` },
      replies: {
        "GET web-01/runCommands": {
          value: [
            {
              name: "patch",
              properties: { instanceView: { executionState: "Running", startTime: "2026-11-30T09:00:01Z" } },
            },
          ],
        },
      },
    });
    expect(says(looked)).toEqual([
      "Run command patch is running since 2026-11-30T09:00:01.000Z; a run command has 90 min.",
    ]);
  });

  it("reads the log by the correlation id of the first request, without claims", async () => {
    const looked = await look([activityLog()], {
      error: {
        code: "ResourceOperationFailure",
        message: "The resource operation completed with terminal provisioning state 'Failed'.",
      },
      call: { correlationId: "7d0e" },
      replies: {
        "GET eventtypes/management/values": {
          value: [
            {
              eventTimestamp: "2026-11-30T09:12:41Z",
              operationName: { value: "Microsoft.Compute/virtualMachines/write" },
              status: { value: "Failed" },
              operationId: "9a",
              properties: {
                statusMessage:
                  '{"error":{"code":"ResourceOperationFailure","details":[{"code":"AllocationFailed","message":"No room."}]}}',
              },
            },
          ],
        },
      },
    });
    const url = decodeURIComponent(looked.requests[0]?.url ?? "");
    expect(url).toContain("correlationId eq '7d0e'");
    expect(url).not.toMatch(/claims|caller|httpRequest/);
    expect(looked.diagnosis.code).toBe("AllocationFailed");
  });
});

describe("an instance of a scale set", () => {
  const instance = `${group}/providers/Microsoft.Compute/virtualMachineScaleSets/workers/virtualMachines/3`;

  it("is read itself when an extension of it fails, and not its set", async () => {
    const looked = await look([instanceView()], {
      error: { code: "VMExtensionProvisioningError", message: "Failed." },
      call: { url: `${origin}${instance}/extensions/setup?api-version=2024-07-01` },
      replies: {
        "GET workers/virtualMachines/3": {
          properties: {
            instanceView: { extensions: [{ name: "setup", statuses: [{ code: "ProvisioningState/failed/7" }] }] },
          },
        },
      },
    });
    expect(looked.story).toEqual([`GET ${instance}`]);
    expect(says(looked)).toEqual(["Extension setup ended with exit code 7: it gives no reason"]);
  });

  it("says which right its boot log needs", async () => {
    const looked = await look([bootLog()], {
      error: { code: "OSProvisioningTimedOut", message: "It took too long." },
      call: { url: `${origin}${instance}` },
      replies: {
        "GET workers/virtualMachines/3": {
          properties: { diagnosticsProfile: { bootDiagnostics: { enabled: true } } },
        },
        "POST virtualMachines/3/retrieveBootDiagnosticsData": () =>
          answer(403, { error: { code: "AuthorizationFailed" } }),
      },
    });
    expect(says(looked)).toEqual([
      `could not look: needs Microsoft.Compute/virtualMachineScaleSets/virtualMachines/retrieveBootDiagnosticsData/action on ${group}`,
    ]);
  });
});

describe("a resource of a template", () => {
  const resource = { type: "Microsoft.Compute/virtualMachines", name: "web-01", ...body() };
  const other = { ...resource, name: "web-02", ...body("Standard_E2s_v5") };
  const deployment = `${origin}${group}/providers/Microsoft.Resources/deployments/main`;
  const failed = {
    value: [
      {
        properties: {
          provisioningState: "Failed",
          statusMessage: { error: { code: "AllocationFailed", message: "Allocation failed." } },
          targetResource: { id: machine, resourceType: "Microsoft.Compute/virtualMachines", resourceName: "web-01" },
        },
      },
    ],
  };

  it.each([
    ["by its name", [other, resource], 1],
    ["with symbolic names", { a: other, b: resource }, 1],
    ["as the only one of its type, named by an expression", [{ ...resource, name: "[parameters('name')]" }], 1],
    [
      "not among others that are named by expressions",
      [
        { ...resource, name: "[variables('a')]" },
        { ...other, name: "[variables('b')]" },
      ],
      0,
    ],
  ])("lends its size and region to the next look: %s", async (_, resources, looks) => {
    const looked = await look([deploymentOperations(), skus()], {
      error: { code: "DeploymentFailed", message: "At least one resource deployment operation failed." },
      call: { url: deployment, body: { properties: { template: { resources } } } },
      replies: {
        "GET main/operations": failed,
        "GET Microsoft.Compute/skus": {
          value: [{ resourceType: "virtualMachines", name: "Standard_D4s_v5", locations: ["eastus"] }],
        },
      },
    });
    expect(looked.story.filter((line) => line.endsWith("/skus"))).toHaveLength(looks);
    if (looks > 0) expect(says(looked).at(-1)).toContain("Standard_D4s_v5 may be used by this subscription in eastus");
  });
});

describe("marketplaceTerms", () => {
  const error = {
    code: "MarketplacePurchaseEligibilityFailed",
    message: "Marketplace purchase eligibilty check returned errors.",
  };
  const plan = { publisher: "contoso", product: "firewall", name: "byol" };
  const imageReference = { publisher: "contoso", offer: "firewall", sku: "byol", version: "latest" };
  const terms = (properties: object): object => ({ "GET byol/agreements/current": { properties } });

  it.each([
    [
      { plan },
      terms({ accepted: false, marketplaceTermsLink: "https://example.com/terms" }),
      "The terms of contoso:firewall:byol are not accepted in this subscription.",
      /example\.com\/terms.*--publisher contoso --offer firewall --plan byol/,
    ],
    [
      { plan },
      terms({ accepted: true }),
      "The terms of contoso:firewall:byol are accepted, so it is the purchase itself (billing, a private offer, the country).",
      /billing owner/,
    ],
    [
      { properties: { storageProfile: { imageReference } } },
      terms({ accepted: true }),
      "The terms of contoso:firewall:byol are accepted, so it is the plan, which the request does not name.",
      /Name the plan/,
    ],
    [{ plan }, {}, "The Marketplace has no plan contoso:firewall:byol; the request may name it wrongly.", /./],
  ])("%j", async (asked, replies, words, step) => {
    const looked = await look([marketplaceTerms()], {
      error,
      call: { body: asked },
      replies: replies as Record<string, object>,
    });
    expect(says(looked)).toEqual([words]);
    expect(looked.diagnosis.remedy.steps[0]).toMatch(step);
    expect(looked.story.every((line) => line.startsWith("GET "))).toBe(true);
  });

  it("asks nothing of a machine that has no plan", async () => {
    expect((await look([marketplaceTerms()], { error, call: { body: body() } })).story).toEqual([]);
  });
});

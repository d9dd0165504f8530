/** Rights, locks and policies really refuse, in the shapes and words by which clients know them. */
import { startEmulator, type Emulator, type EmulatorOptions } from "azure-remedy/emulator";
import { afterEach, describe, expect, it } from "vitest";
import { generations } from "./clients.js";
import { ask, compute, network, vm } from "./direct.js";
import { manualClock } from "./manual-clock.js";
import { atOnce, thrownBy } from "./outcome.js";

let arm: Emulator;
const start = async (options: EmulatorOptions = {}): Promise<void> => {
  arm = await startEmulator({ resourceGroups: ["rg", "other"], ...options });
};
afterEach(() => arm.stop());

const location = { location: "westeurope" };
const subscription = (): string => `/subscriptions/${arm.subscriptionId}`;
const authorization = (rest: string, scope = "/resourceGroups/rg"): string =>
  `${scope}/providers/Microsoft.Authorization/${rest}`;
const valueOf = async (path: string): Promise<Record<string, unknown>[]> =>
  (await ask(arm, "GET", path)).body["value"] as Record<string, unknown>[];

describe("a lock", () => {
  it.each(generations)("refuses what it forbids, by %s", async (_, client) => {
    await start();
    arm.addVm({ name: "web-01" });
    arm.lock("rg", "ReadOnly", { name: "freeze", notes: "Month's end. Ask finance." });
    const error = await thrownBy(client(arm).virtualMachines.beginStartAndWait("rg", "web-01", atOnce));
    expect(error).toMatchObject({ statusCode: 409, code: "ScopeLocked" });
    const scope = `${subscription()}/resourceGroups/rg`;
    expect(error.message).toContain(
      `The scope '${scope}/providers/Microsoft.Compute/virtualMachines/web-01' cannot perform write operation because following scope(s) are locked: '${scope}'. Please remove the lock and try again.`,
    );
    expect(await valueOf(authorization("locks"))).toEqual([
      {
        id: `${scope}/providers/Microsoft.Authorization/locks/freeze`,
        name: "freeze",
        type: "Microsoft.Authorization/locks",
        properties: { level: "ReadOnly", notes: "Month's end. Ask finance." },
      },
    ]);
  });

  it.each([
    ["ReadOnly", "GET", "", 200],
    ["ReadOnly", "PATCH", "", 409],
    ["ReadOnly", "POST", "/retrieveBootDiagnosticsData", 409],
    ["ReadOnly", "DELETE", "", 409],
    ["CanNotDelete", "PATCH", "", 200],
    ["CanNotDelete", "POST", "/start", 202],
    ["CanNotDelete", "DELETE", "", 409],
  ] as const)("%s on the group: %s virtualMachines/web-01%s is %i", async (level, method, more, status) => {
    await start();
    arm.addVm({ name: "web-01", bootDiagnostics: true });
    arm.lock("rg", level);
    expect(
      (await ask(arm, method, vm("web-01", more), method === "PATCH" ? { tags: { a: "b" } } : undefined)).status,
    ).toBe(status);
  });

  it("on one machine keeps its whole group, and goes when it is removed", async () => {
    await start();
    arm.addVm({ name: "web-01" });
    const lock = arm.lock("web-01", "CanNotDelete");
    const refused = await ask(arm, "DELETE", "/resourceGroups/rg");
    expect(refused.error.code).toBe("ScopeLocked");
    expect(refused.error.message).toContain("/virtualMachines/web-01'");
    expect((await ask(arm, "PUT", vm("web-02"), location)).status).toBe(201);
    lock.remove();
    expect((await ask(arm, "DELETE", "/resourceGroups/rg")).status).toBe(202);
    expect(() => arm.lock("nowhere", "ReadOnly")).toThrow(/"nowhere" is no resource group \(there are: rg, other\)/);
  });

  it("can be made and removed over the wire, and is read from above with atScope()", async () => {
    await start();
    const made = await ask(arm, "PUT", authorization("locks/keep"), { properties: { level: "CanNotDelete" } });
    expect(made.status).toBe(201);
    const url = `${arm.endpoint}${subscription()}${vm("web-01")}/providers/Microsoft.Authorization/locks`;
    const seen = await fetch(`${url}?api-version=2020-05-01&$filter=atScope()`);
    expect(((await seen.json()) as { value: unknown[] }).value).toHaveLength(1);
    expect((await ask(arm, "DELETE", authorization("locks/keep"))).status).toBe(200);
    expect(await valueOf(authorization("locks", ""))).toEqual([]);
  });
});

describe("a right", () => {
  it("that was taken away answers 403 for its action alone, and the permissions say so", async () => {
    await start();
    arm.addVm({ name: "web-01" });
    const denial = arm.deny("Microsoft.Compute/virtualMachines/start/action");
    const token = (await arm.credentialOf("alice").getToken("x")).token;
    const refused = await ask(arm, "POST", vm("web-01", "/start"), undefined, { authorization: `Bearer ${token}` });
    expect(refused.status).toBe(403);
    expect(refused.error).toMatchObject({
      code: "AuthorizationFailed",
      message: `The client 'alice' with object id 'alice' does not have authorization to perform action 'Microsoft.Compute/virtualMachines/start/action' over scope '${subscription()}${vm("web-01")}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    });
    expect((await ask(arm, "POST", vm("web-01", "/powerOff"))).status).toBe(202);
    expect(await valueOf(authorization("permissions"))).toEqual([
      {
        actions: ["*"],
        notActions: ["Microsoft.Compute/virtualMachines/start/action"],
        dataActions: [],
        notDataActions: [],
      },
    ]);
    denial.remove();
    arm.finishOperations();
    expect((await ask(arm, "POST", vm("web-01", "/start"))).status).toBe(202);
  });

  it.each([
    ["*/action", "POST", vm("web-01", "/start"), 403],
    ["*/action", "GET", vm("web-01"), 200],
    ["*", "GET", vm("web-01"), 200],
    ["Microsoft.Compute/*/read", "GET", vm("web-01"), 403],
    ["Microsoft.Compute/virtualMachines/instanceView/read", "GET", vm("web-01", "/instanceView"), 403],
    [
      "Microsoft.Compute/virtualMachines/retrieveBootDiagnosticsData/action",
      "POST",
      vm("web-01", "/retrieveBootDiagnosticsData"),
      403,
    ],
    ["Microsoft.Compute/locations/usages/read", "GET", "/providers/Microsoft.Compute/locations/westeurope/usages", 403],
    ["Microsoft.Compute/skus/read", "GET", "/providers/Microsoft.Compute/skus", 403],
    ["Microsoft.Authorization/locks/read", "GET", authorization("locks"), 403],
    [
      "Microsoft.Compute/locations/placementScores/generate/action",
      "POST",
      "/providers/Microsoft.Compute/locations/westeurope/placementScores/spot/generate",
      403,
    ],
    [
      "Microsoft.PolicyInsights/checkPolicyRestrictions/read",
      "POST",
      "/providers/Microsoft.PolicyInsights/checkPolicyRestrictions",
      403,
    ],
    [
      "Microsoft.Resources/deployments/operations/read",
      "GET",
      "/resourceGroups/rg/providers/Microsoft.Resources/deployments/d/operations",
      403,
    ],
    ["*/*", "GET", authorization("permissions"), 200],
  ])("%s on %s %s: %i", async (action, method, path, status) => {
    await start();
    arm.addVm({ name: "web-01" });
    if (action === "*") expect(() => arm.deny(action)).toThrow(/"\*" is no action like/);
    else arm.deny(action);
    expect((await ask(arm, method, path)).status).toBe(status);
  });

  it("that is granted and on its way shows at once, and holds later", async () => {
    const clock = manualClock();
    await start({ clock });
    arm.addVm({ name: "web-01" });
    arm.deny("Microsoft.Compute/virtualMachines/start/action", { arrivesInMs: 300_000 });
    expect((await ask(arm, "POST", vm("web-01", "/start"))).status).toBe(403);
    expect((await valueOf(authorization("permissions")))[0]).toMatchObject({ notActions: [] });
    clock.advance(300_000);
    expect((await ask(arm, "POST", vm("web-01", "/start"))).status).toBe(202);
  });

  it("is also needed on what a body refers to", async () => {
    await start();
    arm.deny("Microsoft.Network/virtualNetworks/subnets/join/action", { scope: "other" });
    const subnet = `${subscription()}/resourceGroups/other/providers/Microsoft.Network/virtualNetworks/hub/subnets/a`;
    const nic = {
      location: "westeurope",
      properties: { ipConfigurations: [{ properties: { subnet: { id: subnet } } }] },
    };
    const refused = await ask(arm, "PUT", network("networkInterfaces/nic"), nic);
    expect(refused.status).toBe(403);
    expect(refused.error.code).toBe("LinkedAuthorizationFailed");
    expect(refused.error.message).toContain(
      `does not have permission to perform action(s) 'Microsoft.Network/virtualNetworks/subnets/join/action' on the linked scope(s) '${subnet}'`,
    );
  });
});

describe("a policy", () => {
  const allowedLocations = {
    name: "loc",
    displayName: "Allowed locations",
    field: "location",
    allowed: ["northeurope"],
  };

  it("refuses with the expression that failed", async () => {
    await start();
    arm.denyByPolicy(allowedLocations);
    const refused = await ask(arm, "PUT", vm("web-01"), location);
    expect(refused.status).toBe(403);
    expect(refused.error).toMatchObject({
      code: "RequestDisallowedByPolicy",
      target: "web-01",
      additionalInfo: [
        {
          type: "PolicyViolation",
          info: {
            policyDefinitionDisplayName: "Allowed locations",
            policyDefinitionEffect: "Deny",
            policyAssignmentId: `${subscription()}/providers/Microsoft.Authorization/policyAssignments/loc`,
            policyAssignmentScope: subscription(),
            policyAssignmentParameters: { listOfValues: { value: ["northeurope"] } },
            evaluationDetails: {
              evaluatedExpressions: [
                {
                  result: "True",
                  expressionKind: "Field",
                  expression: "location",
                  expressionValue: "westeurope",
                  targetValue: ["northeurope"],
                  operator: "NotIn",
                },
              ],
            },
          },
        },
      ],
    });
    expect(refused.error.message).toMatch(
      /^Resource 'web-01' was disallowed by policy\. Policy identifiers: '\[\{"policyAssignment":/,
    );
    expect((await ask(arm, "PUT", vm("web-01"), { location: "North Europe" })).status).toBe(201);
  });

  it("says its owner's words, names all that refuse, and looks at sizes and tags", async () => {
    await start();
    const sizes = "Microsoft.Compute/virtualMachines/sku.name";
    arm.denyByPolicy({ name: "sizes", field: sizes, denied: ["Standard_D8s_v5"], message: "Small machines only." });
    const tags = arm.denyByPolicy({ name: "owner", field: "tags.owner", initiative: "tagging" });
    const big = { location: "westeurope", properties: { hardwareProfile: { vmSize: "Standard_D8s_v5" } } };
    const refused = await ask(arm, "PUT", vm("web-01"), big);
    expect(refused.error.message).toBe(
      "Resource 'web-01' was disallowed by policy. Reasons: 'Small machines only.'. See error details for policy resource IDs.",
    );
    const infos = (refused.error as { additionalInfo: { info: Record<string, unknown> }[] }).additionalInfo;
    expect(infos.map(({ info }) => info["policyAssignmentName"])).toEqual(["sizes", "owner"]);
    expect(infos[1]?.info["policySetDefinitionName"]).toBe("tagging");
    expect(infos[1]?.info["evaluationDetails"]).toMatchObject({
      evaluatedExpressions: [{ expression: "tags.owner", operator: "Exists", targetValue: "False" }],
    });
    tags.remove();
    expect((await ask(arm, "PUT", vm("web-01"), location)).status).toBe(201);
    arm.finishOperations();
    // A PATCH is judged by what the machine would be.
    const resized = await ask(arm, "PATCH", vm("web-01"), { properties: big.properties });
    expect(resized.error.code).toBe("RequestDisallowedByPolicy");
    expect(arm.vm("web-01")?.size).toBe("Standard_DS1_v2");
    expect((await ask(arm, "PUT", compute("disks/d"), location)).status).toBe(202);
  });

  it("lists its assignment and its definition", async () => {
    await start();
    arm.denyByPolicy(allowedLocations);
    expect(await valueOf(authorization("policyAssignments"))).toMatchObject([
      {
        name: "loc",
        properties: { displayName: "Allowed locations", enforcementMode: "Default", scope: subscription() },
      },
    ]);
    const definition = await ask(arm, "GET", authorization("policyDefinitions/loc", ""));
    expect(definition.body.properties?.["policyRule"]).toEqual({
      if: { field: "location", notIn: "[parameters('listOfValues')]" },
      then: { effect: "deny" },
    });
  });

  it("is asked beforehand: it strikes out candidates, and is silent of what a management group assigned", async () => {
    await start();
    arm.denyByPolicy(allowedLocations);
    arm.denyByPolicy({ name: "owner", field: "tags.owner", inherited: true });
    const checked = await ask(
      arm,
      "POST",
      "/resourceGroups/rg/providers/Microsoft.PolicyInsights/checkPolicyRestrictions",
      {
        resourceDetails: {
          resourceContent: { type: "Microsoft.Compute/virtualMachines", location: "westeurope" },
          apiVersion: "2024-07-01",
        },
        pendingFields: [{ field: "location", values: ["westeurope", "northeurope"] }, { field: "tags.owner" }],
      },
    );
    expect(checked.body).toEqual({
      fieldRestrictions: [
        {
          field: "location",
          restrictions: [
            {
              result: "Deny",
              values: ["westeurope"],
              policyEffect: "Deny",
              policy: {
                policyDefinitionId: `${subscription()}/providers/Microsoft.Authorization/policyDefinitions/loc`,
                policyAssignmentId: `${subscription()}/providers/Microsoft.Authorization/policyAssignments/loc`,
              },
              reason: "location must be one of: northeurope",
            },
          ],
        },
      ],
      contentEvaluationResult: {
        policyEvaluations: [expect.objectContaining({ evaluationResult: "NonCompliant" }) as object],
      },
    });
    expect((await ask(arm, "PUT", vm("web-01"), { location: "northeurope" })).error.code).toBe(
      "RequestDisallowedByPolicy",
    );
    const nowhere = "/resourceGroups/nowhere/providers/Microsoft.PolicyInsights/checkPolicyRestrictions";
    expect((await ask(arm, "POST", nowhere, {})).status).toBe(404);
  });

  it("holds inside a deployment, with all its details", async () => {
    await start();
    arm.denyByPolicy(allowedLocations);
    const path = "/resourceGroups/rg/providers/Microsoft.Resources/deployments/app";
    const resource = {
      type: "Microsoft.Compute/virtualMachines",
      apiVersion: "2024-07-01",
      name: "web-01",
      ...location,
    };
    await ask(arm, "PUT", path, { properties: { mode: "Incremental", template: { resources: [resource] } } });
    arm.finishOperations();
    const [operation] = await valueOf(`${path}/operations`);
    expect(operation?.["properties"]).toMatchObject({
      statusCode: "Forbidden",
      statusMessage: { error: { code: "RequestDisallowedByPolicy", additionalInfo: [{ type: "PolicyViolation" }] } },
    });
  });
});

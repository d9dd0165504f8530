/** Template deployments: what they write, what they fail with, and the operations in which the causes are. */
import { startEmulator, type Emulator, type EmulatorOptions } from "azure-remedy/emulator";
import { afterEach, describe, expect, it } from "vitest";
import { ask, type Answer } from "./direct.js";

let arm: Emulator;
const start = async (options: EmulatorOptions = {}): Promise<void> => {
  arm = await startEmulator({ resourceGroups: ["rg", "other"], ...options });
};
afterEach(() => arm.stop());

const inGroup = (name: string, more = ""): string =>
  `/resourceGroups/rg/providers/Microsoft.Resources/deployments/${name}${more}`;
const machine = (name: string, more: object = {}): object => ({
  type: "Microsoft.Compute/virtualMachines",
  apiVersion: "2024-07-01",
  name,
  location: "[resourceGroup().location]",
  ...more,
});
const nested = (name: string, template: object, more: object = {}): object => ({
  type: "Microsoft.Resources/deployments",
  apiVersion: "2021-04-01",
  name,
  properties: { mode: "Incremental", template },
  ...more,
});

/** Puts the deployment and follows its status document to the end. */
async function deploy(path: string, template: object, parameters: object = {}): Promise<Answer> {
  const accepted = await ask(arm, "PUT", path, { properties: { mode: "Incremental", template, parameters } });
  if (accepted.status >= 400) return accepted;
  const link = accepted.headers.get("azure-asyncoperation") ?? "";
  for (let polls = 0; polls < 50; polls += 1) {
    const answer = await ask(arm, "GET", link);
    if (answer.body.status !== "Running") return answer;
  }
  throw new Error("The deployment never ended.");
}

interface Listed {
  readonly operationId: string;
  readonly properties: {
    readonly provisioningState: string;
    readonly provisioningOperation: string;
    readonly statusCode?: string;
    readonly serviceRequestId?: string;
    readonly duration: string;
    readonly statusMessage?: {
      status?: string;
      error: { code: string; message: string; details?: { code: string }[] };
    };
    readonly targetResource?: { id: string; resourceName: string; resourceType: string; symbolicName?: string };
  };
}
const operationsOf = async (path: string): Promise<Listed[]> =>
  (await ask(arm, "GET", `${path}/operations`)).body["value"] as Listed[];

describe("a deployment", () => {
  it("writes its resources in their order, once what they depend on is there", async () => {
    await start();
    const template = {
      parameters: { name: { type: "string" }, size: { type: "string", defaultValue: "Standard_D2s_v5" } },
      variables: { nic: "[concat(parameters('name'), '-nic')]" },
      resources: [
        machine("[parameters('name')]", {
          dependsOn: ["[resourceId('Microsoft.Network/networkInterfaces', variables('nic'))]"],
          properties: {
            hardwareProfile: { vmSize: "[parameters('size')]" },
            networkProfile: {
              networkInterfaces: [{ id: "[resourceId('Microsoft.Network/networkInterfaces', variables('nic'))]" }],
            },
          },
        }),
        {
          type: "Microsoft.Network/networkInterfaces",
          apiVersion: "2024-05-01",
          name: "[variables('nic')]",
          location: "westeurope",
          properties: { ipConfigurations: [] },
        },
      ],
    };
    const ended = await deploy(inGroup("app"), template, { name: { value: "web-01" } });
    expect(ended.body).toEqual({ status: "Succeeded" });
    expect(arm.vm("web-01")).toMatchObject({ provisioningState: "Succeeded", size: "Standard_D2s_v5" });
    const document = await ask(arm, "GET", inGroup("app"));
    expect(document.body.properties).toMatchObject({ provisioningState: "Succeeded", mode: "Incremental" });
    expect(document.body.properties?.["outputResources"]).toHaveLength(2);
    const operations = await operationsOf(inGroup("app"));
    expect(operations.map(({ properties }) => [properties.provisioningOperation, properties.statusCode])).toEqual([
      ["Create", "Created"],
      ["Create", "Created"],
      ["EvaluateDeploymentOutput", "OK"],
    ]);
    // Only the caller's own requests are on the wire.
    expect(arm.story.filter((line) => line.includes("virtualMachines"))).toEqual([]);
  });

  it("fails with the error of a child that was refused, and starts nothing after it", async () => {
    await start();
    arm.fail("SkuNotAvailable", { on: "PUT virtualMachines/web-01", as: "answer" });
    const template = { resources: [machine("web-01"), machine("web-02", { dependsOn: ["web-01"] })] };
    const ended = await deploy(inGroup("app"), template);
    expect(ended.body.status).toBe("Failed");
    expect(ended.error).toMatchObject({
      code: "DeploymentFailed",
      target: `/subscriptions/${arm.subscriptionId}${inGroup("app")}`,
      details: [{ code: "SkuNotAvailable" }],
    });
    const [failed, ...more] = await operationsOf(inGroup("app"));
    expect(more).toEqual([]);
    expect(failed?.properties).toMatchObject({
      provisioningState: "Failed",
      statusCode: "Conflict",
      statusMessage: { error: { code: "SkuNotAvailable" } },
      targetResource: { resourceName: "web-01", resourceType: "Microsoft.Compute/virtualMachines" },
    });
    expect(failed?.properties.statusMessage).not.toHaveProperty("status");
    expect(arm.vm("web-02")).toBeUndefined();
  });

  it("keeps the cause in its operations alone where errors are bare", async () => {
    await start({ deploymentErrors: "bare" });
    arm.fail("AllocationFailed", { on: "PUT virtualMachines" });
    const ended = await deploy(inGroup("app"), { resources: [machine("web-01")] });
    expect(ended.error.code).toBe("DeploymentFailed");
    expect(ended.error.details).toBeUndefined();
    expect(ended.text).not.toContain("AllocationFailed");
    const [failed] = await operationsOf(inGroup("app"));
    expect(failed?.properties.statusMessage).toMatchObject({
      status: "Failed",
      error: { code: "ResourceDeploymentFailure", details: [{ code: "AllocationFailed" }] },
    });
    const one = await ask(arm, "GET", inGroup("app", `/operations/${failed?.operationId ?? ""}`));
    expect(one.body).toEqual(failed);
  });

  it("nests, into other groups and with templates of their own scope", async () => {
    await start();
    arm.fail("OSProvisioningTimedOut", { on: "PUT virtualMachines/deep" });
    const inner = {
      parameters: { name: { type: "string" } },
      resources: [machine("[parameters('name')]")],
    };
    const template = {
      resources: [
        nested("outer", {
          resources: [
            {
              ...nested("inner", inner, { resourceGroup: "other" }),
              properties: {
                mode: "Incremental",
                expressionEvaluationOptions: { scope: "inner" },
                parameters: { name: { value: "deep" } },
                template: inner,
              },
            },
          ],
        }),
      ],
    };
    const ended = await deploy(inGroup("app"), template);
    expect(ended.body.status).toBe("Failed");
    const [outer] = await operationsOf(inGroup("app"));
    expect(outer?.properties.targetResource?.id).toMatch(/\/resourceGroups\/rg\/.+\/deployments\/outer$/);
    const [middle] = await operationsOf(outer?.properties.targetResource?.id ?? "");
    expect(middle?.properties.targetResource?.id).toMatch(/\/resourceGroups\/other\/.+\/deployments\/inner$/);
    const [root] = await operationsOf(middle?.properties.targetResource?.id ?? "");
    expect(root?.properties.statusMessage?.error.details?.[0]?.code).toBe("OSProvisioningTimedOut");
    expect(arm.vm("deep", "other")?.provisioningState).toBe("Failed");
  });

  it("works at the subscription, with groups and deployments in them", async () => {
    await start();
    const path = "/providers/Microsoft.Resources/deployments/landing";
    const template = {
      resources: [
        { type: "Microsoft.Resources/resourceGroups", apiVersion: "2024-03-01", name: "new", location: "westeurope" },
        nested(
          "vms",
          { resources: [machine("web-01", { location: "westeurope" })] },
          {
            resourceGroup: "new",
            dependsOn: ["[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'new')]"],
          },
        ),
      ],
    };
    expect((await deploy(path, template)).body).toEqual({ status: "Succeeded" });
    expect(arm.vm("web-01", "new")?.provisioningState).toBe("Succeeded");
    expect((await operationsOf(path)).map(({ properties }) => properties.targetResource?.resourceName)).toEqual([
      "new",
      "vms",
      undefined,
    ]);
  });

  it("lists its operations in pages", async () => {
    await start({ pageSize: 2 });
    await deploy(inGroup("app"), { resources: ["a", "b", "c", "d"].map((name) => machine(name)) });
    const seen: unknown[] = [];
    let next: string | undefined = inGroup("app", "/operations");
    while (next !== undefined) {
      const page: Answer = await ask(arm, "GET", next);
      const value = page.body["value"] as unknown[];
      expect(value.length).toBeLessThanOrEqual(2);
      seen.push(...value);
      next = page.body["nextLink"] as string | undefined;
    }
    expect(seen).toHaveLength(5);
  });

  it("cannot be replaced while it is active, and can be canceled", async () => {
    await start({ operations: { polls: Infinity } });
    const template = { resources: [machine("web-01")] };
    const body = { properties: { mode: "Incremental", template } };
    const accepted = await ask(arm, "PUT", inGroup("app"), body);
    expect(accepted.status).toBe(201);
    expect((await ask(arm, "PUT", inGroup("app"), body)).error.code).toBe("DeploymentActive");
    expect((await ask(arm, "POST", inGroup("app", "/cancel"))).status).toBe(204);
    const ended = await ask(arm, "GET", accepted.headers.get("azure-asyncoperation") ?? "");
    expect(ended.body).toMatchObject({ status: "Canceled", error: { code: "DeploymentCanceled" } });
  });

  it.each([
    ["no resources", {}, "has no 'resources'"],
    ["an unknown function", { resources: [machine("[guess()]")] }, "does not know the template function 'guess'"],
    ["a missing parameter", { parameters: { a: { type: "string" } }, resources: [] }, "'a' is not provided"],
    ["an expression that ends early", { resources: [machine("[concat('a']")] }, "is not valid"],
    ["a dependency on nothing", { resources: [machine("a", { dependsOn: ["b"] })] }, "'b' is not defined"],
    [
      "a circle",
      { resources: [machine("a", { dependsOn: ["b"] }), machine("b", { dependsOn: ["a"] })] },
      "circular dependency",
    ],
    [
      "a variable that is itself",
      { variables: { a: "[variables('a')]" }, resources: [machine("[variables('a')]")] },
      "nested deeper",
    ],
    [
      "variables that double each other",
      {
        variables: Object.fromEntries(
          Array.from({ length: 18 }, (_, index) => [
            `v${index}`,
            index === 0 ? "lol".repeat(40) : `[concat(variables('v${index - 1}'), variables('v${index - 1}'))]`,
          ]),
        ),
        resources: [machine("[variables('v17')]")],
      },
      "produce more than 4 MB",
    ],
    ["calls in calls", { resources: [machine(`[${"concat(".repeat(5000)}'a'${")".repeat(5000)}]`)] }, "nested deeper"],
  ])("is refused for %s, quickly and by name", async (_, template, words) => {
    await start();
    const began = performance.now();
    const refused = await ask(arm, "PUT", inGroup("app"), { properties: { mode: "Incremental", template } });
    expect(refused.status).toBe(400);
    expect(refused.error).toMatchObject({ code: "InvalidTemplate", message: expect.stringContaining(words) as string });
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

/** `investigate` as a process, before a local service: what it reads, and the page at its end. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bundleProgram, run } from "./program-under-test.js";

bundleProgram();

const group = "/subscriptions/s-1/resourceGroups/rg";
const machine = `${group}/providers/Microsoft.Compute/virtualMachines/web-01`;
const deployment = `${group}/providers/Microsoft.Resources/deployments/main`;

const story: string[] = [];
let replies: Record<string, object> = {};
let server: Server;
let endpoint = "";

beforeAll(async () => {
  server = createServer((request, response) => {
    const [path = ""] = (request.url ?? "").split("?");
    story.push(`${request.method ?? ""} ${path}`);
    const key = Object.keys(replies).find((end) => path.toLowerCase().endsWith(end.toLowerCase()));
    const reply = key === undefined ? undefined : replies[key];
    response.writeHead(reply === undefined ? 404 : "error" in reply ? 403 : 200, {
      "content-type": "application/json",
    });
    response.end(JSON.stringify(reply ?? { error: { code: "NotFound", message: "There is none." } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  story.length = 0;
  replies = {};
});

const event = (status: string, error?: object) => ({
  correlationId: "7d0e1111-2222-3333-4444-555566667777",
  operationId: "op-1",
  eventTimestamp: "2026-11-30T09:12:41Z",
  operationName: { value: "Microsoft.Compute/virtualMachines/write" },
  status: { value: status },
  resourceId: machine,
  properties: { statusMessage: error && JSON.stringify({ error }) },
});

const restricted = {
  value: [
    {
      resourceType: "virtualMachines",
      name: "Standard_D4s_v5",
      locations: ["eastus"],
      restrictions: [
        { type: "Location", restrictionInfo: { locations: ["eastus"] }, reasonCode: "NotAvailableForSubscription" },
      ],
    },
  ],
};

describe("investigate", () => {
  it("by the id of a machine: the failure from the activity log, its root from the sizes", async () => {
    replies = {
      "eventtypes/management/values": {
        value: [event("Failed", { code: "SkuNotAvailable", message: "Not available in location 'eastus'." })],
      },
      "virtualMachines/web-01": { location: "eastus", properties: { hardwareProfile: { vmSize: "Standard_D4s_v5" } } },
      "Microsoft.Compute/skus": restricted,
    };
    const { stdout, stderr, code } = await run(["investigate", machine, "--emulator", endpoint]);
    expect(code).toBe(0);
    expect(stdout).toContain("SkuNotAvailable at 2026-11-30T09:12:41.000Z, as the activity log has it.");
    expect(stdout).toMatch(/Root\n {2}SkuNotAvailable: Standard_D4s_v5 is closed to this subscription in eastus/);
    expect(stdout).toMatch(/Found\n {2}skus: .*\(high\)/);
    expect(stdout).toMatch(/What to do\n {2}1\. Ask for another size or region/);
    expect(stderr).toContain("skus: 1 finding");
    expect(story.filter((line) => !line.startsWith("GET "))).toEqual([]);
  });

  it("by the id of a deployment, as JSON", async () => {
    replies = {
      "deployments/main": {
        properties: { provisioningState: "Failed", error: { code: "DeploymentFailed", message: "See details." } },
      },
      "deployments/main/operations": {
        value: [
          {
            properties: {
              provisioningState: "Failed",
              statusMessage: {
                error: {
                  code: "SkuNotAvailable",
                  message: "The size Standard_D4s_v5 is not available in location 'eastus'.",
                },
              },
              targetResource: {
                id: machine,
                resourceType: "Microsoft.Compute/virtualMachines",
                resourceName: "web-01",
              },
            },
          },
        ],
      },
      "Microsoft.Compute/skus": restricted,
    };
    const { stdout, code } = await run(["investigate", deployment, "--emulator", endpoint, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      subject: deployment,
      failed: { code: "DeploymentFailed", seenIn: "the deployment" },
      root: { code: "SkuNotAvailable", disposition: "permanent" },
      findings: [{ source: "deploymentOperations" }, { source: "skus", confidence: "high" }],
    });
  });

  it("by a correlation id, which needs a subscription", async () => {
    const id = "7d0e1111-2222-3333-4444-555566667777";
    const without = await run(["investigate", id, "--emulator", endpoint]);
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining("--subscription") as string });
    replies = {
      "eventtypes/management/values": { value: [event("Failed", { code: "AllocationFailed", message: "No room." })] },
    };
    const { stdout } = await run(["investigate", id, "--subscription", "s-1", "--emulator", endpoint]);
    expect(stdout).toMatch(/^web-01 {2}Microsoft\.Compute\/virtualMachines, group rg/);
    expect(stdout).toContain("AllocationFailed");
  });

  it("says what it may not read, with the right that is missing", async () => {
    const refusal = { error: { code: "AuthorizationFailed", message: "The client 'ann@example.org' may not." } };
    replies = {
      "eventtypes/management/values": refusal,
      "virtualMachines/web-01": { location: "eastus", properties: {} },
    };
    const { stdout, code } = await run(["investigate", machine, "--emulator", endpoint]);
    expect(code).toBe(1);
    expect(stdout).toContain("Nothing that is still to be seen.");
    expect(stdout).toContain("403 AuthorizationFailed");
    expect(stdout).not.toContain("ann@");
  });

  it.each([
    [["investigate", "web-01"], "is no id of a resource"],
    [["investigate", machine, "--emulator", "https://evil.example"], "azure-remedy emulator prints"],
    [["investigate", machine, "--since", "yesterday"], "span of time"],
  ])("%j is refused", async (args, words) => {
    const { code, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });
});

describe("explain --investigate", () => {
  it("looks around the resource that the text names", async () => {
    replies = {
      "virtualMachines/web-01": {
        properties: {
          provisioningState: "Failed",
          instanceView: {
            extensions: [{ name: "setup", statuses: [{ code: "ProvisioningState/failed/9", message: "boom" }] }],
          },
        },
      },
    };
    const text = `Error: creating ${machine}: VMExtensionProvisioningError: VM has reported a failure when processing extension 'setup'.`;
    const { stdout } = await run(["explain", "--investigate", "--emulator", endpoint], { stdin: text });
    expect(stdout).toMatch(/^VMExtensionProvisioningError {2}permanent/m);
    expect(stdout).toContain("Extension setup ended with exit code 9: boom");
  });

  it("says so where the text names none", async () => {
    const { code, stderr } = await run(["explain", "AllocationFailed", "--investigate", "--emulator", endpoint]);
    expect(code).toBe(2);
    expect(stderr).toContain("names no resource");
  });
});

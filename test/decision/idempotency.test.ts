/** Which requests may be sent twice when nobody knows whether the first ran. */
import { describe, expect, it } from "vitest";
import { actionOf, isIdempotent } from "../../src/decision/idempotency.js";

const vm =
  "https://management.azure.com/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm";
const nic = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkInterfaces/nic";
const watcher = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkWatchers/w";
const bulk = "/subscriptions/s/providers/Microsoft.ComputeSchedule/locations/westeurope";

describe("a request repeats without harm", () => {
  it.each<[string, string, boolean]>([
    ["GET", vm, true],
    ["HEAD", vm, true],
    ["OPTIONS", vm, true],
    ["PUT", vm, true],
    ["PATCH", vm, true],
    ["DELETE", vm, true],
    ["put", vm, true],
    ["POST", `${vm}/start`, true],
    ["post", `${vm}/start`, true],
    ["POST", `${vm}/START?api-version=2024-07-01`, true],
    ["POST", `${vm}/start/`, true],
    ["POST", `${vm}/deallocate?hibernate=true`, true],
    ["POST", `${vm}/powerOff`, true],
    ["POST", `${vm}/restart`, true],
    ["POST", `${vm}/redeploy`, true],
    ["POST", `${vm}/reapply`, true],
    ["POST", `${vm}/generalize`, true],
    ["POST", `${vm}/assessPatches`, true],
    ["POST", `${vm}/retrieveBootDiagnosticsData`, true],
    ["POST", "https://management.azure.com/subscriptions/s/providers/Microsoft.Compute/register", true],
    ["POST", "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a/listKeys", true],
    ["POST", "/subscriptions/s/providers/Microsoft.Storage/checkNameAvailability", true],
    ["POST", "/subscriptions/s/resourceGroups/rg/validateMoveResources", true],
    ["POST", `${vm}/runCommand`, false],
    ["POST", `${vm}/capture`, false],
    ["POST", `${vm}/reimage`, false],
    ["POST", `${vm}/simulateEviction`, false],
    ["POST", `${vm}/installPatches`, false],
    ["POST", `${vm}/attachDetachDataDisks`, false],
    ["POST", "/subscriptions/s/resourceGroups/rg/moveResources", false],
    ["POST", "/subscriptions/s/resourceGroups/rg/exportTemplate", true],
    ["POST", "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01", true],
    ["POST", "/providers/Microsoft.ResourceGraph/resourcesHistory", true],
    ["POST", "/subscriptions/s/resourceGroups/rg/providers/Contoso.Graph/resources", false],
    ["POST", "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Resources/deployments/d/whatIf", true],
    ["POST", "/subscriptions/s/providers/Microsoft.Resources/calculateTemplateHash", true],
    ["POST", `${nic}/effectiveRouteTable`, true],
    ["POST", `${nic}/effectiveNetworkSecurityGroups`, true],
    ["POST", `${watcher}/ipFlowVerify`, true],
    ["POST", `${watcher}/nextHop`, true],
    ["POST", `${watcher}/packetCaptures/p/stop`, true],
    ["POST", `${bulk}/virtualMachinesGetOperationStatus`, true],
    ["POST", `${bulk}/virtualMachinesGetOperationErrors`, true],
    ["POST", `${bulk}/virtualMachinesExecuteCreate`, false],
    ["POST", "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/c/stop", true],
    ["POST", "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerInstance/containerGroups/c/stop", true],
    [
      "POST",
      "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/s/deallocate",
      true,
    ],
    ["PUT", `${vm}/runCommands/rc?api-version=2024-07-01`, false],
    ["PUT", `${vm}/runCommands/rc`, false],
    ["GET", `${vm}/runCommands/rc`, true],
    ["DELETE", `${vm}/runCommands/rc`, true],
    ["PUT", "https://a.blob.core.windows.net/c/b?comp=appendblock", false],
    ["PUT", "https://a.blob.core.windows.net/c/b?timeout=30&comp=appendblock&sv=1", false],
    ["PUT", "https://a.blob.core.windows.net/c/b?comp=block&blockid=MQ", true],
    ["PUT", "https://a.blob.core.windows.net/c/b?comp=lease", false],
    ["PUT", "https://a.blob.core.windows.net/c/b", true],
    ["POST", vm, false],
    ["POST", "", false],
    ["POST", "/", false],
    ["BREW", vm, false],
    ["", vm, false],
  ])("%s %s: %s", (method, url, expected) => expect(isIdempotent(method, url)).toBe(expected));
});

describe("the action of a URL", () => {
  it.each([
    [`${vm}/start?api-version=1&x=/stop`, "start"],
    [`${vm}/runCommand/`, "runcommand"],
    ["start", "start"],
    ["?api-version=1", ""],
    ["", ""],
  ])("%s", (url, action) => expect(actionOf(url)).toBe(action));
});

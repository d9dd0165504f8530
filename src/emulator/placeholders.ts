/**
 * Fills the `{placeholders}` of a catalog message: from the request if it names the thing, otherwise with a plausible
 * value.
 */
import { digText } from "./json.js";
import type { FaultContext } from "./fault-context.js";

const plausible: Readonly<Record<string, string>> = {
  vmName: "web-01",
  diskName: "data-01",
  lun: "0",
  blobUri: "https://rehearsal.blob.core.windows.net/vhds/data-01.vhd",
  blobName: "data-01.vhd",
  containerName: "vhds",
  storageAccount: "rehearsal",
  storageAccountType: "Premium_LRS",
  secretUri: "https://rehearsal.vault.azure.net/secrets/certificate/1",
  keyUri: "https://rehearsal.vault.azure.net/keys/disk/1",
  extensionName: "customScript",
  publisher: "Microsoft.Azure.Extensions",
  extensionType: "CustomScript",
  extensionVersion: "2.1",
  handlerName: "Microsoft.Azure.Extensions.CustomScript",
  imageName: "golden-image",
  availabilitySet: "front",
  scaleSet: "workers",
  size: "Standard_D2s_v5",
  sizes: "Standard_D2s_v5, Standard_D4s_v5",
  zone: "1",
  parameter: "adminPassword",
  value: "unknown",
  expected: "another value",
  minimum: "1",
  maximum: "64",
  limit: "10",
  usage: "10",
  state: "Updating",
  userName: "azureuser",
  licenseType: "Windows_Server",
  errorCode: "1",
  errorMessage: "Enable failed.",
  actions: "Microsoft.Compute/virtualMachines/write",
  seconds: "10",
  characters: '\\ / " [ ] : | < > + = ; , ? *',
  otherSubscription: "00000000-0000-0000-0000-000000000002",
  clientId: "00000000-0000-0000-0000-000000000003",
  objectId: "00000000-0000-0000-0000-000000000004",
  principal: "00000000000000000000000000000004",
  issuer: "https://token.actions.githubusercontent.com",
  subject: "repo:contoso/infrastructure:ref:refs/heads/main",
  audience: "api://AzureADTokenExchange",
  link: "https://aka.ms/ProdportalCRP",
  page: "https://aka.ms/rehearsal",
  quota: "Total Regional Cores",
  required: "4",
  type: "Microsoft.Compute/virtualMachines",
  generation: "2",
  diskZone: "2",
  otherRegion: "northeurope",
  regions: "northeurope, swedencentral",
  feature: "EncryptionAtHost",
  linkedActions: "Microsoft.Network/virtualNetworks/subnets/join/action",
  constraints: "Differencing (Ephemeral) Disks",
  price: "0.05",
  host: "management.azure.com",
  osType: "Linux",
  targetSize: "Standard_D4s_v5",
};

/** Explicit values take precedence over those of the request, which take precedence over plausible ones. */
export function fillPlaceholders(
  template: string,
  context: FaultContext,
  given: Readonly<Record<string, string>>,
): string {
  const values = { ...plausible, ...fromRequest(context), ...given };
  return template.replace(/\{([A-Za-z]\w*)\}/g, (_, name: string) => values[name] ?? name);
}

function fromRequest({ request, params, path, cloud }: FaultContext): Record<string, string> {
  const { subscriptionId, tenantId, location } = cloud.options;
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${params["group"] ?? cloud.options.resourceGroups[0] ?? "rg"}`;
  const action = request.name.split("/").at(-1) ?? "";
  const isAction = request.method === "POST";
  const [namespace = "Microsoft.Compute", type = "virtualMachines"] = (path.split("/providers/")[1] ?? "").split("/");
  const found: Record<string, string | undefined> = {
    vmName: params["vm"],
    vmId: params["vm"] && path,
    diskName: params["resource"],
    diskId: params["vm"] ? `${group}/providers/Microsoft.Compute/disks/data-01` : path,
    imageName: params["resource"],
    imageId: params["vm"] ? `${group}/providers/Microsoft.Compute/images/golden-image` : path,
    extensionName: params["extension"],
    resource: params["vm"] ?? params["resource"] ?? params["group"],
    resourceType: `${namespace}/${type}`,
    resourceGroup: params["group"],
    subscription: subscriptionId,
    tenant: tenantId,
    namespace: params["namespace"] ?? namespace,
    scope: path,
    lockedScope: params["group"] && path.split("/providers/")[0],
    linkedScope: `${group}/providers/Microsoft.Network/virtualNetworks/net-01/subnets/default`,
    policies: `[{"policyAssignment":{"name":"rehearsal","id":"/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/policyAssignments/rehearsal"}}]`,
    otherResource: `${group}/providers/Microsoft.Network/networkInterfaces/nic-01`,
    resources: `${group}/providers/Microsoft.Network/networkInterfaces/nic-01`,
    operation: isAction ? action : request.method.toLowerCase(),
    operationId: params["operation"] ?? "00000000-0000-0000-0000-000000000001",
    region: params["location"] ?? digText(request.body, "location") ?? location,
    size: digText(request.body, "properties", "hardwareProfile", "vmSize"),
    userName: digText(request.body, "properties", "osProfile", "adminUsername"),
  };
  const named = Object.entries(found).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return Object.fromEntries(named);
}

/**
 * VM Inspector: a run reads the OS disk and writes a zip to the caller's blob. Its checks come before the run; a failed
 * run returns 200 with `resultStatus: "Failed"`, and is polled at another host than Resource Manager's.
 */
import { inspectorRegions } from "../../catalog/inspector-regions.js";
import { retryAfterHeader, type ArmExchange } from "../exchange.js";
import { dig, digText, type JsonObject } from "../json.js";
import { hasEphemeralDisk, isMachine, type Machine } from "../machine.js";
import type { Operation } from "../operations.js";
import type { Route } from "../router.js";
import { ArmError, type HeaderValues, type Reply } from "../wire.js";

const place = "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}";
const inspection = `${place}/diagnostics/diskInspection`;
const named = "diagnostics/diskInspection";

export const inspectorRoutes: readonly Route[] = [
  { method: "GET", path: `${place}/diagnostics`, name: "diagnostics", handle: listDiagnostics },
  { method: "GET", path: inspection, name: named, handle: getInspection },
  { method: "POST", path: `${inspection}/run`, name: `${named}/run`, longRunning: true, handle: run },
  {
    method: "POST",
    path: `${inspection}/validateStorageConfiguration`,
    name: `${named}/validateStorageConfiguration`,
    handle: validateStorage,
  },
  {
    method: "POST",
    path: `${inspection}/registerStorageConfiguration`,
    name: `${named}/registerStorageConfiguration`,
    handle: registerStorage,
  },
  {
    method: "GET",
    path: `${place}/diagnosticOperations/{operation}`,
    name: "diagnosticOperations/{operation}",
    handle: poll,
  },
  {
    method: "POST",
    path: `${place}/diagnostics/spotPlacementRecommender/generate`,
    name: "diagnostics/spotPlacementRecommender/generate",
    handle: placementScores,
  },
];

function locationOf(exchange: ArmExchange): string {
  const location = exchange.param("location").toLowerCase();
  if (inspectorRegions.includes(location)) return location;
  throw new ArmError(
    400,
    "NoRegisteredProviderFound",
    `No registered resource provider found for location '${location}' and API version '${exchange.apiVersion}' for type 'locations/diagnostics'. The supported locations are '${inspectorRegions.join(", ")}'.`,
  );
}

function description(exchange: ArmExchange): JsonObject {
  return {
    id: `/subscriptions/${exchange.cloud.options.subscriptionId}/providers/Microsoft.Compute/locations/${locationOf(exchange)}/diagnostics/diskInspection`,
    name: "diskInspection",
    type: "Microsoft.Compute/locations/diagnostics",
    properties: { supportedResourceTypes: ["Microsoft.Compute/virtualMachines"] },
  };
}

function getInspection(exchange: ArmExchange): Reply {
  return { status: 200, body: description(exchange) };
}

function listDiagnostics(exchange: ArmExchange): Reply {
  return { status: 200, body: { value: [description(exchange)] } };
}

function registerStorage(exchange: ArmExchange): Reply {
  const storageAccountId = digText(exchange.body, "storageAccountId");
  if (!storageAccountId || !/\/providers\/Microsoft\.Storage\/storageAccounts\/[^/]+$/i.test(storageAccountId)) {
    throw new ArmError(400, "InvalidParameter", "The input parameter 'storageAccountId' is invalid.", {
      target: "storageAccountId",
    });
  }
  exchange.cloud.inspectorStorage.set(locationOf(exchange), storageAccountId);
  return { status: 200 };
}

function validateStorage(exchange: ArmExchange): Reply {
  const location = locationOf(exchange);
  const storageAccountId = exchange.cloud.inspectorStorage.get(location);
  if (storageAccountId !== undefined) return { status: 200, body: { storageAccountId } };
  throw new ArmError(
    404,
    "StorageConfigurationNotFound",
    `Unable to find a storage configuration for given subscriptionId: '${exchange.cloud.options.subscriptionId}', location: '${location}'. Please check value of subscriptionId and try again or invoke "registerStorageConfiguration" to add a new storage configuration.`,
  );
}

function run(exchange: ArmExchange): Reply {
  const location = locationOf(exchange);
  if (!digText(exchange.body, "manifest")) {
    throw new ArmError(400, "InvalidParameter", "The input parameter 'manifest' is invalid.", { target: "manifest" });
  }
  checkUploadSas(digText(exchange.body, "uploadSasUri"), exchange.cloud.clock.now());
  const machine = inspectable(exchange);
  const operation = exchange.begin({
    status: 202,
    // Each request has its own run: it does not lock the VM.
    resourceId: `${machine.id}/diskInspection`,
    location,
    style: "location",
    succeed: () => undefined,
    fail: () => undefined,
  });
  return { status: 202, headers: followHeaders(exchange, location, operation) };
}

function poll(exchange: ArmExchange): Reply {
  const location = locationOf(exchange);
  const id = exchange.param("operation");
  const operation = exchange.cloud.operations.find(id);
  if (!operation) {
    throw new ArmError(
      404,
      "DiagnosticOperationNotFound",
      `Diagnostic operation with operationId: ${id} is not found in location: ${location} for subscription: ${exchange.cloud.options.subscriptionId}. Please check subscription and location values and try again.`,
    );
  }
  const reply: Reply =
    operation.status === "InProgress"
      ? { status: 202, headers: followHeaders(exchange, location, operation) }
      : { status: 200, body: outcome(operation) };
  exchange.cloud.operations.lookedAt(operation);
  return reply;
}

function outcome({ status, startedAt, error }: Operation): JsonObject {
  const createdUTC = new Date(startedAt).toISOString();
  if (status === "Succeeded") {
    return { createdUTC, resultStatus: "Success", message: "Disk inspection completed.", responseFields: [] };
  }
  return { createdUTC, resultStatus: "Failed", message: "Disk inspection failed.", errorDetail: error };
}

/** Another host than Resource Manager's, if the caller uses Azure's hosts at all. */
function followHeaders(exchange: ArmExchange, location: string, operation: Operation): HeaderValues {
  const { origin, protocol } = exchange.request.url;
  const host = protocol === "https:" ? `https://${location}.diagnostic.compute.azure.com` : origin;
  const path = `/subscriptions/${exchange.cloud.options.subscriptionId}/providers/Microsoft.Compute/locations/${location}/diagnosticOperations/${operation.id}`;
  return { location: `${host}${path}?api-version=${exchange.apiVersion}`, ...retryAfterHeader(operation) };
}

function inspectable(exchange: ArmExchange): Machine {
  const id = digText(exchange.body, "resourceId") ?? "";
  const machine = exchange.cloud.resources.find(id);
  if (!isMachine(machine)) {
    const message = `Virtual machine '${id}' is not found. Please choose another virtual machine and try again.`;
    throw new ArmError(404, "VirtualMachineNotFoundInARM", message, { target: "resourceId" });
  }
  const problem = diskProblem(exchange, machine);
  if (problem !== undefined) throw new ArmError(405, "ResourceNotSupported", problem, { target: "resourceId" });
  return machine;
}

function diskProblem(exchange: ArmExchange, machine: Machine): string | undefined {
  const osDisk = dig(machine.properties, "storageProfile", "osDisk");
  const diskName = digText(osDisk, "name") ?? `${machine.name}_OsDisk_1`;
  if (dig(osDisk, "encryptionSettings", "enabled") === true)
    return `Disk inspection is not supported for VM '${machine.name}' with encrypted OS disk '${diskName}'.`;
  if (hasEphemeralDisk(machine)) {
    return `Disk inspection is not supported for VM '${machine.name}' with ephemeral OS disk '${diskName}'.`;
  }
  if (dig(osDisk, "vhd") !== undefined) {
    return `Disk inspection is not supported for VM '${machine.name}' with unmanaged OS disk.`;
  }
  // The disk's own state: a machine whose guest did not come up is just what is inspected.
  const { provisioningState = "Succeeded" } =
    exchange.cloud.resources.find(digText(osDisk, "managedDisk", "id") ?? "") ?? {};
  if (provisioningState === "Succeeded") return undefined;
  return `Disk inspection is not supported for the OS disk '${diskName}' with provisioning state '${provisioningState}'.`;
}

function checkUploadSas(sas: string | undefined, now: number): void {
  const url = sas === undefined || !URL.canParse(sas) ? undefined : new URL(sas);
  const isBlob = url?.protocol === "https:" && url.pathname.split("/").filter(Boolean).length >= 2;
  if (!url || !isBlob) throw wrongSas("is not in the expected format. Please send a SAS Uri to a 'Blob' resource.");
  const claims = url.searchParams;
  if (!url.pathname.endsWith(".zip")) {
    throw wrongSas("does not have a file extension '.zip' in it. Please use a SAS URI reference to a '*.zip' blob.");
  }
  if (claims.get("sr") !== "b") {
    throw wrongSas(
      `is not generated for resource: Blob. The Uri has claim 'sr'= ${claims.get("sr") ?? ""}. Please send a SAS Uri to a 'Blob' resource.`,
    );
  }
  const permissions = claims.get("sp") ?? "";
  if (!permissions.includes("r") || !permissions.includes("w")) {
    throw wrongSas(
      "does not have the required permissions. Please generate a SAS URI with read and write permissions (sp='rw').",
    );
  }
  const expiry = claims.get("se") ?? "";
  if (!(Date.parse(expiry) > now)) throw wrongSas(`is expired. Value of 'se' claim = ${expiry}.`);
}

function wrongSas(problem: string): ArmError {
  const message = `Input parameter 'uploadSasUri' ${problem}`;
  return new ArmError(400, "InvalidBlobUploadSASUri", message, { target: "uploadSasUri" });
}

function placementScores(exchange: ArmExchange): Reply {
  const texts = (key: string): string[] => {
    const list = exchange.body[key];
    return Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
  };
  const skus = Array.isArray(exchange.body["desiredSizes"]) ? exchange.body["desiredSizes"] : [];
  const zones = exchange.body["availabilityZones"] === true ? ["1", "2", "3"] : [undefined];
  const placementScores = texts("desiredLocations").flatMap((region) =>
    skus.flatMap((size) =>
      zones.map((availabilityZone) => ({
        sku: digText(size, "sku"),
        region,
        ...(availabilityZone !== undefined && { availabilityZone }),
        score: "High",
        isQuotaAvailable: true,
      })),
    ),
  );
  return { status: 200, body: { placementScores } };
}

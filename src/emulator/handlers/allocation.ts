/** What a machine must pass before it gets hardware: restrictions, quota, capacity. */
import type { ArmExchange } from "../exchange.js";
import { isSpot, sizeOf, type Machine } from "../machine.js";
import { placeRequestOf } from "../capacity.js";
import type { OperationFailure } from "../operations.js";
import type { Demand } from "../quotas.js";
import { ArmError } from "../wire.js";
import { hasRoomOnHost } from "./reservations.js";

/** Throws the service's immediate response to a restricted size or to an exceeded quota. */
export function checkOffer(exchange: ArmExchange, next: Machine, old?: Machine): void {
  if (old && sizeOf(old) === sizeOf(next)) return;
  const request = placeRequestOf(next);
  const { restrictions, capacity } = exchange.cloud;
  const isOffered = restrictions.allows(request.size, request.location, request.zone);
  if (!isOffered || capacity.refusesAtOnce(request)) throw skuNotAvailable(exchange, next);
  checkQuota(exchange, next.location, demandOf(next), old && demandOf(old));
}

export function demandOf(machine: Machine): Demand {
  return { size: sizeOf(machine), isSpot: isSpot(machine), count: 1 };
}

export function checkQuota(exchange: ArmExchange, location: string, demand: Demand, instead?: Demand): void {
  const shortfall = exchange.cloud.quotas.shortfall(demand, location, instead);
  if (!shortfall) return;
  const { usage, needed } = shortfall;
  const { name, limit, used } = usage;
  const what =
    name === "cores" ? "Total Regional Cores" : name === "lowPriorityCores" ? "LowPriorityCores" : `${name} Cores`;
  const link = quotaLink(exchange.cloud.options.subscriptionId, location, name, used + needed);
  throw new ArmError(
    409,
    "OperationNotAllowed",
    `Operation could not be completed as it results in exceeding approved ${what} quota. Additional details - Deployment Model: Resource Manager, Location: ${location}, Current Limit: ${limit}, Current Usage: ${used}, Additional Required: ${needed}, (Minimum) New Limit Required: ${used + needed}. Setup Alerts when Quota reaches threshold. Learn more at https://aka.ms/quotamonitoringalerting . Submit a request for Quota increase at ${link} by specifying parameters listed in the 'Details' section for deployment to succeed. Please read more about quota limits at https://docs.microsoft.com/en-us/azure/azure-supportability/per-vm-quota-requests`,
  );
}

function quotaLink(subscriptionId: string, location: string, resourceName: string, limit: number): string {
  const parameters = {
    subscriptionId,
    command: "openQuotaApprovalBlade",
    quotas: [
      {
        location,
        providerId: "Microsoft.Compute",
        resourceName,
        quotaRequest: { properties: { limit, unit: "Count", name: { value: resourceName } } },
      },
    ],
  };
  return `https://aka.ms/ProdportalCRP/#blade/Microsoft_Azure_Capacity/UsageAndQuota.ReactView/Parameters/${encodeURIComponent(JSON.stringify(parameters))}`;
}

function skuNotAvailable(exchange: ArmExchange, machine: Machine): ArmError {
  const { size, location, zone } = placeRequestOf(machine);
  const resource = `Following SKUs have failed for Capacity Restrictions: ${size}`;
  const message =
    zone === undefined
      ? `The requested VM size for resource '${resource}' is currently not available in location '${location}'. Please try another size or deploy to a different location or different zone. See https://aka.ms/azureskunotavailable for details.`
      : `The requested VM size for resource '${resource}' is currently not available in location '${location}' zones '${zone}' for subscription '${exchange.cloud.options.subscriptionId}'. Please try another size or deploy to a different location or zones. See https://aka.ms/azureskunotavailable for details.`;
  return new ArmError(409, "SkuNotAvailable", message);
}

/** Takes hardware for the machine, or returns the failure of its operation. */
export function allocate(exchange: ArmExchange, machine: Machine): OperationFailure | undefined {
  const request = placeRequestOf(machine);
  const place = hasRoomOnHost(exchange, machine) ? exchange.cloud.capacity.place(request) : undefined;
  machine.zone = place?.zone;
  if (place) return undefined;
  const where = request.zone === undefined ? "region" : "zone";
  const error = {
    code: request.zone === undefined ? "AllocationFailed" : "ZonalAllocationFailed",
    message: `Allocation failed. We do not have sufficient capacity for the requested VM size in this ${where}. Read more about improving likelihood of allocation success at http://aka.ms/allocation-guidance`,
  };
  return { status: "Failed", error, httpStatus: 409, completesAnyway: false };
}

/** Network interfaces of a VM: they must exist, and serve one VM at a time. */
import type { ArmExchange } from "../exchange.js";
import { digObjects, digText } from "../json.js";
import type { Machine } from "../machine.js";
import { idsAt, touch, type Resource, type Resources } from "../resources.js";
import { ArmError } from "../wire.js";

const interfaceType = "Microsoft.Network/networkInterfaces";

export function checkNetwork(exchange: ArmExchange, machine: Machine): void {
  for (const id of interfacesOf(machine)) {
    const nic = exchange.cloud.resources.find(id);
    if (!nic) {
      throw new ArmError(
        400,
        "InvalidResourceReference",
        `Resource ${id} referenced by resource ${machine.id} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
      );
    }
    const user = userOf(nic);
    if (user !== undefined && user.toLowerCase() !== machine.id.toLowerCase()) {
      throw new ArmError(400, "NicInUse", `Network Interface ${id} is used by existing resource ${user}.`);
    }
  }
}

export function attachNetwork(exchange: ArmExchange, machine: Machine): void {
  const { resources } = exchange.cloud;
  const wanted = new Set(interfacesOf(machine).map((id) => id.toLowerCase()));
  for (const nic of interfacesUsedBy(resources, machine)) if (!wanted.has(nic.id.toLowerCase())) release(nic);
  for (const id of wanted) {
    const nic = resources.find(id);
    if (!nic || userOf(nic) === machine.id) continue;
    nic.properties["virtualMachine"] = { id: machine.id };
    touch(nic);
  }
}

/** A deleted VM leaves its interfaces behind, except those with `deleteOption: "Delete"`. */
export function releaseNetwork(resources: Resources, machine: Machine): void {
  const goesAlong = digObjects(machine.properties, "networkProfile", "networkInterfaces")
    .filter((reference) => digText(reference, "properties", "deleteOption") === "Delete")
    .map((reference) => digText(reference, "id")?.toLowerCase());
  for (const nic of interfacesUsedBy(resources, machine)) {
    if (goesAlong.includes(nic.id.toLowerCase())) resources.delete(nic.id);
    else release(nic);
  }
}

function interfacesOf(machine: Machine): string[] {
  return idsAt(machine.properties, "networkProfile", "networkInterfaces");
}

function interfacesUsedBy(resources: Resources, machine: Machine): Resource[] {
  return resources.ofType(interfaceType).filter((nic) => userOf(nic) === machine.id);
}

function userOf(nic: Resource): string | undefined {
  return digText(nic.properties, "virtualMachine", "id");
}

function release(nic: Resource): void {
  const { virtualMachine: _, ...properties } = nic.properties;
  nic.properties = properties;
  touch(nic);
}

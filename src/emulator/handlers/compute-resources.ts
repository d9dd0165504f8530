/** Compute resources besides the VM: managed disks, images, availability sets. */
import type { ArmExchange } from "../exchange.js";
import { dig, digText } from "../json.js";
import { isMachine, machineType } from "../machine.js";
import { idsAt, type Resource } from "../resources.js";
import type { Route } from "../router.js";
import { ArmError, notAllowed } from "../wire.js";
import { routesOf, type PlainResource } from "./plain-resources.js";

const disks: PlainResource = {
  namespace: "Microsoft.Compute",
  type: "disks",
  writeStyle: "both",
  writeStatus: 202,
  checkWrite: checkDiskSize,
  checkDelete: (_, disk) => {
    const owner = digText(disk.outer, "managedBy");
    if (owner !== undefined) throw notAllowed(`Disk ${disk.name} is attached to VM ${owner}.`);
  },
  complete: (disk) => {
    disk.properties["diskState"] ??= "Unattached";
    disk.properties["diskSizeGB"] ??= 30;
  },
};

const images: PlainResource = {
  namespace: "Microsoft.Compute",
  type: "images",
  writeStyle: "azure-async-operation",
  checkWrite: (exchange, image) => {
    const id = digText(image.properties, "sourceVirtualMachine", "id");
    if (id === undefined) return;
    const source = exchange.cloud.resources.find(id);
    const sourceName = id.split("/").at(-1) ?? id;
    if (!isMachine(source)) {
      throw new ArmError(
        404,
        "NotFound",
        `Source Virtual Machine '${sourceName}' specified in the request does not exist in this Azure location.`,
      );
    }
    if (source.generalized) return;
    throw notAllowed(`The operation 'Create Image' requires the Virtual Machine '${sourceName}' to be Generalized.`);
  },
};

const availabilitySets: PlainResource = {
  namespace: "Microsoft.Compute",
  type: "availabilitySets",
  writeStatus: 200,
  complete: (set) => {
    set.properties["platformFaultDomainCount"] ??= 2;
    set.properties["platformUpdateDomainCount"] ??= 5;
    set.properties["virtualMachines"] ??= [];
  },
  checkDelete: (exchange, set) => {
    if (machinesIn(exchange, set).length === 0) return;
    throw notAllowed(
      `Availability Set ${set.name} cannot be deleted. Before deleting an Availability Set please ensure that it does not contain any VM.`,
    );
  },
};

const snapshots: PlainResource = {
  namespace: "Microsoft.Compute",
  type: "snapshots",
  writeStyle: "both",
  writeStatus: 202,
  checkWrite: (exchange, snapshot) => {
    const source = digText(snapshot.properties, "creationData", "sourceResourceId");
    if (source === undefined || exchange.cloud.resources.find(source)) return;
    throw new ArmError(404, "NotFound", `Disk ${source.split("/").at(-1) ?? source} is not found.`, {
      target: "sourceResourceId",
    });
  },
  complete: (snapshot, exchange) => {
    const source = exchange.cloud.resources.find(
      digText(snapshot.properties, "creationData", "sourceResourceId") ?? "",
    );
    snapshot.properties["diskSizeGB"] ??= source?.properties["diskSizeGB"] ?? 30;
    snapshot.properties["osType"] ??= source?.properties["osType"];
    snapshot.properties["diskState"] ??= "Unattached";
    snapshot.properties["timeCreated"] ??= new Date(exchange.cloud.clock.now()).toISOString();
  },
};

export const computeResourceRoutes: readonly Route[] = [disks, snapshots, images, availabilitySets].flatMap(routesOf);

function checkDiskSize(exchange: ArmExchange, next: Resource, old: Resource | undefined): void {
  const before = Number(dig(old?.properties, "diskSizeGB") ?? 0);
  const after = Number(dig(next.properties, "diskSizeGB") ?? before);
  if (after < before) {
    throw new ArmError(
      400,
      "BadRequest",
      `Disk size reduction is not supported. Current size is ${before} GB, requested size is ${after} GB, disk name is ${next.name}.`,
    );
  }
  const owner = digText(old?.outer, "managedBy");
  const machine = owner === undefined ? undefined : exchange.cloud.resources.find(owner);
  if (after === before || !isMachine(machine) || machine.powerState === "deallocated") return;
  throw notAllowed(
    `Cannot resize disk ${next.name} while it is attached to running VM ${machine.id}. Resizing a disk of an Azure Virtual Machine requires the virtual machine to be deallocated. Please stop your VM and retry the operation.`,
  );
}

function machinesIn(exchange: ArmExchange, set: Resource): Resource[] {
  const machines = exchange.cloud.resources.ofType(machineType);
  const named = new Set(idsAt(set.properties, "virtualMachines"));
  return machines.filter(
    (machine) =>
      named.has(machine.id) ||
      digText(machine.properties, "availabilitySet", "id")?.toLowerCase() === set.id.toLowerCase(),
  );
}

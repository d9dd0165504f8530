/** Disks of a VM: what may be attached, and how attaching and detaching changes the disk resources. */
import type { ArmExchange } from "../exchange.js";
import { dig, digObject, digObjects, digText, type JsonObject } from "../json.js";
import { maxDataDisks, sizeOf, type Machine } from "../machine.js";
import { newResource, settle, type Resource, type Resources } from "../resources.js";
import { ArmError, notAllowed } from "../wire.js";

/** Throws the service's response to an invalid storage profile. */
export function checkDisks(exchange: ArmExchange, next: Machine, old: Machine | undefined): void {
  const disks = dataDisksOf(next);
  const limit = maxDataDisks(sizeOf(next));
  if (disks.length > limit) {
    throw notAllowed(`The maximum number of data disks allowed to be attached to a VM of this size is ${limit}.`);
  }
  const luns = new Set<unknown>();
  for (const disk of disks) {
    if (luns.has(disk["lun"])) {
      throw new ArmError(400, "InvalidParameter", `A disk at LUN ${String(disk["lun"])} already exists.`, {
        target: "dataDisk.lun",
      });
    }
    luns.add(disk["lun"]);
    checkOwner(exchange, next, disk);
    if (old) checkSizeKept(old, disk);
  }
}

/** Creates the disks of the profile, attaches all of them, and detaches those that it no longer names. */
export function attachDisks(exchange: ArmExchange, machine: Machine): void {
  const { resources } = exchange.cloud;
  const storage = digObject(machine.properties, "storageProfile");
  const osDisk = digObject(storage, "osDisk");
  if (storage["imageReference"] === undefined && Object.keys(osDisk).length === 0 && !("dataDisks" in storage)) return;
  const isManaged = osDisk["vhd"] === undefined && osDisk["diffDiskSettings"] === undefined;
  const osType = isWindows(machine) ? "Windows" : "Linux";
  const named = { osType, name: `${machine.name}_OsDisk_1`, createOption: "FromImage", ...osDisk };
  const attached = {
    ...storage,
    osDisk: isManaged ? attach(exchange, machine, named) : named,
    dataDisks: dataDisksOf(machine).map((disk) => attach(exchange, machine, disk)),
  };
  machine.properties["storageProfile"] = attached;
  const held = new Set([attached.osDisk, ...attached.dataDisks].map((disk) => idOfDisk(disk)?.toLowerCase()));
  for (const disk of disksHeldBy(resources, machine)) if (!held.has(disk.id.toLowerCase())) release(disk);
}

function isWindows({ properties }: Machine): boolean {
  const offer = digText(properties, "storageProfile", "imageReference", "offer") ?? "";
  return /windows/i.test(offer) || dig(properties, "osProfile", "windowsConfiguration") !== undefined;
}

/** A deleted VM leaves its disks behind, except those with `deleteOption: "Delete"`. */
export function releaseDisks(resources: Resources, machine: Machine): void {
  const storage = digObject(machine.properties, "storageProfile");
  const goesAlong = [digObject(storage, "osDisk"), ...digObjects(storage, "dataDisks")]
    .filter((disk) => disk["deleteOption"] === "Delete")
    .map((disk) => idOfDisk(disk)?.toLowerCase());
  for (const disk of disksHeldBy(resources, machine)) {
    if (goesAlong.includes(disk.id.toLowerCase())) resources.delete(disk.id);
    else release(disk);
  }
}

function dataDisksOf(machine: Machine): JsonObject[] {
  const disks = digObjects(machine.properties, "storageProfile", "dataDisks");
  return disks.filter((disk) => disk["toBeDetached"] !== true);
}

function checkOwner(exchange: ArmExchange, machine: Machine, disk: JsonObject): void {
  const id = idOfDisk(disk);
  if (id === undefined) return;
  const resource = exchange.cloud.resources.find(id);
  if (!resource) {
    throw new ArmError(404, "NotFound", `Disk ${id.split("/").at(-1) ?? id} is not found.`, {
      target: "managedDisk.id",
    });
  }
  const owner = ownerOf(resource);
  if (owner === undefined || owner.toLowerCase() === machine.id.toLowerCase()) return;
  throw new ArmError(
    409,
    "ConflictingUserInput",
    `Disk '${resource.name}' cannot be attached as the disk is already owned by VM '${owner}'.`,
  );
}

function checkSizeKept(old: Machine, disk: JsonObject): void {
  const before = dataDisksOf(old).find((candidate) => candidate["lun"] === disk["lun"])?.["diskSizeGB"];
  if (before === undefined || disk["diskSizeGB"] === undefined || before === disk["diskSizeGB"]) return;
  if (old.powerState === "deallocated") return;
  throw new ArmError(
    409,
    "Conflict",
    "Disk resizing is allowed only when creating a VM or when the VM is deallocated.",
  );
}

function attach(exchange: ArmExchange, machine: Machine, disk: JsonObject): JsonObject {
  const { resources } = exchange.cloud;
  const name = digText(disk, "name") ?? `${machine.name}_disk_${Number(disk["lun"] ?? 0)}`;
  const id = idOfDisk(disk) ?? exchange.id("Microsoft.Compute", "disks", name);
  const resource = resources.find(id) ?? resources.put(newDisk(id, machine.location, disk));
  if (ownerOf(resource) !== machine.id) {
    resource.outer = { ...resource.outer, managedBy: machine.id };
    resource.properties["diskState"] = "Attached";
    settle(resource, "Succeeded");
  }
  return {
    diskSizeGB: resource.properties["diskSizeGB"],
    ...disk,
    name: resource.name,
    managedDisk: {
      storageAccountType: digText(resource.outer, "sku", "name"),
      ...digObject(disk, "managedDisk"),
      id: resource.id,
    },
  };
}

function newDisk(id: string, location: string, disk: JsonObject): Resource {
  return newResource(id, location, {
    sku: { name: digText(disk, "managedDisk", "storageAccountType") ?? "Premium_LRS" },
    properties: {
      diskSizeGB: disk["diskSizeGB"] ?? 30,
      ...(disk["osType"] !== undefined && { osType: disk["osType"] }),
      creationData: { createOption: disk["createOption"] ?? "Empty" },
    },
  });
}

function release(disk: Resource): void {
  const { managedBy: _, ...outer } = disk.outer;
  disk.outer = outer;
  disk.properties["diskState"] = "Unattached";
  settle(disk, "Succeeded");
}

function disksHeldBy(resources: Resources, machine: Machine): Resource[] {
  return resources.ofType("Microsoft.Compute/disks").filter((disk) => ownerOf(disk) === machine.id);
}

function ownerOf(disk: Resource): string | undefined {
  return digText(disk.outer, "managedBy");
}

function idOfDisk(disk: JsonObject): string | undefined {
  const id = dig(disk, "managedDisk", "id");
  return typeof id === "string" ? id : undefined;
}

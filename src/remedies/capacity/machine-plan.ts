/**
 * What a create asks for, whether a virtual machine or a scale set: its size, zone and priority, which a fallback may
 * change, and the requirements of any replacement size.
 */
import { parseArmUrl } from "../arm-url.js";
import type { FailedRequest } from "../remedy.js";

/** The traits that the request needs from its size. */
export interface MachineNeeds {
  readonly dataDisks: number;
  readonly nics: number;
  readonly premiumStorage: boolean;
  readonly ultraDisks: boolean;
  readonly encryptionAtHost: boolean;
  /** `TrustedLaunch`, `ConfidentialVM`; empty for none. */
  readonly securityType: string;
  /** Where an ephemeral OS disk is placed; empty for anywhere; undefined if the disk is not ephemeral. */
  readonly ephemeralPlacement: string | undefined;
  /** `SCSI`, `NVMe`; empty if the request does not say. */
  readonly diskController: string;
}

/** Where and how capacity is asked for. */
export interface Candidate {
  readonly size: string;
  /** Undefined for a regional placement. */
  readonly zone: string | undefined;
  readonly spot: boolean;
}

/** A create, as far as capacity is concerned. */
export interface MachinePlan extends Candidate {
  readonly kind: "virtualMachine" | "scaleSet";
  /** `https://management.azure.com` */
  readonly endpoint: string;
  readonly subscription: string;
  readonly region: string;
  /** How many machines it creates. */
  readonly count: number;
  /** It is tied to certain hosts: a shortage there says nothing about the region. */
  readonly isBound: boolean;
  readonly needs: MachineNeeds;
}

interface Disk {
  readonly managedDisk?: { readonly storageAccountType?: string };
  readonly diffDiskSettings?: { readonly option?: string; readonly placement?: string };
}

interface Profile {
  readonly priority?: string;
  readonly evictionPolicy?: string;
  readonly billingProfile?: object;
  readonly hardwareProfile?: { readonly vmSize?: string };
  readonly networkProfile?: {
    readonly networkInterfaces?: unknown[];
    readonly networkInterfaceConfigurations?: unknown[];
  };
  readonly securityProfile?: { readonly securityType?: string; readonly encryptionAtHost?: boolean };
  readonly additionalCapabilities?: { readonly ultraSSDEnabled?: boolean };
  readonly storageProfile?: {
    readonly osDisk?: Disk;
    readonly dataDisks?: readonly Disk[];
    readonly diskControllerType?: string;
  };
  readonly availabilitySet?: object;
  readonly proximityPlacementGroup?: object;
  readonly host?: object;
  readonly hostGroup?: object;
  readonly capacityReservation?: object;
}

interface Body {
  readonly location?: string;
  readonly zones?: readonly string[];
  readonly sku?: { readonly name?: string; readonly capacity?: number };
  readonly properties?: Profile & { readonly virtualMachineProfile?: Profile };
}

const machineUrl = /\/providers\/Microsoft\.Compute\/(virtualMachines|virtualMachineScaleSets)\/[^/?]+\/?(?:\?|$)/i;

/** The plan of a request; undefined if it creates neither a machine nor a scale set. */
export function planOf({ method, url, body }: FailedRequest): MachinePlan | undefined {
  const type = machineUrl.exec(url)?.[1];
  const { origin: endpoint, subscription } = parseArmUrl(url);
  if (method !== "PUT" || type === undefined || subscription === undefined) return undefined;
  if (typeof body !== "object" || body === null) return undefined;
  const { location, zones, sku, properties } = body as Body;
  const kind = type.toLowerCase() === "virtualmachines" ? "virtualMachine" : "scaleSet";
  const profile = (kind === "virtualMachine" ? properties : properties?.virtualMachineProfile) ?? {};
  const size = kind === "virtualMachine" ? profile.hardwareProfile?.vmSize : sku?.name;
  if (typeof location !== "string" || typeof size !== "string") return undefined;
  return {
    kind,
    endpoint,
    subscription,
    region: location,
    size,
    zone: kind === "virtualMachine" || zones?.length === 1 ? zones?.[0] : undefined,
    spot: /^(?:spot|low)$/i.test(profile.priority ?? ""),
    count: kind === "virtualMachine" ? 1 : (sku?.capacity ?? 1),
    isBound: isBound(profile) || isBound(properties ?? {}),
    needs: needsOf(profile),
  };
}

function isBound({ availabilitySet, proximityPlacementGroup, host, hostGroup, capacityReservation }: Profile): boolean {
  return [availabilitySet, proximityPlacementGroup, host, hostGroup, capacityReservation].some(Boolean);
}

function needsOf({
  storageProfile = {},
  networkProfile = {},
  securityProfile = {},
  additionalCapabilities,
}: Profile): MachineNeeds {
  const { osDisk, dataDisks = [], diskControllerType = "" } = storageProfile;
  const disks = [...(osDisk ? [osDisk] : []), ...dataDisks];
  const uses = (kind: RegExp): boolean =>
    disks.some(({ managedDisk }) => kind.test(managedDisk?.storageAccountType ?? ""));
  const { networkInterfaces, networkInterfaceConfigurations } = networkProfile;
  const { option, placement = "" } = osDisk?.diffDiskSettings ?? {};
  return {
    dataDisks: dataDisks.length,
    nics: (networkInterfaces ?? networkInterfaceConfigurations ?? []).length,
    premiumStorage: uses(/^Premium/i),
    ultraDisks: uses(/^UltraSSD/i) || additionalCapabilities?.ultraSSDEnabled === true,
    encryptionAtHost: securityProfile.encryptionAtHost === true,
    securityType: /^Standard$/i.test(securityProfile.securityType ?? "") ? "" : (securityProfile.securityType ?? ""),
    ephemeralPlacement: option === undefined ? undefined : placement,
    diskController: diskControllerType,
  };
}

/** The request's body with another size, zone and priority. The original body is not changed. */
export function bodyFor(body: unknown, plan: MachinePlan, { size, zone, spot }: Candidate): unknown {
  const original = body as Body;
  const isMachine = plan.kind === "virtualMachine";
  const profile = (isMachine ? original.properties : original.properties?.virtualMachineProfile) ?? {};
  const sized = isMachine ? { ...profile, hardwareProfile: { ...profile.hardwareProfile, vmSize: size } } : profile;
  const changed = spot === plan.spot ? sized : withPriority(sized, spot);
  return {
    ...original,
    ...(zone !== plan.zone && zone !== undefined && { zones: [zone] }),
    ...(!isMachine && { sku: { ...original.sku, name: size } }),
    properties: isMachine ? changed : { ...original.properties, virtualMachineProfile: changed },
  };
}

/** The service refuses an eviction policy or maximum price on a regular machine. */
function withPriority(profile: Profile, spot: boolean): Profile {
  if (spot) return { ...profile, priority: "Spot" };
  const { evictionPolicy: _policy, billingProfile: _price, ...rest } = profile;
  return { ...rest, priority: "Regular" };
}

/** `Standard_D4s_v5 in zone 2 as spot`. */
export function wordsFor({ size, zone, spot }: Candidate): string {
  return [size, ...(zone === undefined ? [] : [`in zone ${zone}`]), ...(spot ? ["as spot"] : [])].join(" ");
}

/**
 * The sizes of the emulated regions, with the capabilities that decide whether one can replace another: a few of each
 * kind, with the documented numbers. Other sizes work too, with what their name implies, but no list shows them.
 */

export interface Size {
  readonly name: string;
  /** As `usages` spells it. It follows no pattern, so it must be looked up. */
  readonly family: string;
  readonly vCPUs: number;
  readonly memoryGB: number;
  readonly maxDataDisks: number;
  readonly maxNics: number;
  /** Of the temporary disk; 0 for none. */
  readonly tempDiskMB: number;
  readonly architecture: "x64" | "Arm64";
  readonly generations: "V1,V2" | "V2" | "V1";
  readonly controllers: "SCSI" | "SCSI,NVMe" | "NVMe";
  /** As in the SKU list: every value is a text. */
  readonly more: Readonly<Record<string, string>>;
}

type Shape = Omit<Size, "name" | "vCPUs" | "memoryGB" | "maxDataDisks" | "maxNics" | "tempDiskMB">;

const x64: Omit<Shape, "family"> = { architecture: "x64", generations: "V1,V2", controllers: "SCSI", more: {} };

const shapes = {
  Dsv5: { ...x64, family: "standardDSv5Family" },
  Ddsv5: {
    ...x64,
    family: "standardDDSv5Family",
    more: { SupportedEphemeralOSDiskPlacements: "ResourceDisk,CacheDisk" },
  },
  Dasv5: { ...x64, family: "standardDASv5Family" },
  Dsv4: { ...x64, family: "standardDSv4Family" },
  DSv2: {
    ...x64,
    family: "standardDSv2Family",
    more: { SupportedEphemeralOSDiskPlacements: "ResourceDisk,CacheDisk" },
  },
  Dv5: { ...x64, family: "standardDv5Family", more: { PremiumIO: "False" } },
  Ddsv6: {
    ...x64,
    family: "StandardDdsv6Family",
    generations: "V2",
    controllers: "NVMe",
    more: { SupportedEphemeralOSDiskPlacements: "NvmeDisk" },
  },
  Dpsv5: {
    ...x64,
    family: "standardDPSv5Family",
    architecture: "Arm64",
    generations: "V2",
    more: { TrustedLaunchDisabled: "True" },
  },
  DCasv5: {
    ...x64,
    family: "standardDCASv5Family",
    generations: "V2",
    more: { ConfidentialComputingType: "SNP", EncryptionAtHostSupported: "False" },
  },
  Bs: {
    ...x64,
    family: "standardBSFamily",
    more: { LowPriorityCapable: "False", AcceleratedNetworkingEnabled: "False" },
  },
  Esv5: { ...x64, family: "standardESv5Family", controllers: "SCSI,NVMe" },
  Fsv2: {
    ...x64,
    family: "standardFSv2Family",
    more: { SupportedEphemeralOSDiskPlacements: "ResourceDisk,CacheDisk" },
  },
  Lsv3: { ...x64, family: "standardLSv3Family", more: { NvmeDiskSizeInMiB: "1831420" } },
  NCasT4: { ...x64, family: "Standard NCASv3_T4 Family", more: { GPUs: "1", EncryptionAtHostSupported: "False" } },
} as const satisfies Record<string, Shape>;

type Row = readonly [
  name: string,
  shape: Shape,
  vCPUs: number,
  memoryGB: number,
  disks: number,
  nics: number,
  tempMB: number,
];

const rows: readonly Row[] = [
  ["Standard_D2s_v5", shapes.Dsv5, 2, 8, 4, 2, 0],
  ["Standard_D4s_v5", shapes.Dsv5, 4, 16, 8, 2, 0],
  ["Standard_D8s_v5", shapes.Dsv5, 8, 32, 16, 4, 0],
  ["Standard_D16s_v5", shapes.Dsv5, 16, 64, 32, 8, 0],
  ["Standard_D2ds_v5", shapes.Ddsv5, 2, 8, 4, 2, 76_800],
  ["Standard_D4ds_v5", shapes.Ddsv5, 4, 16, 8, 2, 153_600],
  ["Standard_D8ds_v5", shapes.Ddsv5, 8, 32, 16, 4, 307_200],
  ["Standard_D2as_v5", shapes.Dasv5, 2, 8, 4, 2, 0],
  ["Standard_D4as_v5", shapes.Dasv5, 4, 16, 8, 2, 0],
  ["Standard_D8as_v5", shapes.Dasv5, 8, 32, 16, 4, 0],
  ["Standard_D2s_v4", shapes.Dsv4, 2, 8, 4, 2, 0],
  ["Standard_D4s_v4", shapes.Dsv4, 4, 16, 8, 2, 0],
  ["Standard_D2_v5", shapes.Dv5, 2, 8, 4, 2, 0],
  ["Standard_DS1_v2", shapes.DSv2, 1, 3.5, 4, 2, 7168],
  ["Standard_DS2_v2", shapes.DSv2, 2, 7, 8, 2, 14_336],
  ["Standard_D2ds_v6", shapes.Ddsv6, 2, 8, 4, 2, 0],
  ["Standard_D4ds_v6", shapes.Ddsv6, 4, 16, 8, 2, 0],
  ["Standard_D2ps_v5", shapes.Dpsv5, 2, 8, 4, 2, 0],
  ["Standard_D4ps_v5", shapes.Dpsv5, 4, 16, 8, 2, 0],
  ["Standard_DC2as_v5", shapes.DCasv5, 2, 8, 4, 2, 0],
  ["Standard_DC4as_v5", shapes.DCasv5, 4, 16, 8, 2, 0],
  ["Standard_B1s", shapes.Bs, 1, 1, 2, 2, 4096],
  ["Standard_B2s", shapes.Bs, 2, 4, 4, 3, 8192],
  ["Standard_E2s_v5", shapes.Esv5, 2, 16, 4, 2, 0],
  ["Standard_E4s_v5", shapes.Esv5, 4, 32, 8, 2, 0],
  ["Standard_E4-2s_v5", shapes.Esv5, 4, 32, 8, 2, 0],
  ["Standard_F4s_v2", shapes.Fsv2, 4, 8, 8, 2, 32_768],
  ["Standard_L8s_v3", shapes.Lsv3, 8, 64, 16, 4, 81_920],
  ["Standard_NC4as_T4_v3", shapes.NCasT4, 4, 28, 8, 2, 180_224],
];

export const sizes: readonly Size[] = rows.map(([name, shape, vCPUs, memoryGB, maxDataDisks, maxNics, tempDiskMB]) => ({
  ...shape,
  name,
  vCPUs,
  memoryGB,
  maxDataDisks,
  maxNics,
  tempDiskMB,
}));

const byName = new Map(sizes.map((size) => [size.name.toLowerCase(), size]));

export function findSize(name: string): Size | undefined {
  return byName.get(name.toLowerCase());
}

/**
 * How many vCPUs a size counts for in quota: all of them, even if fewer are active. Derived from its name if it is not
 * listed.
 */
export function vCPUsOf(name: string): number {
  return findSize(name)?.vCPUs ?? Number(/\d+/.exec(name)?.[0] ?? 1);
}

/** `Standard_E4-2s_v5` has four vCPUs of which two are active. */
function activeOf({ name, vCPUs }: Size): number {
  return Number(/^Standard_[A-Z]+\d+-(\d+)/i.exec(name)?.[1] ?? vCPUs);
}

/** The capabilities of a size in the SKU list. */
export function capabilitiesOf(size: Size): Readonly<Record<string, string>> {
  const active = activeOf(size);
  return {
    MaxResourceVolumeMB: String(size.tempDiskMB),
    OSVhdSizeMB: "1047552",
    vCPUs: String(size.vCPUs),
    vCPUsAvailable: String(active),
    ...(active !== size.vCPUs && { ParentSize: size.name.replace(/-\d+/, "") }),
    MemoryGB: String(size.memoryGB),
    MaxDataDiskCount: String(size.maxDataDisks),
    MaxNetworkInterfaces: String(size.maxNics),
    CpuArchitectureType: size.architecture,
    HyperVGenerations: size.generations,
    // Older sizes do not state it: absent means SCSI.
    ...(size.controllers !== "SCSI" && { DiskControllerTypes: size.controllers }),
    PremiumIO: "True",
    LowPriorityCapable: "True",
    AcceleratedNetworkingEnabled: "True",
    EncryptionAtHostSupported: "True",
    CapacityReservationSupported: "True",
    RdmaEnabled: "False",
    EphemeralOSDiskSupported: "SupportedEphemeralOSDiskPlacements" in size.more ? "True" : "False",
    ...size.more,
  };
}

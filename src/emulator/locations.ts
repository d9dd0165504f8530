/** The emulator's regions and zones. */

/** Every emulated region has them. */
export const zonesOfRegion: readonly string[] = ["1", "2", "3"];

/** `West Europe` and `westeurope` are one place. */
export function normalLocation(location: string): string {
  return location.toLowerCase().replaceAll(" ", "");
}

const displayNames: Readonly<Record<string, string>> = {
  westeurope: "West Europe",
  northeurope: "North Europe",
  eastus: "East US",
  eastus2: "East US 2",
  westus2: "West US 2",
  westus3: "West US 3",
  southcentralus: "South Central US",
  uksouth: "UK South",
};

/** The regions that have a name. */
export const regions: readonly string[] = Object.keys(displayNames);

/** The name by which the portal shows a region. */
export function displayName(location: string): string {
  return displayNames[normalLocation(location)] ?? location;
}

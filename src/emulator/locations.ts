/** Regions and zones, as the emulator knows them. */

/** Every emulated region has them. */
export const zonesOfRegion: readonly string[] = ["1", "2", "3"];

/** `West Europe` and `westeurope` are one place. */
export function normalLocation(location: string): string {
  return location.toLowerCase().replaceAll(" ", "");
}

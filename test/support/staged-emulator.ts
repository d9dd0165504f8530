/**
 * Programs that make their clients as users do, and yet in virtual time: every client that is turned to an emulator also
 * tells the time of its story that its requests are on their way.
 */
import type * as EmulatorModule from "azure-remedy/emulator";
import type { VirtualTime } from "./virtual-time.js";

/** The emulator's module, for `vi.mock`; `timeNow` gives the virtual time of the story under way, if there is one. */
export function staged(original: typeof EmulatorModule, timeNow: () => VirtualTime | undefined): typeof EmulatorModule {
  return {
    ...original,
    startEmulator: async (...options: Parameters<typeof original.startEmulator>) => {
      const arm = await original.startEmulator(...options);
      const { additionalPolicies } = arm.clientOptions;
      const time = timeNow();
      const wire = time ? [time.wire] : [];
      return Object.defineProperty(arm, "clientOptions", {
        get: () => ({ additionalPolicies: [...wire, ...additionalPolicies] }),
      });
    },
  };
}

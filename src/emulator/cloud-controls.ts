/** How things are in the cloud, beside what clients do to it: machines that come up wrong, scripts that fail. */
import type { Cloud } from "./exchange.js";
import type { ExtensionFailure } from "./extension-failure.js";
import { illnesses, type IllnessName } from "./illnesses.js";
import { checkNumber } from "./options.js";

/** A condition that was set, and can be taken back. */
export interface Condition {
  remove(): void;
}

export interface CloudControls {
  /**
   * Makes a machine sick, there or yet to come: its serial log, its agent and (for most illnesses) its create show it.
   * Throws a `TypeError` that lists the illnesses.
   */
  sick(vmName: string, illness: IllnessName): Condition;
  /**
   * The next writes of an extension of that name, on any machine, fail with the script's exit code and output; the instance
   * view shows both. `times` defaults to 1.
   */
  failExtension(name: string, failure?: ExtensionFailure & { readonly times?: number }): void;
}

export function cloudControls(cloud: Cloud): CloudControls {
  return {
    sick: (vmName, illness) => {
      if (!Object.hasOwn(illnesses, illness)) {
        throw new TypeError(`sick: there is no illness "${illness}". There are: ${Object.keys(illnesses).join(", ")}.`);
      }
      const key = vmName.toLowerCase();
      cloud.illnesses.set(key, illness);
      return { remove: () => void cloud.illnesses.delete(key) };
    },
    failExtension: (name, { times = 1, ...failure } = {}) => {
      checkNumber("times", times, 1, 10_000);
      checkNumber("exitCode", failure.exitCode, -(2 ** 31), 2 ** 32);
      const key = name.toLowerCase();
      const planned = cloud.extensionFailures.get(key) ?? [];
      for (let count = 0; count < times; count += 1) planned.push(failure);
      cloud.extensionFailures.set(key, planned);
    },
  };
}

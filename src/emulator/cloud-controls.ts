/** How things are in the cloud, beside what clients do to it: machines that come up wrong, scripts that fail. */
import type { Cloud } from "./exchange.js";
import type { ExtensionFailure } from "./extension-failure.js";
import { illnesses, type IllnessName } from "./illnesses.js";
import type { Shortage } from "./capacity.js";
import { checkNumber } from "./options.js";
import type { Restriction } from "./restrictions.js";
import { findSize, sizes } from "./sizes.js";

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
  /** Sets the limit of a counter: `cores`, `lowPriorityCores`, or a family of sizes as `usages` names it. */
  quota(name: string, limit: number, options?: { readonly location?: string }): void;
  /** Keeps a size from the subscription, in a region or in some of its zones. The list of SKUs shows it. */
  restrict(size: string, options?: Partial<Omit<Restriction, "size">>): Condition;
  /** Leaves no hardware for a size: its allocations fail, and its placement scores are low. */
  shortage(size: string, options?: Omit<Shortage, "size">): Condition;
  /**
   * The next writes of an extension of that name, on any machine, fail with the script's exit code and output; the instance
   * view shows both. `times` defaults to 1.
   */
  failExtension(name: string, failure?: ExtensionFailure & { readonly times?: number }): void;
}

function checkSize(control: string, size: string): void {
  if (findSize(size)) return;
  const known = sizes.map(({ name }) => name).join(", ");
  throw new TypeError(`${control}: the emulated regions have no size "${size}". They have: ${known}.`);
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
    quota: (name, limit, { location } = {}) => {
      checkNumber("limit", limit, 0);
      if (!cloud.quotas.knows(name)) throw new TypeError(`quota: there is no counter "${name}" in usages.`);
      cloud.quotas.setLimit(name, limit, location);
    },
    restrict: (size, options = {}) => {
      checkSize("restrict", size);
      return { remove: cloud.restrictions.add({ reason: "NotAvailableForSubscription", ...options, size }) };
    },
    shortage: (size, options = {}) => {
      checkSize("shortage", size);
      return { remove: cloud.capacity.addShortage({ ...options, size }) };
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

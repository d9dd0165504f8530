/** The state of the cloud besides what clients do to it: machines that fail to boot, scripts that fail. */
import { checkNames } from "../option-check.js";
import type { Cloud } from "./exchange.js";
import type { ExtensionFailure } from "./extension-failure.js";
import { findRule } from "./fault-catalog.js";
import type { HealthOptions, Outage, OutageOptions } from "./health.js";
import { illnesses, type IllnessName } from "./illnesses.js";
import type { Shortage } from "./capacity.js";
import { idOfLock, type LockLevel } from "./locks.js";
import { machineType } from "./machine.js";
import { checkNumber } from "./options.js";
import type { PolicyRule } from "./policies.js";
import { isWithin } from "./request-scope.js";
import type { Restriction } from "./restrictions.js";
import { findSize, sizes } from "./sizes.js";

/** A condition that can be removed again. */
export interface Condition {
  remove(): void;
}

export interface CloudControls {
  /**
   * Makes a machine sick, existing or future: its serial log, its agent and (for most illnesses) its create show it.
   * Throws a `TypeError` that lists the illnesses.
   */
  sick(vmName: string, illness: IllnessName): Condition;
  /**
   * Locks a scope and everything below it: `"rg"` (a resource group), `"web-01"` (a VM), `"subscription"`, or an id.
   * Deletes are refused, and with `ReadOnly` every write and action.
   */
  lock(scope: string, level: LockLevel, options?: { readonly name?: string; readonly notes?: string }): Condition;
  /** Refuses writes that do not comply, with the details that Azure Policy returns. */
  denyByPolicy(rule: PolicyRule): Condition;
  /**
   * Denies an action: requests that need it get a 403, and the permissions list shows it. Wildcards are allowed:
   * `"*\/action"` leaves roughly what a Reader has. With `arrivesInMs` the permission is granted but still propagating:
   * the list shows it at once, while requests are refused for that many milliseconds.
   */
  deny(action: string, options?: { readonly scope?: string; readonly arrivesInMs?: number }): Condition;
  /**
   * Makes the next instances of a scale set fail, while the set itself succeeds. `count` defaults to 1, `code` to
   * `AllocationFailed`. Throws a `TypeError` for a code that is not in the catalog.
   */
  failInstances(
    setName: string,
    failure?: { readonly count?: number; readonly code?: string; readonly message?: string },
  ): void;
  /**
   * Declares a service event. It is published `lateMs` later and has no other effect: inject its failures separately.
   */
  outage(options?: OutageOptions): Outage;
  /** What resource health reports for a VM, instead of what its power state implies. */
  health(vmName: string, health: HealthOptions): Condition;
  /** Sets the limit of a counter: `cores`, `lowPriorityCores`, or a size family as `usages` names it. */
  quota(name: string, limit: number, options?: { readonly location?: string }): void;
  /** Restricts a size for the subscription, in a region or in some of its zones. The SKU list shows it. */
  restrict(size: string, options?: Partial<Omit<Restriction, "size">>): Condition;
  /** Leaves no hardware for a size: its allocations fail, and its placement scores are low. */
  shortage(size: string, options?: Omit<Shortage, "size">): Condition;
  /**
   * Makes the next writes of an extension with that name, on any machine, fail with the script's exit code and output;
   * the instance view shows both. `times` defaults to 1.
   */
  failExtension(name: string, failure?: ExtensionFailure & { readonly times?: number }): void;
}

/** The id of a scope from the word that a test uses for it. */
function idOfScope(cloud: Cloud, control: string, scope: string): string {
  const subscription = `/subscriptions/${cloud.options.subscriptionId}`;
  if (scope.toLowerCase() === "subscription") return subscription;
  if (isWithin(scope, subscription)) return scope.replace(/\/$/, "");
  const group = cloud.resources.group(scope);
  if (group) return group.id;
  const machine = cloud.resources.ofType(machineType).find(({ name }) => name.toLowerCase() === scope.toLowerCase());
  if (machine) return machine.id;
  const groups = cloud.resources.groups.map(({ name }) => name).join(", ");
  throw new TypeError(
    `${control}: the scope "${scope}" is no resource group (there are: ${groups}), no VM, no id of the subscription, and not "subscription".`,
  );
}

const policyNames = [
  "name",
  "displayName",
  "type",
  "field",
  "allowed",
  "denied",
  "message",
  "scope",
  "inherited",
  "initiative",
];

function checkPolicy(rule: PolicyRule): void {
  checkNames("denyByPolicy", rule, policyNames);
  const { name, field, allowed, denied } = rule;
  if (!/^[\w-]+$/.test(name))
    throw new TypeError(`denyByPolicy: name must be a word like allowed-locations, not "${name}".`);
  if (!field) throw new TypeError("denyByPolicy: field is missing.");
  if (allowed && denied) throw new TypeError("denyByPolicy: give allowed or denied, not both.");
}

function checkSize(control: string, size: string): void {
  if (findSize(size)) return;
  const known = sizes.map(({ name }) => name).join(", ");
  throw new TypeError(`${control}: the emulated regions have no size "${size}". They have: ${known}.`);
}

/** The message of a code without one. */
function catalogMessage(code: string, name: string): string {
  const { message, explanation } = findRule(code);
  return (message ?? explanation).replaceAll("{vmName}", name);
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
    lock: (scope, level, options = {}) => {
      checkNames("lock", options, ["name", "notes"]);
      const { name, notes } = options;
      if (!["CanNotDelete", "ReadOnly"].includes(level)) {
        throw new TypeError(`lock: level must be one of CanNotDelete, ReadOnly, not ${level}.`);
      }
      const lock = {
        name: name ?? `lock-${cloud.locks.all.length + 1}`,
        scope: idOfScope(cloud, "lock", scope),
        level,
        notes,
      };
      cloud.locks.put(lock);
      return { remove: () => void cloud.locks.delete(idOfLock(lock)) };
    },
    denyByPolicy: (rule) => {
      checkPolicy(rule);
      return { remove: cloud.policies.assign(rule, idOfScope(cloud, "denyByPolicy", rule.scope ?? "subscription")) };
    },
    deny: (action, options = {}) => {
      checkNames("deny", options, ["scope", "arrivesInMs"]);
      const { scope = "subscription", arrivesInMs } = options;
      checkNumber("arrivesInMs", arrivesInMs, 0);
      if (!/^[\w.*]+(\/[\w.*]+)*$/.test(action) || !action.includes("/")) {
        throw new TypeError(`deny: "${action}" is no action like Microsoft.Compute/virtualMachines/start/action.`);
      }
      const until = arrivesInMs === undefined ? Infinity : cloud.clock.now() + arrivesInMs;
      return { remove: cloud.access.deny({ action, scope: idOfScope(cloud, "deny", scope), until }) };
    },
    failInstances: (setName, options = {}) => {
      checkNames("failInstances", options, ["count", "code", "message"]);
      const { count = 1, code = "AllocationFailed", message } = options;
      checkNumber("count", count, 1, 10_000);
      const failure = { code, message: message ?? catalogMessage(code, setName) };
      const key = setName.toLowerCase();
      const planned = cloud.instanceFailures.get(key) ?? [];
      cloud.instanceFailures.set(key, [...planned, ...Array.from({ length: count }, () => failure)]);
    },
    outage: (options = {}) => {
      checkNames("outage", options, ["service", "location", "title", "summary", "lateMs", "type"]);
      checkNumber("lateMs", options.lateMs, 0);
      return cloud.health.declare(options);
    },
    health: (vmName, health) => {
      checkNames("health", health, ["state", "title", "summary", "reason"]);
      const key = idOfScope(cloud, "health", vmName).toLowerCase();
      cloud.health.resources.set(key, { ...health, since: cloud.clock.now() });
      return { remove: () => void cloud.health.resources.delete(key) };
    },
    quota: (name, limit, options = {}) => {
      checkNames("quota", options, ["location"]);
      checkNumber("limit", limit, 0);
      if (!cloud.quotas.knows(name)) throw new TypeError(`quota: there is no counter "${name}" in usages.`);
      cloud.quotas.setLimit(name, limit, options.location);
    },
    restrict: (size, options = {}) => {
      checkNames("restrict", options, ["location", "zones", "reason"]);
      checkSize("restrict", size);
      return { remove: cloud.restrictions.add({ reason: "NotAvailableForSubscription", ...options, size }) };
    },
    shortage: (size, options = {}) => {
      checkNames("shortage", options, ["location", "zones", "refused"]);
      checkSize("shortage", size);
      return { remove: cloud.capacity.addShortage({ ...options, size }) };
    },
    failExtension: (name, { times = 1, ...failure } = {}) => {
      checkNames("failExtension", failure, ["exitCode", "stdout", "stderr", "code", "message"]);
      checkNumber("times", times, 1, 10_000);
      checkNumber("exitCode", failure.exitCode, -(2 ** 31), 2 ** 32);
      const key = name.toLowerCase();
      const planned = cloud.extensionFailures.get(key) ?? [];
      for (let count = 0; count < times; count += 1) planned.push(failure);
      cloud.extensionFailures.set(key, planned);
    },
  };
}

/**
 * Reading back: if the outcome of a request is unknown, the resource shows it. What to read, and what the response
 * means.
 */
import { actionOf } from "../decision/idempotency.js";
import type { Operation } from "./operation.js";
import { provisioningStateOf } from "./operations.js";

/** What shows the outcome of a request. */
export type ReadTarget =
  /** PUT and PATCH: the resource's provisioning state. */
  | { readonly kind: "provisioning"; readonly url: string }
  /** DELETE: the resource's absence. */
  | { readonly kind: "absence"; readonly url: string }
  /** Power actions of a virtual machine: its power state. */
  | { readonly kind: "power"; readonly url: string; readonly wanted: readonly string[] };

/** The result of a reading. `lastSeen` is its text for people: `provisioning state Updating`. */
export type Reading =
  | { readonly kind: "succeeded"; readonly lastSeen: string }
  | { readonly kind: "failed"; readonly lastSeen: string; readonly error?: unknown }
  | {
      readonly kind: "pending";
      readonly lastSeen: string;
      readonly error?: unknown;
      /** No operation is at work on it. */
      readonly isAtRest?: boolean;
    };

/**
 * Power states by action. A deallocated VM has also been powered off. `PowerState/running` proves nothing about a
 * restart, a redeploy or a reapply: the machine ran before.
 */
const powerStates: Readonly<Record<string, readonly string[]>> = {
  start: ["running"],
  poweroff: ["stopped", "deallocated"],
  deallocate: ["deallocated"],
};

/** What to read to find out the outcome of a request; undefined if no state shows it (`runCommand`, `restart`). */
export function readTargetOf(method: string, url: string): ReadTarget | undefined {
  // Blobs, secrets and the like have no provisioning state, and their clients could not read a response that we made.
  if (!isOfResourceManager(url)) return undefined;
  switch (method) {
    case "PUT":
    case "PATCH":
      return { kind: "provisioning", url: withInstanceView(url) };
    case "DELETE":
      return { kind: "absence", url };
    case "POST":
      return powerTargetOf(url);
    default:
      return undefined;
  }
}

/** Whether a URL names a resource of Resource Manager. */
export const isOfResourceManager = (url: string): boolean => /\/(?:subscriptions|providers)\//i.test(url);

/** What shows the outcome of an operation. */
export function targetOf({ first }: Operation): ReadTarget | undefined {
  return readTargetOf(first.method, first.url);
}

/** Only their instance views say why a virtual machine and its extensions failed. */
function withInstanceView(url: string): string {
  const query = url.indexOf("?");
  const path = query < 0 ? url : url.slice(0, query);
  if (!/\/virtualMachines\/[^/]+(?:\/extensions\/[^/]+)?\/?$/i.test(path) || /[?&](?:\$|%24)expand=/i.test(url))
    return url;
  return `${url}${query < 0 ? "?" : "&"}$expand=instanceView`;
}

function powerTargetOf(url: string): ReadTarget | undefined {
  const action = actionOf(url);
  const wanted = Object.hasOwn(powerStates, action) ? powerStates[action] : undefined;
  const query = url.indexOf("?");
  const path = query < 0 ? url : url.slice(0, query);
  if (!wanted || !/\/virtualMachines\/[^/]+\/[^/]+\/?$/i.test(path)) return undefined;
  const virtualMachine = path.replace(/\/[^/]+\/?$/, "");
  return { kind: "power", url: `${virtualMachine}/instanceView${query < 0 ? "" : url.slice(query)}`, wanted };
}

/** What the response to the read says. */
export function interpret(target: ReadTarget, status: number, body: unknown): Reading {
  switch (target.kind) {
    case "provisioning":
      return interpretProvisioning(status, body);
    case "absence":
      if (status === 404 || status === 204) return { kind: "succeeded", lastSeen: "gone" };
      return {
        kind: "pending",
        lastSeen: `still there, ${provisioningWords(body)}`,
        isAtRest: isTerminal(provisioningStateOf(body)),
      };
    case "power":
      return interpretPower(target.wanted, status, body);
  }
}

function interpretProvisioning(status: number, body: unknown): Reading {
  if (status === 404) return { kind: "failed", lastSeen: "not there" };
  const lastSeen = provisioningWords(body);
  const state = provisioningStateOf(body);
  if (state === undefined || state === "succeeded") return { kind: "succeeded", lastSeen };
  if (state === "failed" || state === "canceled" || state === "cancelled") {
    return { kind: "failed", lastSeen, error: failureIn(body) };
  }
  return { kind: "pending", lastSeen };
}

function provisioningWords(body: unknown): string {
  return `provisioning state ${provisioningStateOf(body) ?? "not reported"}`;
}

interface InstanceStatus {
  readonly code: string;
  readonly message?: string;
}

function interpretPower(wanted: readonly string[], status: number, body: unknown): Reading {
  if (status === 404) return { kind: "failed", lastSeen: "not there" };
  const state = statusIn(body, "powerstate/");
  const provisioning = statusIn(body, "provisioningstate/");
  const lastSeen = `power state ${state ?? "not reported"}`;
  if (state !== undefined && wanted.includes(state)) return { kind: "succeeded", lastSeen };
  return { kind: "pending", lastSeen, isAtRest: isTerminal(state) && isTerminal(provisioning) };
}

/** `running` of `PowerState/running`, lower case. */
function statusIn(view: unknown, prefix: string): string | undefined {
  const found = statusesOf(view).find(({ code }) => code.toLowerCase().startsWith(prefix));
  return found?.code.slice(prefix.length).toLowerCase();
}

/** `running` is a state to stay in, `starting` is not. */
const isTerminal = (state: string | undefined): boolean => state !== undefined && !/(?<!runn)ing$/i.test(state);

/**
 * Why a resource failed, according to its instance view: `ProvisioningState/failed/CODE` and a message. An extension
 * has its script's exit status instead of the code.
 */
function failureIn(resource: unknown): unknown {
  const { properties, type } = (resource ?? {}) as { properties?: { instanceView?: unknown }; type?: unknown };
  const failed = statusesOf(properties?.instanceView).find(({ code }) => /^provisioningstate\/failed/i.test(code));
  const reported = failed?.code.split("/")[2];
  const isExtension = typeof type === "string" && /\/extensions$/i.test(type);
  const code =
    reported !== undefined && !/^-?\d*$/.test(reported)
      ? reported
      : isExtension
        ? "VMExtensionProvisioningError"
        : undefined;
  return failed && code !== undefined ? { error: { code, message: failed.message ?? "" } } : undefined;
}

function statusesOf(view: unknown): readonly InstanceStatus[] {
  if (typeof view !== "object" || view === null) return [];
  const { statuses } = view as { statuses?: unknown };
  if (!Array.isArray(statuses)) return [];
  return statuses.filter(
    (status: unknown): status is InstanceStatus =>
      typeof status === "object" && status !== null && typeof (status as { code?: unknown }).code === "string",
  );
}

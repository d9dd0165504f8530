/**
 * The target of a fault: "PUT virtualMachines", "POST virtualMachines/start", "PUT virtualMachines/web-01", "GET
 * operations", "* virtualMachines", "*". A target that can never match is an error at once: a fault that waits for a
 * misspelt request makes a test pass for the wrong reason.
 */
import { nameSegments, type NameSegment, type RouteAddress } from "./route-address.js";

export interface Target {
  /** As it was written. */
  readonly text: string;
  readonly method: string;
  readonly segments: readonly string[];
}

const methods = ["*", "GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"];

/** Parses a target and checks that a route can match it. Throws a `TypeError` that lists the alternatives. */
export function parseTarget(text: string, routes: readonly RouteAddress[]): Target {
  const [method = "", name = "*", ...rest] = text.trim().split(/\s+/);
  const target: Target = { text, method: method.toUpperCase(), segments: name === "*" ? [] : name.split("/") };
  if (!methods.includes(target.method) || rest.length > 0) {
    throw new TypeError(
      `on: "${text}" is not "METHOD resourceType[/name][/action]" with a method of ${methods.join(" ")}.`,
    );
  }
  if (name === "*") return target;
  const candidates = routes.filter((route) => methodFits(target, route.method));
  if (candidates.some((route) => nameFits(target, nameSegments(route)))) return target;
  const known = [...new Set(candidates.map((route) => withoutNames(route)))].sort().join(", ");
  throw new TypeError(`on: "${text}": the emulator knows no ${target.method} on "${name}". It knows: ${known}.`);
}

export function targetMatches(target: Target, method: string, name: readonly NameSegment[]): boolean {
  return methodFits(target, method) && (target.segments.length === 0 || nameFits(target, name));
}

/** `virtualMachines/{vm}/start` as a target writes it: `virtualMachines/start`. */
export function withoutNames(route: RouteAddress): string {
  return nameSegments(route)
    .filter((segment) => segment.fixed)
    .map((segment) => segment.text)
    .join("/");
}

function methodFits(target: Target, method: string): boolean {
  return target.method === "*" || target.method === method;
}

function nameFits(target: Target, name: readonly NameSegment[]): boolean {
  // "* virtualMachines" means everything below, "POST virtualMachines" any action. But "POST virtualMachines/strat"
  // must not pass as "any action of the VM named strat", so an action may be omitted only after the bare type.
  const tailIsFree = target.method === "*" || (target.method === "POST" && target.segments.length === 1);
  return aligns(target.segments, name, tailIsFree);
}

/** Fixed words must be given, in order; names may be omitted. An empty name is open: any name fits. */
function aligns(said: readonly string[], name: readonly NameSegment[], tailIsFree: boolean): boolean {
  const [segment, ...rest] = name;
  if (!segment) return said.length === 0;
  const saysThis = said[0] !== undefined && (equal(said[0], segment.text) || (!segment.fixed && segment.text === ""));
  if (saysThis && aligns(said.slice(1), rest, tailIsFree)) return true;
  if (segment.fixed) return said.length === 0 && tailIsFree;
  return aligns(said, rest, tailIsFree);
}

function equal(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

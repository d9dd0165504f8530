/** A request in terms of access control: its scope, and the action on it. */
import type { RouteAddress } from "./route-address.js";
import { paramOf } from "./route-address.js";

const verbs: Readonly<Record<string, string>> = {
  GET: "read",
  HEAD: "read",
  PUT: "write",
  PATCH: "write",
  DELETE: "delete",
  POST: "action",
};

/** `Microsoft.Compute/virtualMachines/start/action` */
export function actionOf(route: RouteAddress): string {
  if (route.action !== undefined) return route.action;
  const at = route.path.lastIndexOf("/providers/");
  const named = at < 0 ? `Microsoft.Resources${route.path}` : route.path.slice(at + "/providers/".length);
  const fixed = named.split("/").filter((segment) => paramOf(segment) === undefined);
  return [...fixed, verbs[route.method]].join("/");
}

/** The id that the request concerns: its path, without the name of its action. */
export function scopeOfPath(route: RouteAddress, pathname: string): string {
  const path = pathname.replace(/\/$/, "");
  return route.method === "POST" ? path.slice(0, path.lastIndexOf("/")) : path;
}

/** Whether the id is the scope or lies below it. */
export function isWithin(id: string, scope: string): boolean {
  const [inner, outer] = [id.toLowerCase(), scope.toLowerCase()];
  return inner === outer || inner.startsWith(`${outer}/`);
}

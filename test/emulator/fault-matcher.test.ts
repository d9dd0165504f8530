import { describe, expect, it } from "vitest";
import { allRoutes } from "../../src/emulator/handlers/all-routes.js";
import { nameSegments } from "../../src/emulator/route-address.js";
import { Router } from "../../src/emulator/router.js";
import { parseTarget, targetMatches } from "../../src/emulator/fault-matcher.js";

const router = new Router(allRoutes);
const vm = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01";
const means = (target: string, method: string, path: string): boolean => {
  const match = router.find(method, path);
  if (!match) throw new Error(`No route for ${method} ${path}.`);
  return targetMatches(parseTarget(target, allRoutes), method, nameSegments(match.route, match.params));
};

describe("a target", () => {
  it.each([
    ["PUT virtualMachines", "PUT", vm, true],
    ["put VIRTUALMACHINES", "PUT", vm.toUpperCase(), true],
    ["PUT virtualMachines/web-01", "PUT", vm, true],
    ["PUT virtualMachines/web-02", "PUT", vm, false],
    ["PUT virtualMachines", "PUT", `${vm}/extensions/agent`, false],
    ["PUT virtualMachines/extensions", "PUT", `${vm}/extensions/agent`, true],
    ["PUT virtualMachines/web-01/extensions", "PUT", `${vm}/extensions/agent`, true],
    ["PUT virtualMachines/web-01/extensions/agent", "PUT", `${vm}/extensions/agent`, true],
    ["POST virtualMachines/start", "POST", `${vm}/start`, true],
    ["POST virtualMachines/start", "POST", `${vm}/restart`, false],
    ["POST virtualMachines/web-01/start", "POST", `${vm}/start`, true],
    ["POST virtualMachines", "POST", `${vm}/restart`, true],
    ["GET virtualMachines", "GET", vm, true],
    ["GET virtualMachines", "GET", `${vm}/instanceView`, false],
    ["* virtualMachines", "DELETE", `${vm}/extensions/agent`, true],
    ["* virtualMachines/web-01", "POST", `${vm}/start`, true],
    ["* virtualMachines/web-02", "POST", `${vm}/start`, false],
    ["GET *", "GET", vm, true],
    ["GET *", "PUT", vm, false],
    ["*", "PUT", vm, true],
    ["GET operations", "GET", "/subscriptions/s/providers/Microsoft.Compute/locations/l/operations/1", true],
    ["GET operations", "GET", "/subscriptions/s/operationresults/1", true],
    ["POST providers/register", "POST", "/subscriptions/s/providers/Microsoft.Compute/register", true],
  ])("%s on %s %s: %s", (target, method, path, expected) => {
    expect(means(target, method, path)).toBe(expected);
  });

  it.each([
    ["PUT virtualMachine", /knows no PUT on "virtualMachine"\. It knows: .*virtualMachines/],
    ["POST virtualMachines/strat", /knows no POST on "virtualMachines\/strat"\. It knows: .*virtualMachines\/start/],
    ["FETCH virtualMachines", /"FETCH virtualMachines" is not "METHOD resourceType/],
    ["PUT virtualMachines web-01", /is not "METHOD resourceType/],
    ["DELETE operations", /knows no DELETE on "operations"/],
    ["", /is not "METHOD resourceType/],
  ])('refuses "%s" and says what there is', (target, words) => {
    expect(() => parseTarget(target, allRoutes)).toThrow(words);
  });
});

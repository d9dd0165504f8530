import { describe, expect, it } from "vitest";
import { isAsAsked } from "../../src/lro/as-asked.js";

const since = Date.UTC(2026, 0, 5, 8);
const asked = {
  location: "West Europe",
  zones: ["1"],
  tags: { env: "test" },
  properties: { hardwareProfile: { vmSize: "Standard_D2s_v5" }, licenseType: null },
};
const found = (createdAt: number | undefined, change: object = {}) => ({
  name: "web-01",
  location: "westeurope",
  zones: ["1"],
  tags: { env: "test" },
  ...change,
  properties: {
    hardwareProfile: { vmSize: "standard_d2s_v5" },
    provisioningState: "Succeeded",
    ...(createdAt !== undefined && { timeCreated: new Date(createdAt).toISOString() }),
  },
});
const secret = { ...asked, properties: { ...asked.properties, osProfile: { adminPassword: "x" } } };

describe("a resource is as it was asked to be", () => {
  it.each([
    ["made since, and the same", asked, found(since + 5_000), true],
    ["made since, with what cannot be seen", secret, found(since + 5_000), true],
    ["made in the second of the send", secret, found(since - 1_500), true],
    ["made since, but another", asked, found(since + 5_000, { tags: { env: "live" } }), false],
    ["there before, and the same", asked, found(since - 86_400_000), true],
    ["there before, and otherwise", asked, found(since - 86_400_000, { tags: { env: "live" } }), false],
    ["there before, with what cannot be seen", secret, found(since - 86_400_000), false],
    ["of unknown age, and the same", asked, found(undefined), true],
    ["of unknown age, with what cannot be seen", secret, found(undefined), false],
    ["there before, with another list", asked, found(since - 86_400_000, { zones: ["1", "2"] }), false],
    ["a list where none was asked", { zones: { "0": "1" } }, { zones: ["1"] }, false],
    ["a text where an object was asked", { tags: { a: "b" } }, { tags: "a" }, false],
    ["no object at all", asked, "text", false],
    ["nothing was asked in JSON", undefined, found(undefined), false],
    [
      "dated by the resource manager",
      asked,
      { ...found(undefined), systemData: { createdAt: "2026-01-05T08:00:01Z" } },
      true,
    ],
    ["dated by nonsense", secret, { ...found(undefined), systemData: { createdAt: "yesterday" } }, false],
    ["asked under a name that objects inherit", { tags: { constructor: "x" } }, { tags: {} }, false],
  ])("%s", (_, body, resource, expected) => {
    expect(isAsAsked(body, resource, since)).toBe(expected);
  });

  it("is not looked through without end", () => {
    let deep: unknown = "end";
    for (let level = 0; level < 5_000; level++) deep = { deep };
    expect(isAsAsked(deep, deep, since)).toBe(false);
    const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`n${n}`, n]));
    expect(isAsAsked(wide, wide, since)).toBe(false);
  });
});

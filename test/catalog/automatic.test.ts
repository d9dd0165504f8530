/** A rule's `automatic` is a remedy that there is, and every remedy is named by a rule. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as azureRemedy from "azure-remedy";
import { defaultCatalog } from "azure-remedy";
import { rulesOf } from "../../src/catalog/catalog.js";

/** Done without being asked for: one new token, by the engine. */
const builtIn = ["refreshCredential"];

const page = readFileSync(new URL("../../docs/remedies.md", import.meta.url), "utf8");
const documented = [...page.matchAll(/^\| `(\w+)\(/gm)].map(([, name]) => name).sort();
const families = defaultCatalog.layers.flatMap((layer) => layer.families);
const named = new Set([...rulesOf(defaultCatalog), ...families].flatMap(({ automatic = [] }) => automatic));

it("every remedy of the page is exported", () => {
  expect(documented.length).toBeGreaterThan(4);
  expect(documented.filter((name) => typeof azureRemedy[name as keyof typeof azureRemedy] !== "function")).toEqual([]);
});

it("the catalog names those of the page and the built-in ones, and no others", () => {
  expect([...named].sort()).toEqual([...documented, ...builtIn].sort());
});

it("what the catalog names as built in is no export that would have to be allowed", () => {
  expect(builtIn.filter((name) => name in azureRemedy)).toEqual([]);
});

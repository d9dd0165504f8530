/** The diagram of docs/architecture.md is what the import lines of `src` say, type imports included. */
import { readdirSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { expect, it } from "vitest";
import { root } from "./pages.js";

const rooms = readdirSync(join(root, "src"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

function importsOf(room: string): Set<string> {
  const files = readdirSync(join(root, "src", room), { recursive: true, encoding: "utf8" });
  const imported = files
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".generated.ts"))
    .flatMap((file) => {
      const source = readFileSync(join(root, "src", room, file), "utf8");
      const targets = [...source.matchAll(/(?:\bfrom|\bimport\()\s*"(\.[^"]+)"/g)].map(([, target = ""]) => target);
      return targets.map((target) => normalize(join(room, file, "..", target)).split("/")[0] ?? "");
    });
  return new Set(imported.filter((name) => name !== room && rooms.includes(name)));
}

function diagram(): Map<string, Set<string>> {
  const page = readFileSync(join(root, "docs/architecture.md"), "utf8");
  const block = /^```mermaid\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? "";
  const arrows = new Map<string, Set<string>>();
  for (const [, from = "", to = ""] of block.matchAll(/^\s*(\w+) --> (\w+)$/gm)) {
    arrows.set(from, new Set([...(arrows.get(from) ?? []), to]));
  }
  return arrows;
}

/** What is reached along the arrows. */
function reachable(arrows: Map<string, Set<string>>, from: string, seen = new Set<string>()): Set<string> {
  for (const next of arrows.get(from) ?? []) {
    if (seen.has(next)) continue;
    seen.add(next);
    reachable(arrows, next, seen);
  }
  return seen;
}

const real = new Map(rooms.map((room) => [room, importsOf(room)]));

it("every import goes along the arrows", () => {
  const drawn = diagram();
  const missing = rooms.flatMap((room) =>
    [...(real.get(room) ?? [])]
      .filter((other) => !reachable(drawn, room).has(other))
      .map((other) => `${room} --> ${other}`),
  );
  expect(missing).toEqual([]);
});

it("every arrow is an import", () => {
  const invented = [...diagram()].flatMap(([room, others]) =>
    [...others].filter((other) => !real.get(room)?.has(other)).map((other) => `${room} --> ${other}`),
  );
  expect(invented).toEqual([]);
});

it("no room is reached from itself", () => {
  expect(rooms.filter((room) => reachable(real, room).has(room))).toEqual([]);
});

/** Files of `src` and the files that each imports, type imports included. */
function fileImports(): Map<string, string[]> {
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".generated.ts"),
  );
  const target = /(?:\bfrom|\bimport\()\s*"(\.[^"]+)\.js"/g;
  return new Map(
    files.map((file) => {
      const source = readFileSync(join(root, "src", file), "utf8");
      return [file, [...source.matchAll(target)].map(([, to = ""]) => `${normalize(join(file, "..", to))}.ts`)];
    }),
  );
}

it("no file imports itself by way of others", () => {
  const imports = fileImports();
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" > "));
    if (done.has(file) || path.includes(file)) return;
    for (const next of imports.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  expect(imports.size).toBeGreaterThan(100);
  expect(circles).toEqual([]);
});

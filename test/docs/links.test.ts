/** Links between pages lead somewhere, and every page can be reached from the index. */
import { existsSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { anchorsOf, pages, root } from "./pages.js";

interface Link {
  /** Relative to the repository. */
  readonly file: string;
  readonly anchor: string | undefined;
}

/** The README is also read on npm, where its links need the whole address. */
const repository = /^https:\/\/github\.com\/azure-remedy\/azure-remedy\/(?:blob|tree)\/main\//;

/** Links of a page that stay in the repository. */
function linksOf(page: string): Link[] {
  const source = readFileSync(join(root, page), "utf8").replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...source.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
    const [path = "", anchor] = target.replace(repository, "").split("#");
    if (repository.test(target)) return [{ file: path, anchor }];
    if (/^[a-z]+:/.test(target)) return [];
    return [{ file: path === "" ? page : normalize(join(page, "..", path)), anchor }];
  });
}

describe.each([...pages, "CHANGELOG.md"])("%s", (page) => {
  it("has no link into nothing", () => {
    const broken = linksOf(page).filter(
      ({ file, anchor }) =>
        !existsSync(join(root, file)) || (anchor !== undefined && !anchorsOf(file).includes(anchor)),
    );
    expect(broken).toEqual([]);
  });
});

it("the README has no link that npm cannot follow", () => {
  const relative = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/\]\((?![a-z]+:|#)([^)\s]+)\)/g)];
  expect(relative.map(([, target]) => target)).toEqual([]);
});

it("the index leads to every page", () => {
  const reached = linksOf("docs/README.md").map(({ file }) => file);
  expect(
    pages.filter((page) => page.startsWith("docs/") && page !== "docs/README.md" && !reached.includes(page)),
  ).toEqual([]);
});

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

/** Links of a page that stay in the repository. */
function linksOf(page: string): Link[] {
  const source = readFileSync(join(root, page), "utf8").replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...source.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [path = "", anchor] = target.split("#");
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

it("the index leads to every page", () => {
  const reached = linksOf("docs/README.md").map(({ file }) => file);
  expect(
    pages.filter((page) => page.startsWith("docs/") && page !== "docs/README.md" && !reached.includes(page)),
  ).toEqual([]);
});

/**
 * The pages as data. What they contain is run as written, by four visible conventions:
 *
 * - A ```ts or ```js block is a module, a ```sh block a list of commands, ```json and ```yaml are files.
 * - `<!-- given … -->` before a block holds code of the same language that the block leans on; before a ```text block it
 *   stands for a block of its own. It is plain code: what it imports from "given" is in test/docs/given.ts.
 * - ```text output is what the block above prints, both outputs together; `…` stands for anything in a line, and on a line of
 *   its own for any lines, or none. A ```text block without `output` promises nothing.
 * - A second word behind ```yaml or ```json is the name under which the commands of the page find the file.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** What users read. */
export const pages: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
  "policies/README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

export interface Block {
  /** `docs/options.md:42`, where the block begins. */
  readonly place: string;
  readonly page: string;
  /** First word behind the fence. */
  readonly language: string;
  /** Second word behind the fence. */
  readonly word: string | undefined;
  readonly text: string;
  /** Number of the first line of `text`, from 1. */
  readonly line: number;
  readonly given: { readonly text: string; readonly line: number } | undefined;
  /** What it prints, where the page says so. */
  readonly output: string | undefined;
}

const part = /^<!-- given\n([\s\S]*?)\n-->$|^```([a-z]+)(?: ([\w.-]+))?\n([\s\S]*?)^```$/gm;

/** The blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const source = readFileSync(join(root, page), "utf8");
  const lineAt = (index: number): number => source.slice(0, index).split("\n").length;
  const blocks: Block[] = [];
  let given: Block["given"];
  for (const match of source.matchAll(part)) {
    const [, givenText, language = "", word, text = ""] = match;
    const line = lineAt(match.index) + 1;
    if (givenText !== undefined) {
      given = { text: givenText, line };
      continue;
    }
    const isOutput = language === "text" && word === "output";
    const above = blocks.at(-1);
    if (isOutput && given) {
      blocks.push({
        ...placed(page, given.line),
        language: "ts",
        word,
        text: given.text,
        given: undefined,
        output: text,
      });
    } else if (isOutput && above) {
      blocks[blocks.length - 1] = { ...above, output: text };
    } else {
      blocks.push({ ...placed(page, line), language, word, text, given, output: undefined });
    }
    given = undefined;
  }
  return blocks;
}

const placed = (page: string, line: number): Pick<Block, "place" | "page" | "line"> => ({
  place: `${page}:${line}`,
  page,
  line,
});

/** All blocks in one of these languages. */
export function blocksIn(...languages: readonly string[]): Block[] {
  return pages.flatMap(blocksOf).filter(({ language }) => languages.includes(language));
}

/** A block with what it needs, each line at its place in the page, so that a mistake names the page's line. */
export function moduleText({ given, text, line }: Block): string {
  const before = given ? "\n".repeat(given.line - 1) + given.text + "\n" : "";
  const gap = "\n".repeat(line - before.split("\n").length);
  const importsGiven = /(\bfrom\s+)"given"/g;
  return (before + gap + text).replaceAll(importsGiven, `$1${JSON.stringify(join(root, "test/docs/given.js"))}`);
}

/** A file name that tells the place. */
export const fileNameOf = ({ page, line, language }: Block): string =>
  `${page.replaceAll("/", "-").replace(/\.md$/, "")}-${line}.${language}`;

/** The promise of an output block as a pattern, for what was printed with a line end behind each line. */
export function outputPattern(output: string): RegExp {
  const patterns = output
    .trimEnd()
    .split("\n")
    .map((line) => (line.trim() === "…" ? "(?:.*\\n)*?" : `${line.trimEnd().split("…").map(escaped).join(".*")}\\n`));
  return new RegExp(`^${patterns.join("")}$`);
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/** Headings of a page as anchors, the way GitHub makes them. */
export function anchorsOf(page: string): string[] {
  const source = readFileSync(join(root, page), "utf8").replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...source.matchAll(/^#{1,6} (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );
}

/** Rows of the tables below a heading, cell by cell, with the heads. */
export function tableRows(page: string, heading: string): string[][] {
  const source = readFileSync(join(root, page), "utf8");
  const [, section = ""] = source.split(new RegExp(`^#{1,6} ${escaped(heading)}$`, "m"));
  return section
    .split(/^#{1,6} /m, 1)
    .join("")
    .split("\n")
    .filter((line) => line.startsWith("|") && !/^\|[\s|:-]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

/** Reads the Chinese texts of `policies/zh/`, by room: the English sentence of a rule, and the same in Chinese. */
import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import type { LanguageTexts } from "../src/catalog/define-language.js";
import type { Category } from "../src/catalog/rule.js";

interface CommonTexts {
  readonly summaries: Readonly<Record<string, string>>;
  readonly nouns: Readonly<Record<string, string>>;
  readonly categories: Readonly<Record<Category, string>>;
}

const directory = new URL("../policies/zh/", import.meta.url);
const read = (name: string): unknown => parse(readFileSync(new URL(name, directory), "utf8"));

export function readZh(): LanguageTexts {
  const { summaries, nouns, categories } = read("common.yaml") as CommonTexts;
  const rooms = readdirSync(directory).filter((name) => name !== "common.yaml");
  const sentences = rooms.map((name) => read(name) as Record<string, string>);
  return {
    tag: "zh",
    sentences: Object.assign({}, summaries, ...sentences) as Record<string, string>,
    nouns,
    categories,
  };
}

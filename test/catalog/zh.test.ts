/** The advice in Chinese says what the English says: the same names, the same blanks, the same commands. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { diagnose } from "azure-remedy";
import { zh } from "azure-remedy/zh";
import { placeholdersOf, readPolicies } from "../../scripts/read-policies.js";
import { readZh } from "../../scripts/read-zh.js";

const texts = readZh();
const { rules } = readPolicies(fileURLToPath(new URL("../..", import.meta.url)));
const documented = rules.filter(({ sources }) => sources.length > 0);
const chinese = /\p{Script=Han}/u;
const blanksOf = (text: string): string[] => (text.match(/<[a-z][a-z-]*>/g) ?? []).sort();
const commandOf = (step: string): string => /(?:^|: |：)((?:az|npx) .*)$/.exec(step)?.[1] ?? "";

describe.each(documented.map((rule) => ({ id: rule.id, rule })))("$id", ({ rule }) => {
  const [message = ""] = rule.examples;
  const input = { error: { code: rule.code, message } };
  const english = diagnose(input);
  const translated = diagnose(input, { language: zh });

  it("is explained in Chinese", () => {
    expect(translated.explanation).toMatch(chinese);
    expect(translated.explanation).not.toMatch(/\{[a-zA-Z]+\}/);
    expect(translated.remedy.summary).toMatch(chinese);
    for (const step of translated.remedy.steps) expect(step).toMatch(chinese);
  });

  it("has the same commands and blanks, and names the same things", () => {
    expect(translated.remedy.steps.map(commandOf)).toEqual(english.remedy.steps.map(commandOf));
    expect(translated.remedy.steps.map(blanksOf)).toEqual(english.remedy.steps.map(blanksOf));
    expect(placeholdersOf(texts.sentences[rule.explanation] ?? "")).toEqual(placeholdersOf(rule.explanation));
  });

  it("is the same diagnosis otherwise", () => {
    const { explanation: _, remedy: __, ...rest } = translated;
    const { explanation: ___, remedy: ____, ...same } = english;
    expect(rest).toEqual(same);
    expect({ ...translated.remedy, summary: "", steps: [] }).toEqual({ ...english.remedy, summary: "", steps: [] });
  });

  it("is a sentence when nothing was read", () => {
    const { explanation } = diagnose({ error: { code: rule.code, message: "" } }, { language: zh });
    expect(explanation).not.toMatch(/[{}<>]/);
  });
});

it("no sentence is kept that no rule uses, and each keeps its placeholders", () => {
  const used = new Set(rules.flatMap(({ explanation, steps }) => [explanation, ...steps.map(proseOf)]));
  const summaries = Object.keys(texts.sentences).filter((text) =>
    /^(?:Wait, then|Find out|Change the|Sending|Allow)/.test(text),
  );
  const unused = Object.keys(texts.sentences).filter((text) => !used.has(text) && !summaries.includes(text));
  expect(unused).toEqual([]);
  for (const [english, translated] of Object.entries(texts.sentences)) {
    expect(placeholdersOf(translated), english).toEqual(placeholdersOf(english));
    expect(/[:：] ?$/.test(translated), english).toBe(english.endsWith(": "));
  }
});

const proseOf = (step: string): string => step.replace(/(?<=^|: )(?:az|npx) .*$/, "");

it("the product's own terms are used", () => {
  const all = Object.values(texts.sentences).join("\n");
  for (const term of ["虚拟机", "映像", "可用性集", "扩展", "解除分配", "托管磁盘", "规模集", "通用化"])
    expect(all).toContain(term);
  expect(all).not.toMatch(/镜像|虚机|账户|账号/);
});

it("a rule that is not translated stays English", () => {
  const input = { error: { code: "AADSTS50055", message: "The password is expired." } };
  expect(diagnose(input, { language: zh }).explanation).toBe(diagnose(input).explanation);
});

it("no translation names a host that its English text does not", () => {
  const hostsOf = (text: string): string[] =>
    (text.match(/[\w-]+(?:\.[\w-]+)*\.(?:com|cn|us|microsoft|ms)\b/g) ?? []).sort();
  for (const [english, translated] of Object.entries(texts.sentences)) {
    expect(hostsOf(english)).toEqual(expect.arrayContaining(hostsOf(translated)));
  }
});

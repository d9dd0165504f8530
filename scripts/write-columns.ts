/** Writes rules and families as the columns that `src/catalog/columns.ts` reads. */
import {
  codeInId,
  type AdviceColumns,
  type CatalogColumns,
  type Choices,
  type Lists,
  type Texts,
} from "../src/catalog/columns.js";
import type { Family, Rule } from "../src/catalog/rule.js";

export function writeColumns(rules: readonly Rule[], families: readonly Family[]): CatalogColumns {
  const all = [...rules, ...families];
  return {
    familyCodes: lists(families.map(({ codes }) => codes)),
    code: texts(rules.map(({ code }) => code)),
    phrases: lists(families.map(({ phrases }) => phrases)),
    message: texts(rules.map(({ message }) => message)),
    explanation: texts(all.map(({ explanation }) => explanation)),
    variant: texts(rules.map(variantOf)),
    familyId: texts(families.map(({ id }) => id)),
    disposition: choices(all.map(({ disposition }) => disposition)),
    category: choices(all.map(({ category }) => category)),
    automatic: choices(all.map(({ automatic }) => automatic)),
    waitMs: choices(all.map(({ waitMs }) => waitMs)),
    kindOnly: choices(all.map(({ kindOnly }) => kindOnly)),
    vague: choices(rules.map(({ vague }) => vague)),
    status: choices(rules.map(({ status }) => status)),
    sources: lists(rules.map(({ sources }) => sources.map(({ document, row }) => `${document}/${row}`))),
    rank: choices(families.map(({ rank }) => rank)),
    statuses: lists(families.map(({ statuses }) => statuses?.map(String))),
    refines: lists(families.map(({ refines }) => refines)),
  };
}

export function writeAdvice(rules: readonly Rule[], families: readonly Family[]): AdviceColumns {
  const all = [...rules, ...families];
  return {
    messageZh: texts(rules.map(({ messageZh }) => messageZh)),
    steps: lists(all.map(({ steps }) => steps)),
    docs: choices(all.map(({ docs }) => docs)),
  };
}

function variantOf({ id, code }: Rule): string | undefined {
  const stem = codeInId(code);
  if (id === stem) return undefined;
  if (!id.startsWith(`${stem}.`)) throw new Error(`id ${id} does not start with its code, ${stem}`);
  return id.slice(stem.length + 1);
}

function texts(column: readonly (string | undefined)[]): Texts {
  return column.map(cellWriter()).join("\n");
}

function lists(column: readonly (readonly string[] | undefined)[]): Lists {
  const write = cellWriter();
  return column.map((items = []) => items.map(write).join("\t")).join("\n");
}

function cellWriter(): (text: string | undefined) => string {
  const seen = new Map<string, number>();
  let above: string | undefined;
  return (text) => {
    if (text === undefined) return "";
    if (text === "" || text.startsWith("=") || /[\t\n]/.test(text)) {
      throw new Error(
        `a text of the catalog must have no tabs and line breaks, and not begin with "=": ${JSON.stringify(text)}`,
      );
    }
    const known = seen.get(text);
    if (known === undefined) seen.set(text, seen.size);
    const cell = known === undefined ? text : text === above ? "=" : `=${known}`;
    above = text;
    return cell;
  };
}

const firstPick = 0x30;

function choices<T>(column: readonly (T | undefined)[]): Choices<T> {
  const values = [...new Set(column.filter((value) => value !== undefined))];
  const pick = (value: T | undefined): string =>
    value === undefined ? "-" : String.fromCharCode(firstPick + values.indexOf(value));
  return { values, picks: column.map(pick).join("") };
}

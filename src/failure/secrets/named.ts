/** Secrets that stand behind their name: settings, headers, flags, elements, sentences. */
import { nameOf, secretNames, type SecretName } from "./names.js";
import { endOfQuotation, valueAfter, type Cut, type Introduction } from "./values.js";

/** How far a name reaches back from the word that makes it one. */
const maxNameChars = 64;

/** @param isInner the text was encoded inside another one */
export function findNamed(text: string, isInner: boolean, cuts: Cut[]): void {
  const names = secretNames;
  names.lastIndex = 0;
  for (let match = names.exec(text); match; match = names.exec(text)) {
    const name = nameOf(match[0], text.charAt(match.index - 1));
    if (!name) continue;
    const nameFrom = startOfName(text, match.index);
    const found = cutsBehind(text, { name, nameFrom, nameTo: names.lastIndex, isInner });
    cuts.push(...found);
    // What was cut is not searched again: a header cut up to the end of its line costs one look at that line.
    names.lastIndex = Math.max(names.lastIndex, ...found.map(({ to }) => to));
  }
}

function startOfName(text: string, wordFrom: number): number {
  let from = wordFrom;
  while (from > 0 && wordFrom - from < maxNameChars && /[\w.$-]/.test(text.charAt(from - 1))) from -= 1;
  return from;
}

interface Named {
  readonly name: SecretName;
  readonly nameFrom: number;
  readonly nameTo: number;
  readonly isInner: boolean;
}

function at(pattern: RegExp, text: string, from: number): RegExpExecArray | null {
  pattern.lastIndex = from;
  return pattern.exec(text);
}

const pairedValue = /["']\s*[,;]?\s*["']?(?:default|secret)?value["']?\s*[:=]|[ \t]*\r?\n[ \t]*value:(?=\s)/iy;
const separator = /["'`\])]{0,2}\s*(?:(=>|->)|([:=：＝]{1,2}))/y;
const change = /["'`]?\s*[=-]>|["'`]\s*\+(?=\s*["'`])/y;

function cutsBehind(text: string, named: Named): Cut[] {
  const { name, nameFrom, nameTo, isInner } = named;
  const element = elementOf(text, named);
  if (element) return [element];
  const valueBehind = (kind: Introduction["kind"], from: number): Cut | undefined =>
    valueAfter(text, { name, nameFrom, kind, at: from, isInner });
  const pair = at(pairedValue, text, nameTo);
  const introduced = pair ? undefined : at(separator, text, nameTo);
  const cut = pair
    ? valueBehind("=", nameTo + pair[0].length)
    : introduced
      ? behindSeparator(text, named, introduced, valueBehind)
      : (behindFlag(text, named, valueBehind) ??
        (name.isPassword && !name.isAmbiguous ? inSentence(text, named) : undefined));
  return cut ? [cut, ...changes(text, cut, valueBehind)] : [];
}

type ValueBehind = (kind: Introduction["kind"], from: number) => Cut | undefined;

function behindSeparator(
  text: string,
  { name, nameFrom, nameTo }: Named,
  [introduction, arrow, sign = ""]: RegExpExecArray,
  valueBehind: ValueBehind,
): Cut | undefined {
  const from = nameTo + introduction.length;
  const isQuotation = at(/\s*["'`]/y, text, from) !== null;
  if (arrow) return name.isPassword || isQuotation ? valueBehind("=>", from) : undefined;
  if (sign.startsWith("=") || sign.startsWith("＝")) return valueBehind("=", from);
  const isSetting =
    isQuotation ||
    /^["'`]/.test(introduction) ||
    /[/_-]/.test(text.charAt(nameFrom - 1) + text.slice(nameFrom, nameTo));
  if (!name.isPassword && isOfParser(text, nameFrom)) return undefined;
  // What an activity was allowed to do is called `authorization` too.
  if (name.isHeader && at(/\s*\{/y, text, from)) return undefined;
  if (name.isAmbiguous && (!isSetting || at(/\s*\{/y, text, from))) return undefined;
  if (!name.isPassword && !isSetting && isProse(text, nameFrom, from)) return undefined;
  return valueBehind(":", from);
}

/** "Unexpected token: }" */
const isOfParser = (text: string, nameFrom: number): boolean =>
  /\b(?:(?:un)?expected|invalid|illegal)\s$/i.test(text.slice(Math.max(0, nameFrom - 12), nameFrom));

/** "Give the machine that secret: az vm secret format" */
function isProse(text: string, nameFrom: number, from: number): boolean {
  return (
    /[a-z]\s$/.test(text.slice(Math.max(0, nameFrom - 2), nameFrom)) &&
    at(/\s[a-z]{1,64}\s+[A-Za-z]/y, text, from) !== null
  );
}

/** `"old" => "new"`: a plan shows both. `"first" + "second"`: Node shows a line each. */
function changes(text: string, first: Cut, valueBehind: ValueBehind): Cut[] {
  const cuts: Cut[] = [];
  for (let { to } = first; cuts.length < 64;) {
    const arrow = at(change, text, to);
    const next = arrow ? valueBehind("=>", to + arrow[0].length) : undefined;
    if (!next) break;
    cuts.push(next);
    ({ to } = next);
  }
  return cuts;
}

/** `--admin-password value`, `-AdminPassword value` */
function behindFlag(text: string, { nameFrom, nameTo }: Named, valueBehind: ValueBehind): Cut | undefined {
  const isFlag = /^--?[A-Za-z]/.test(text.slice(nameFrom, nameFrom + 3));
  const blank = isFlag ? at(/["']?[ \t]+(?!--?[A-Za-z])/y, text, nameTo) : null;
  return blank ? valueBehind("flag", nameTo + blank[0].length) : undefined;
}

/** "The password 'x' is too short", "The value 'x' of parameter 'adminPassword' …" */
function inSentence(text: string, { nameFrom, nameTo }: Named): Cut | undefined {
  const before =
    /(["'`])([^"'`\r\n]{1,256})\1\s+(?:of|for)\s(?:(?:the|parameter|property|setting|variable|field|argument|option)\s){0,3}["'`]?$/i.exec(
      text.slice(Math.max(0, nameFrom - 200), nameFrom),
    );
  if (before) {
    const from = nameFrom - before[0].length + 1;
    return { from, to: from + (before[2] ?? "").length };
  }
  const quoted = at(/["']?\s+(?:(?:is|was|of|value|with|given|supplied)\s+){0,2}(["'`])(?=[^\s"'`])/y, text, nameTo);
  if (!quoted) return undefined;
  const from = nameTo + quoted[0].length;
  const to = endOfQuotation(text, from, quoted[1] ?? "");
  return to - from <= 128 && to < text.length ? { from, to } : undefined;
}

/** A value that is longer is base64. */
const maxElementChars = 4_096;

/** `<AdminPassword>…</AdminPassword>` with all that is in it, and `<Password Value="…"/>`. */
function elementOf(text: string, { nameFrom, nameTo }: Named): Cut | undefined {
  if (!/<(?:[\w.-]{1,64}:)?$/.test(text.slice(Math.max(0, nameFrom - 34), nameFrom))) return undefined;
  const tag = at(/(?:\s[^<>]{0,400})?>/y, text, nameTo);
  if (!tag) return undefined;
  const from = nameTo + tag[0].length;
  if (at(/\s*\[redacted\]/y, text, from)) return undefined;
  const closing = new RegExp(`</(?:[\\w.-]{1,64}:)?${text.slice(nameFrom, nameTo).replaceAll(/[.$]/g, ".")}\\s*>`, "i");
  const length = text.slice(from, from + maxElementChars).search(closing);
  const to = from + (length < 0 ? (at(/(?![\s"'`,.;:)])[^<\s]+/y, text, from)?.[0].length ?? 0) : length);
  return to > from ? { from, to } : undefined;
}

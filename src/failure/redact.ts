/**
 * Removes secrets from what people will read, log and paste into tickets. Services echo parts of the request in their
 * messages and tools add command lines, so a message may contain a SAS signature, a token, a password, a storage key or
 * custom data.
 *
 * Most texts have none, and every message of every failure passes here. So only the characters without which no secret
 * is written are searched: `=`, `:` and ` -` at the name of a setting, and the first letters of tokens and keys.
 */
import { maxDepth, maxItems, maxKeys, maxNodes } from "./read-limits.js";

const replacement = "[redacted]";

/**
 * The text without its secrets; the same string if it has none. Time is linear in its length.
 *
 * Every secret contains or follows one of eight characters. A search for one character costs next to nothing whatever
 * the length of the text; a search for any of them at once examines each letter and takes longer than all eight.
 */
export function redact(text: string): string {
  if (text.length < shortestTelling) return text;
  const cuts: Cut[] = [];
  if (text.includes("=")) findSettings(text, "=", cuts);
  if (text.includes(":")) findSettings(text, ":", cuts);
  if (text.includes("J")) findWebTokens(text, cuts);
  if (text.includes("B")) findMatches(text, "Bearer ", /(?<=\bBearer )[\w~+/.-]{16,}=*/g, cuts);
  if (text.includes("~")) findMatches(text, "Q~", /(?<![\w~.-])\w{3}\dQ~[\w~.-]{28,40}/g, cuts);
  if (text.includes("%")) findEncodedSignatures(text, cuts);
  if (text.includes(">")) findMatches(text, "assword>", /(?<=assword>)[^<]{1,256}/g, cuts);
  if (text.includes("-")) findDashed(text, cuts);
  return cuts.length === 0 ? text : applyCuts(text, cuts);
}

/** `sig=x` */
const shortestTelling = 5;

interface Cut {
  readonly from: number;
  readonly to: number;
}

/** Folded names of settings whose value is a secret, however the name begins: `adminPassword`, `PRIMARY_ACCESS_KEY`. */
const secretName =
  /(?:(?:^|[^a-z])(?:sig|pwd)|password|passwd|passphrase|secret|(?:account|access|storage|shared|primary|secondary|master|function|api|private|subscription)key|token|authorization|customdata|userdata|connectionstring|protectedsettings|uploadsasuri|cookie)$/;

/** How those names end. Two letters settle nearly every `:` and `=`. */
const secretEndings = new Uint8Array(1024);
for (const [first = "", second = ""] of [
  "ig",
  "wd",
  "rd",
  "se",
  "et",
  "ey",
  "en",
  "on",
  "ta",
  "ng",
  "gs",
  "ri",
  "ie",
]) {
  secretEndings[pairOf(first.charCodeAt(0), second.charCodeAt(0))] = 1;
}

/** Two letters, ignoring case, as an index. */
function pairOf(first: number, second: number): number {
  return ((first & 31) << 5) | (second & 31);
}

/** Longer names are not settings; this limits looking back. */
const maxNameLength = 48;

function findSettings(text: string, separator: string, cuts: Cut[]): void {
  for (let at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, at)) {
    const found =
      separator === ":" && text.charCodeAt(at + 1) === 47 && text.charCodeAt(at + 2) === 47
        ? userInfoAfter(text, at + 3)
        : (valueOfSetting(text, at) ?? (separator === "=" ? bareKeyBefore(text, at) : undefined));
    if (found) cuts.push(found);
    // What was removed is not searched again: a header removed up to the end of its line is searched once.
    at = Math.max(at + 1, found?.to ?? 0);
  }
}

function valueOfSetting(text: string, separatorAt: number): Cut | undefined {
  const name = nameBefore(text, separatorAt);
  return name !== undefined && secretName.test(name) ? valueAfter(text, separatorAt + 1, name) : undefined;
}

/** The folded word before a separator, if it ends like the name of a secret. */
function nameBefore(text: string, at: number): string | undefined {
  let end = at;
  while (end > 0 && at - end < 10 && isDecoration(text.charCodeAt(end - 1))) end -= 1;
  if (end < 2 || !secretEndings[pairOf(text.charCodeAt(end - 2), text.charCodeAt(end - 1))]) return undefined;
  // "Location:" is in every quota message, and `Authorization:` ends the same way.
  if (text.charCodeAt(end - 1) === 110 && text.charCodeAt(end - 2) === 111 && text.charCodeAt(end - 6) !== 122)
    return undefined;
  let from = end;
  while (from > 0 && end - from < maxNameLength && isNameChar(text.charCodeAt(from - 1))) from -= 1;
  return fold(text.slice(from, end));
}

/** `Client_Secret` and `clientSecret` are one name; in `x-sig` the word boundary makes it one. */
function fold(name: string): string {
  const folded = name.toLowerCase();
  return folded.endsWith("sig") || folded.endsWith("pwd") ? folded : folded.replace(/[_-]/g, "");
}

/** Blanks, quotation marks and backslashes between a name and its separator. */
function isDecoration(char: number): boolean {
  return char === 32 || char === 34 || char === 39 || char === 92;
}

function isNameChar(char: number): boolean {
  const letter = char | 0x20;
  return (letter >= 97 && letter <= 122) || (char >= 45 && char <= 57 && char !== 47) || char === 95;
}

/** Stand-ins that reveal nothing, and addresses, whose own secrets are found as settings of theirs. */
const tellsNothing = /\[redacted\]|\*{3}|<[\w -]{1,40}>|(?:null|undefined|none|true|false)\b|https?:\/\//iy;

function valueAfter(text: string, at: number, name: string): Cut | undefined {
  const opening = /\s{0,16}(\\{0,63})(["']?)/y;
  opening.lastIndex = at;
  const match = opening.exec(text);
  const from = opening.lastIndex;
  const mark = match?.[2] ?? "";
  tellsNothing.lastIndex = from;
  if (from >= text.length || tellsNothing.test(text)) return undefined;
  const to = mark === "" ? endOfBare(text, from, name) : endOfQuoted(text, from, mark, (match?.[1] ?? "").length);
  return to > from ? { from, to } : undefined;
}

/**
 * Up to the mark that closes the value: one with no more backslashes than the opening one. If unclosed, up to the end.
 */
function endOfQuoted(text: string, from: number, mark: string, slashes: number): number {
  for (let at = text.indexOf(mark, from); at >= 0; at = text.indexOf(mark, at + 1)) {
    let before = 0;
    while (before <= slashes && at - before > from && text.charCodeAt(at - before - 1) === 92) before += 1;
    if (before <= slashes) return at - before;
  }
  return text.length;
}

/** One word; for a header the rest of the line, since a scheme precedes the secret; for `{ value: … }` all of it. */
function endOfBare(text: string, from: number, name: string): number {
  const first = text.charCodeAt(from);
  if (first === 123 || first === 91) return endOfBraces(text, from);
  const end = name.endsWith("authorization") || name.endsWith("cookie") ? /[\r\n"']/g : /[\s&;,"'<>)}\]\\]/g;
  end.lastIndex = from;
  return end.exec(text)?.index ?? text.length;
}

function endOfBraces(text: string, from: number): number {
  let open = 0;
  for (let at = from; at < text.length; at++) {
    const char = text.charCodeAt(at) | 0x20; // [ and {, ] and } differ in that bit
    if (char === 123) open += 1;
    else if (char === 125 && (open -= 1) === 0) return at + 1;
  }
  return text.length;
}

/** `https://user:password@host`, even if the password was not encoded; but `https://host:443/path@x` has none. */
function userInfoAfter(text: string, from: number): Cut | undefined {
  const userInfo = /[\w.~%-]{0,64}:(?!\d{1,5}\/)([^\s@"'<>]{1,256})@/y;
  // Without a colon before the path there is no password, and most addresses have none.
  for (let at = from; at < text.length && at - from < 64; at++) {
    const char = text.charCodeAt(at);
    if (char === 47 /* / */ || char <= 39) return undefined;
    if (char === 58 /* : */) break;
  }
  userInfo.lastIndex = from;
  const password = userInfo.exec(text)?.[1];
  if (password === undefined) return undefined;
  return { from: userInfo.lastIndex - 1 - password.length, to: userInfo.lastIndex - 1 };
}

/** A storage key without a name: 86 characters of base64 and `==`. */
function bareKeyBefore(text: string, at: number): Cut | undefined {
  if (text.charCodeAt(at + 1) !== 61) return undefined;
  let from = at;
  while (from > 0 && at - from < 90 && /[\w+/]/.test(text.charAt(from - 1))) from -= 1;
  return at - from >= 80 ? { from, to: at + 2 } : undefined;
}

/** `--admin-password value` and `-AdminPassword value` of a command line, and private keys between dashes. */
function findDashed(text: string, cuts: Cut[]): void {
  for (let at = text.indexOf("-"); at >= 0; at = text.indexOf("-", at)) {
    const before = text.charCodeAt(at - 1);
    const after = text.charCodeAt(at + 1) | 0x20;
    let found: Cut | undefined;
    if (before === 32 && after >= 97 && after <= 122) found = valueOfFlag(text, at + 1);
    else if (before === 45 && after >= 97 && after <= 122)
      found = valueOfFlag(text, at + 1) ?? privateKeyAfter(text, at + 1);
    if (found) cuts.push(found);
    at = Math.max(at + 1, found?.to ?? 0);
  }
}

function valueOfFlag(text: string, at: number): Cut | undefined {
  const flag = /[A-Za-z][\w-]{1,47}(?=\s)/y;
  flag.lastIndex = at;
  const written = flag.exec(text)?.[0] ?? "";
  const name = fold(written);
  return secretName.test(name) ? valueAfter(text, at + written.length, name) : undefined;
}

function privateKeyAfter(text: string, at: number): Cut | undefined {
  const begin = /BEGIN [A-Z ]{0,32}PRIVATE KEY-----/y;
  begin.lastIndex = at;
  if (!begin.test(text)) return undefined;
  const end = text.indexOf("-----END", begin.lastIndex);
  return { from: begin.lastIndex, to: end < 0 ? text.length : end };
}

/** JSON web tokens: two or three parts of base64, the first of which begins like `{"`. */
function findWebTokens(text: string, cuts: Cut[]): void {
  const token = /[\w.-]+/y;
  for (let at = text.indexOf("eyJ"); at >= 0; at = text.indexOf("eyJ", at)) {
    token.lastIndex = at;
    const [run = "eyJ"] = token.exec(text) ?? [];
    if (run.length >= 20 && run.includes(".")) cuts.push({ from: at, to: at + run.length });
    at += run.length;
  }
}

/** A signature in an address that is itself a parameter of an address: `sig%3D…`. */
function findEncodedSignatures(text: string, cuts: Cut[]): void {
  const signature = /(?<=sig%3[Dd])[\w%+/-]+/y;
  for (let at = text.indexOf("%"); at >= 0; at = text.indexOf("%", at + 1)) {
    if (text.charCodeAt(at - 1) !== 103 /* g */ || text.charCodeAt(at + 1) !== 51 /* 3 */) continue;
    signature.lastIndex = at + 3;
    if (signature.test(text)) cuts.push({ from: at + 3, to: signature.lastIndex });
  }
}

function findMatches(text: string, mark: string, pattern: RegExp, cuts: Cut[]): void {
  if (!text.includes(mark)) return;
  for (const match of text.matchAll(pattern)) cuts.push({ from: match.index, to: match.index + match[0].length });
}

function applyCuts(text: string, cuts: Cut[]): string {
  cuts.sort((a, b) => a.from - b.from || b.to - a.to);
  let clean = "";
  let at = 0;
  for (const { from, to } of cuts) {
    if (to <= at) continue;
    if (from >= at) clean += text.slice(at, from) + replacement;
    at = to;
  }
  return clean + text.slice(at);
}

/**
 * A copy of a body without its secrets, removed by key name and by what texts say; the same value if it has none.
 * Anything beyond the reading limits is left out of the copy, since it was not searched.
 */
export function redactBody(value: unknown): unknown {
  return withoutSecrets(value, { nodesLeft: 10 * maxNodes }, 0);
}

const leftOut = "[left out]";

function withoutSecrets(value: unknown, budget: { nodesLeft: number }, depth: number): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth > maxDepth || budget.nodesLeft <= 0 || ArrayBuffer.isView(value)) return leftOut;
  budget.nodesLeft -= 1;
  try {
    return Array.isArray(value)
      ? itemsWithoutSecrets(value, budget, depth)
      : fieldsWithoutSecrets(value, budget, depth);
  } catch {
    return leftOut; // a getter or a proxy that throws
  }
}

function itemsWithoutSecrets(items: readonly unknown[], budget: { nodesLeft: number }, depth: number): unknown {
  const copy = items.slice(0, maxItems).map((item) => withoutSecrets(item, budget, depth + 1));
  if (items.length > maxItems) return [...copy, leftOut];
  return copy.every((item, i) => Object.is(item, items[i])) ? items : copy;
}

function fieldsWithoutSecrets(fields: object, budget: { nodesLeft: number }, depth: number): unknown {
  const keys = Object.keys(fields);
  let changed = keys.length > maxKeys;
  const entries = keys.slice(0, maxKeys).map((key): [string, unknown] => {
    const value: unknown = fields[key as keyof typeof fields];
    const clean = isSecretKey(key) ? redactWhole(value) : withoutSecrets(value, budget, depth + 1);
    changed ||= !Object.is(value, clean);
    return [key, clean];
  });
  // fromEntries defines properties: a key `__proto__` stays a key.
  return changed ? Object.fromEntries(entries) : fields;
}

function isSecretKey(key: string): boolean {
  return key.length <= maxNameLength && secretName.test(fold(key));
}

/** Nothing is kept under the name of a secret, unless it reveals nothing anyway. */
function redactWhole(value: unknown): unknown {
  return value === undefined || value === null || value === "" || typeof value === "boolean" ? value : replacement;
}

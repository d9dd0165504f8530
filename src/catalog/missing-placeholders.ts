/**
 * Explains what happened if the message did not give all the names. "Azure stopped waiting for VM {vmName} to start" is
 * just as true of "the VM". A number or a reason that was not read has no such noun, so the clause that needs it is
 * left out. If nothing is left, the sentence of the category is used. Steps show placeholders to fill in instead.
 */
import type { Category } from "./rule.js";

/** An explanation with only `{placeholders}` that were read. */
export function withoutMissing(explanation: string, category: Category, isRead: (name: string) => boolean): string {
  const missingIn = (text: string): string[] => namesIn(text).filter((name) => !isRead(name));
  const text = explanation.replaceAll(/ \([^()]{0,200}\)/g, (bracket) =>
    missingIn(bracket).length > 0 ? "" : bracket,
  );
  const clauses = text.split(/(?<=[;:]) /);
  const complete = clauses.filter((clause) => missingIn(clause).every((name) => nounOf(name) !== undefined));
  const first = clauses[0] ?? "";
  if (complete[0] !== first || (complete.length < clauses.length && !isSentence(first))) return plainly[category];
  return missingIn(text).reduce(withWords, complete.join(" ").replace(/[;:]$/, "."));
}

const namesIn = (text: string): string[] =>
  [...text.matchAll(/\{([a-zA-Z][a-zA-Z0-9]*)\}/g)].map(([, name = ""]) => name);

/** `Image {imageName} is not ready` is a sentence without its value, `{quota} in {region}` is not. */
const isSentence = (clause: string): boolean => /[a-z]{2,} [a-z]{2,}/i.test(clause.replaceAll(/\{\w+\}/g, "x x"));

interface Noun {
  /** `the`, `this` or `another`. */
  readonly article: string;
  readonly noun: string;
  /** Another form of the noun in front of the placeholder: `NIC {resource}`. */
  readonly also?: string;
}

/** Nouns for placeholders that are named differently or need another article. */
const nouns: Readonly<Record<string, Noun>> = {
  actions: { article: "this", noun: "action" },
  blobUri: { article: "the", noun: "blob", also: "VHD" },
  containerName: { article: "the", noun: "container name" },
  extensionType: { article: "the", noun: "extension" },
  extensionVersion: { article: "this", noun: "version" },
  handlerName: { article: "the", noun: "handler", also: "extension" },
  lun: { article: "this", noun: "LUN" },
  namespace: { article: "the", noun: "resource provider" },
  otherResource: { article: "another", noun: "resource" },
  otherSubscription: { article: "another", noun: "subscription" },
  parameter: { article: "the", noun: "property", also: "parameter" },
  publisher: { article: "this", noun: "publisher" },
  resource: { article: "the", noun: "resource", also: "NIC|subnet|public IP|restore point collection" },
  resourceType: { article: "the", noun: "resource" },
  size: { article: "this", noun: "size" },
};

/** Placeholders that are their own nouns: `storageAccount` is a storage account. */
const things = new Set(
  (
    "availabilitySet feature licenseType linkedActions linkedScope lockedScope operation principal region resourceGroup " +
    "scaleSet storageAccount storageAccountType subscription tenant"
  ).split(" "),
);

/** The noun for a placeholder; undefined for a number, a state or a message. */
function nounOf(name: string): Noun | undefined {
  if (Object.hasOwn(nouns, name)) return nouns[name];
  const thing = /^(.{1,40})(?:Name|Id|Uri)$/.exec(name)?.[1] ?? (things.has(name) ? name : undefined);
  if (thing === undefined) return undefined;
  const noun = thing.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).trim();
  return { article: "the", noun: noun === "vm" ? "VM" : noun };
}

/** Replaces one name with its noun: `VM {vmName}` becomes the VM, `no VM {vmName}` no such VM, `{vmName}` the VM. */
function withWords(text: string, name: string): string {
  const known = nounOf(name);
  if (!known) return text;
  const { article, noun, also = noun } = known;
  const placeholder = `\\{${name}\\}`;
  const called = `((?:Classic |OS |empty data |data |image |input |VM )?(?:${noun}|${also}))`;
  const alone = name.endsWith("Uri") ? `${noun} URI` : noun;
  return text
    .replace(new RegExp(`^${placeholder}, the ([^,]{1,80}),`), "The $1")
    .replaceAll(new RegExp(`\\bnamed ${placeholder}`, "g"), "of this name")
    .replaceAll(new RegExp(`\\b(no) ${called} ${placeholder}`, "gi"), "$1 such $2")
    .replaceAll(new RegExp(`\\b(an?|the|another|this) ${called} ${placeholder}`, "gi"), "$1 $2")
    .replaceAll(new RegExp(`\\b(an?|the) ${placeholder}`, "gi"), `$1 ${noun}`)
    .replaceAll(new RegExp(`\\b${called} ${placeholder}`, "gi"), (_, phrase: string, at: number, whole: string) =>
      beginsSentence(whole, at) ? `${capitalized(article)} ${uncapitalized(phrase)}` : `${article} ${phrase}`,
    )
    .replaceAll(new RegExp(placeholder, "g"), (_, at: number, whole: string) =>
      beginsSentence(whole, at) ? `${capitalized(article)} ${alone}` : `${article} ${alone}`,
    );
}

const beginsSentence = (text: string, at: number): boolean => at === 0 || /[.!?] $/.test(text.slice(at - 2, at));
const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** `Disk` is a disk within a sentence, `VM` stays a VM. */
const uncapitalized = (phrase: string): string =>
  /^[A-Z][a-z]/.test(phrase) ? phrase.charAt(0).toLowerCase() + phrase.slice(1) : phrase;

/** What happened, as far as the category says. */
const plainly: Readonly<Record<Category, string>> = {
  throttling: "Azure got too many requests in a short time.",
  capacity: "Azure cannot provide the requested capacity.",
  quota: "The request goes beyond a quota or a limit.",
  conflict: "The request does not fit the current state of the resource.",
  platform: "Azure had an internal problem with the request.",
  timeout: "The operation did not end in the time that it has.",
  "invalid-input": "Azure does not accept a value of the request.",
  unsupported: "Azure does not support the request here.",
  "not-found": "Something that the request needs does not exist.",
  authorization: "The caller may not do what the request asks for.",
  authentication: "Azure does not accept the caller's identity.",
  "guest-os": "The guest OS of the VM could not do its part.",
  extension: "An extension of the VM failed.",
  storage: "The storage behind a disk or an image does not allow the request.",
  network: "A part of the network does not allow the request.",
  encryption: "The encryption of a disk does not allow the request.",
  image: "The image cannot be used as requested.",
  precondition: "Something has to be done before the request can pass.",
  other: "The request failed.",
};

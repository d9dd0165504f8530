/** The blanks in advice: `<resource-group>` is filled by `--var resource-group=rg`, or by what the error itself names. */
import { InvalidArgumentError } from "commander";

/** Values by folded name. */
export type BlankValues = ReadonlyMap<string, string>;

/** `resource-group`, `resourceGroup` and `RESOURCE_GROUP` are one name. */
const fold = (name: string): string => name.replaceAll(/[-_]/g, "").toLowerCase();

/** Collects `name=value`, as commander hands options over that may be given again. */
export function collectValue(pair: string, earlier: BlankValues = new Map()): BlankValues {
  const [, name, value] = /^([A-Za-z][\w-]*)=(.+)$/s.exec(pair) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("Give it as name=value.");
  return new Map([...earlier, [fold(name), value]]);
}

/** A name out of an error ends up in a command that a user will paste: only what no shell reads anything into. */
const harmless = /^[\w.:/@-]{1,200}$/;

/** Names that the advice of several rules uses for one thing. */
const sameAs: Readonly<Record<string, string>> = {
  vm: "vmname",
  disk: "diskname",
  account: "storageaccount",
  set: "availabilityset",
};

/** Fills in what is known. What stays open stays visible. */
export function fillBlanks(text: string, given: BlankValues, parameters: Readonly<Record<string, string>>): string {
  return text.replaceAll(/<([A-Za-z][A-Za-z-]*)>/g, (blank, name: string) => {
    const wanted = fold(name);
    const value = given.get(wanted) ?? given.get(sameAs[wanted] ?? "");
    if (value !== undefined) return value;
    const read = Object.entries(parameters).find(([key]) => fold(key) === wanted || fold(key) === sameAs[wanted]);
    return read && harmless.test(read[1]) ? read[1] : blank;
  });
}

/** Placeholders in advice: `<resource-group>` is filled from `--var`, or from what the error itself names. */

/** Values by folded name. */
export type BlankValues = ReadonlyMap<string, string>;

/** `resource-group`, `resourceGroup` and `RESOURCE_GROUP` are one name. */
export const foldBlank = (name: string): string => name.replaceAll(/[-_]/g, "").toLowerCase();

/**
 * A name from an error ends up in a command that a user will paste: allow only characters without meaning to a shell.
 */
const harmless = /^[\w.:/@][\w.:/@-]{0,199}$/;

/** Names that several rules use for the same thing in their advice. */
const sameAs: Readonly<Record<string, string>> = {
  vm: "vmname",
  disk: "diskname",
  account: "storageaccount",
  set: "availabilityset",
};

const blank = /<([A-Za-z][A-Za-z-]*)>/g;

/** Fills in what is known. Unknown placeholders stay visible. */
export function fillBlanks(text: string, given: BlankValues, parameters: Readonly<Record<string, string>>): string {
  return text.replaceAll(blank, (whole, name: string) => {
    const wanted = foldBlank(name);
    const value = given.get(wanted) ?? given.get(sameAs[wanted] ?? "");
    if (value !== undefined) return value;
    // The size in the error is the one that failed; the advice asks for another.
    if (wanted === "size") return whole;
    const read = Object.entries(parameters).find(
      ([key]) => foldBlank(key) === wanted || foldBlank(key) === sameAs[wanted],
    );
    return read && harmless.test(read[1]) ? read[1] : whole;
  });
}

/** The names of the placeholders that are still open in a text, each once. */
export function openBlanks(text: string): readonly string[] {
  return [...new Set([...text.matchAll(blank)].map(([, name = ""]) => name))];
}

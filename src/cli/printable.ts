/** Foreign text printed to a terminal, which would obey the control characters in it. */

/** C0 and C1 control characters, and the marks that change the direction of text. */
// eslint-disable-next-line no-control-regex -- these are what it is about
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g;

/** One line without control characters: each run of them becomes a blank. */
export function printable(text: string): string {
  return text.replaceAll(unprintable, " ").trim();
}

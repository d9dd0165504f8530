/**
 * Text of others on its way to a terminal, a log or an error's message. A terminal obeys the control characters in it: they
 * move the cursor, change the title, write to the clipboard, or hide and turn around what is shown.
 */

/**
 * Sequences as a whole, so that none leaves its parameters behind; then every C0 and C1 control character but the line feed and
 * the tab, and the marks that turn the direction of text around.
 */
const unprintable =
  // eslint-disable-next-line no-control-regex -- these are what it is about
  /(?:\u001b\]|\u009d)[^\u0007\u001b\u009c\n]{0,2048}(?:\u0007|\u001b\\|\u009c)?|(?:\u001b\[|\u009b)[0-?]{0,64}[ -/]{0,8}[@-~]?|\u001b[ -~]?|\r(?=\n)|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Nearly every text is clean, and a look costs less than a copy. */
// eslint-disable-next-line no-control-regex -- see above
const telling = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** The text without control characters; its line breaks and tabs stay. */
export function printableLines(text: string): string {
  return telling.test(text) ? text.replaceAll(unprintable, substitute) : text;
}

/** A break stays one, and what stood between two words keeps them apart. */
function substitute(found: string): string {
  if (found.length > 1 || found === "\u001b") return "";
  if (found === "\u2028" || found === "\u2029") return "\n";
  return "\u000b\u000c\r\u0085".includes(found) ? " " : "";
}

/** One line without control characters: each run of white space becomes a blank. */
export function printable(text: string): string {
  return printableLines(text).replaceAll(/\s+/g, " ").trim();
}

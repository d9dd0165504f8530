/** What may be shown: without secrets, and without characters that a terminal obeys. */
import { anySecret, mark, marksOf } from "../marks.js";
import { printableLines } from "../printable.js";
import { redact, redactMarked } from "./redact.js";
import { redactBody } from "./redact-body.js";

/** The text as it may be shown; the very same string if all of it may. */
export const presentableText = (text: string): string => presentableMarked(text, marksOf(text));

/**
 * The control characters first: they may be in the middle of a name.
 *
 * @param marks those of the text
 */
export function presentableMarked(text: string, marks: number): string {
  if ((marks & (mark.unprintable | anySecret)) === 0) return text;
  const lines = (marks & mark.unprintable) === 0 ? text : printableLines(text);
  return lines === text ? redactMarked(text, marks) : redact(lines);
}

/** A value whose texts may be shown; the very same one when they all may. What is too deep or too much is left out. */
export function presentable<Value>(value: Value): Value {
  return redactBody(value, presentableText) as Value;
}

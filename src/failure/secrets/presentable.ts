/** What may be shown: without secrets, and without characters that a terminal obeys. */
import { printableLines } from "../printable.js";
import { redact } from "./redact.js";
import { redactBody } from "./redact-body.js";

/** The control characters first: they may stand in the middle of a name. */
export const presentableText = (text: string): string => redact(printableLines(text));

/** A value whose texts may be shown; the very same one when they all may. What is too deep or too much is left out. */
export function presentable<Value>(value: Value): Value {
  return redactBody(value, presentableText) as Value;
}

/** `--var resource-group=rg`, read into values for the blanks of the advice. */
import { InvalidArgumentError } from "commander";
import { foldBlank, type BlankValues } from "./fill-blanks.js";

/** Collects `name=value`, as commander hands options over that may be given again. */
export function collectValue(pair: string, earlier: BlankValues = new Map()): BlankValues {
  const [, name, value] = /^([A-Za-z][\w-]*)=(.+)$/s.exec(pair) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("Give it as name=value.");
  return new Map([...earlier, [foldBlank(name), value]]);
}

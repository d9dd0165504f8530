/** `--var resource-group=rg`, parsed into values for the placeholders of the advice. */
import { InvalidArgumentError } from "commander";
import { foldBlank, type BlankValues } from "./fill-blanks.js";

/** Collects `name=value`, in the form that commander passes repeatable options. */
export function collectValue(pair: string, earlier: BlankValues = new Map()): BlankValues {
  const [, name, value] = /^([A-Za-z][\w-]*)=(.+)$/s.exec(pair) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("Give it as name=value.");
  return new Map([...earlier, [foldBlank(name), value]]);
}

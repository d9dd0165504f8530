/**
 * Commands whose words show that they are harmless to repeat: az reads, and actions that bring a machine into a state
 * it may already have. Nothing else is guessed: a script or a create may do more than its name says.
 */
import { basename } from "node:path";
import { isIdempotent } from "../../decision/idempotency.js";

/** az has its own words for some actions of the service. */
const actionOfVerb: Readonly<Record<string, string>> = { show: "get", exists: "check", wait: "get", stop: "powerOff" };

export function isHarmlessByWords(command: string, args: readonly string[]): boolean {
  if (!/^az(?:\.cmd|\.exe)?$/i.test(basename(command))) return false;
  const options = args.findIndex((argument) => argument.startsWith("-"));
  const words = options < 0 ? args : args.slice(0, options);
  const verb = words.at(-1);
  // "az rest" and the like do what their options say; a verb after another word is one of az's own.
  return verb !== undefined && words.length > 1 && isIdempotent("POST", `/${actionOfVerb[verb] ?? verb}`);
}

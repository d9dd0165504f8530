/** Reads a guest's serial log: its last boot, and the known lines in it. */
import type { Signature } from "./signature.js";
import { signatures } from "./signatures.generated.js";

export interface SignatureMatch {
  readonly signature: Signature;
  /** The line where it was found. */
  readonly line: string;
}

const longestLine = 400;
const confidences = ["low", "medium", "high"] as const;

/** The signatures in a text, surest first; of equals, the one listed first. */
export function findSignatures(text: string, known: readonly Signature[] = signatures): SignatureMatch[] {
  const lines = withoutEscapes(text).split(/\r?\n|\r/);
  const last = lines.findLastIndex((line) => line.trim() !== "");
  const found = known.flatMap((signature) => {
    const index = lines.findIndex((line, at) => (!signature.last || at === last) && matches(signature, line));
    const earlier = signature.before;
    if (index < 0 || (earlier !== undefined && !lines.slice(0, index).some((line) => line.includes(earlier))))
      return [];
    return [{ signature, line: (lines[index] ?? "").trim().slice(0, longestLine) }];
  });
  return found.sort((a, b) => sureness(b) - sureness(a));
}

export const sureness = ({ signature }: SignatureMatch): number => confidences.indexOf(signature.confidence);

const matches = ({ fragments }: Signature, line: string): boolean =>
  fragments.some((fragment) => includes(line, fragment));

/** Whether a line contains the parts of a fragment in order. */
function includes(line: string, fragment: string): boolean {
  let from = 0;
  for (const part of fragment.split("*")) {
    const at = line.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return true;
}

/** How a boot begins: the firmware's line, or the kernel's first. */
const bootBegins = /BdsDxe: loading Boot|\] Linux version \d|\] Booting Linux on /g;

/** The part of a log from the last boot: earlier boots are no evidence. */
export function lastBoot(log: string): string {
  let from = 0;
  for (const match of log.matchAll(bootBegins)) from = match.index;
  return log.slice(log.lastIndexOf("\n", from) + 1);
}

/** ECMA-48 escape sequences, with which consoles colour their lines. */
const escapes = new RegExp(`${String.fromCharCode(27)}(?:\\[[0-9;?]*[ -/]*[@-~]|[@-Z\\\\-_])`, "g");

function withoutEscapes(text: string): string {
  return text.replaceAll(escapes, "");
}

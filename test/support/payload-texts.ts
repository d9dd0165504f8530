/**
 * The known payloads as a person would paste them. `AZURE_REMEDY_PAYLOADS` names a folder of further `.jsonl` files, in the form
 * of `test/payloads`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export function payloadTexts(): string[] {
  const further = process.env["AZURE_REMEDY_PAYLOADS"];
  const folders = [fileURLToPath(new URL("../payloads", import.meta.url)), ...(further ? [further] : [])];
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".jsonl"))
      .flatMap((name) => textsOf(join(folder, name))),
  );
}

function textsOf(path: string): string[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as { text?: string; body?: unknown })
    .map(({ text, body }) => text ?? JSON.stringify(body, undefined, 2));
}

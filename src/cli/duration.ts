/** Durations as people type them: `90s`, `10m`, `1h30m`, `500ms`; a bare number counts seconds. */
import { InvalidArgumentError } from "commander";

const unitsMs: Readonly<Record<string, number>> = { "": 1_000, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * @returns milliseconds
 * @throws InvalidArgumentError of commander, which names the option
 */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|$)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) {
    throw new InvalidArgumentError("Give a duration such as 90s, 10m or 1h30m.");
  }
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (unitsMs[unit ?? ""] ?? 0), 0);
}

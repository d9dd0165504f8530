/**
 * Output for people: colours where they are wanted, and lines that change in place on a terminal. Node's own
 * `styleText` handles NO_COLOR, FORCE_COLOR, NODE_DISABLE_COLORS, TERM and pipes, so no package is needed.
 */
import { styleText } from "node:util";
import { printableLines } from "../failure/printable.js";

export type Style = Parameters<typeof styleText>[0];

export class Terminal {
  constructor(readonly stream: NodeJS.WriteStream) {}

  /** Whether it is a terminal, where printed lines may still change. */
  get isLive(): boolean {
    return this.columns !== undefined && process.env["TERM"] !== "dumb";
  }

  /** Characters per line; undefined for a pipe or file, where lines are not wrapped. */
  get columns(): number | undefined {
    return this.stream.isTTY ? this.stream.columns : undefined;
  }

  style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.stream, validateStream: true });
  }

  line(text = ""): void {
    this.stream.write(`${onlyColoured(text)}\n`);
  }

  lines(lines: readonly string[]): void {
    if (lines.length > 0) this.line(lines.join("\n"));
  }
}

// eslint-disable-next-line no-control-regex -- the sequences that styleText writes
const colour = /(\u001b\[[\d;]{1,16}m)/;

/** Nothing but colours gets through: what is shown comes from services, files and arguments too. */
function onlyColoured(text: string): string {
  const parts = text.split(colour);
  return parts.map((part, index) => (index % 2 === 1 ? part : printableLines(part))).join("");
}

const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
const eraseBelow = "\u001b[J";
const up = (lines: number): string => `\u001b[${lines}A`;

/**
 * Lines at the end of the output that are redrawn in place. The caller keeps each within the terminal's width and all
 * of them within its height: what has scrolled away cannot be redrawn.
 */
export class LiveLines {
  #drawn = 0;

  constructor(private readonly terminal: Terminal) {}

  draw(lines: readonly string[]): void {
    const back = this.#drawn > 0 ? `\r${up(this.#drawn)}` : hideCursor;
    this.#drawn = lines.length;
    this.terminal.stream.write(`${back}${eraseBelow}${lines.map((line) => `${onlyColoured(line)}\n`).join("")}`);
  }

  /** Removes the lines and restores the cursor. */
  clear(): void {
    if (this.#drawn === 0) return;
    this.terminal.stream.write(`\r${up(this.#drawn)}${eraseBelow}${showCursor}`);
    this.#drawn = 0;
  }
}

const frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

/** A spinner's frame at a time in milliseconds. */
export function wheel(ms: number): string {
  return frames.charAt(Math.floor(ms / 100) % frames.length);
}

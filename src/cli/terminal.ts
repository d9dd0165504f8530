/**
 * Output for people: colours where they are wanted, and lines that change in place on a terminal. Node's own
 * `styleText` handles NO_COLOR, FORCE_COLOR, NODE_DISABLE_COLORS, TERM and pipes, so no package is needed.
 */
import { styleText } from "node:util";
import { printableLines } from "../failure/printable.js";

export type Style = Parameters<typeof styleText>[0];

// eslint-disable-next-line no-control-regex -- the sequences that styleText writes; none of them hides text
const colour = /(\u001b\[(?:[1-479]|[2-49]\d)m)/;

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
    this.stream.write(`${this.clean(text)}\n`);
  }

  /** Nothing but our colours gets through: what is shown comes from services, files and arguments too. */
  clean(text: string): string {
    if (this.style("red", "x") === "x") return printableLines(text);
    const parts = text.split(colour);
    return parts.map((part, index) => (index % 2 === 1 ? part : printableLines(part))).join("");
  }

  lines(lines: readonly string[]): void {
    if (lines.length > 0) this.line(lines.join("\n"));
  }
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
    this.terminal.stream.write(`${back}${eraseBelow}${lines.map((line) => `${this.terminal.clean(line)}\n`).join("")}`);
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

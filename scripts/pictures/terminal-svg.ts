/** The lines of a terminal as an SVG, in its own colours. The terminal itself is xterm.js, which knows what a stream means. */
import xterm from "@xterm/headless";

const { Terminal } = xterm;
type Cell = NonNullable<ReturnType<NonNullable<ReturnType<xterm.Terminal["buffer"]["active"]["getLine"]>>["getCell"]>>;

const cellWidth = 8.4;
const lineHeight = 18;
const padding = 14;
/** The sixteen colours, as terminals with a dark ground have them. */
const palette =
  "#1e2127 #e06c75 #98c379 #e5c07b #61afef #c678dd #56b6c2 #c8ccd4 #7f848e #ff7b86 #b1e08b #f0d197 #7cc2ff #d699f0 #6fd0dc #ffffff".split(
    " ",
  );
const foreground = "#c8ccd4";
const background = "#1e2127";

/** Cells of one look. */
interface Span {
  readonly column: number;
  readonly style: string;
  text: string;
}

/**
 * @param stream what a program wrote to a terminal of this width
 * @param title printed above it, as if somebody had typed it
 * @param from what the first line holds that is shown
 */
export async function terminalSvg(stream: string, columns: number, title: string, from: string): Promise<string> {
  const terminal = new Terminal({ cols: columns, rows: 50, scrollback: 10_000, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(stream, resolve));
  const { active } = terminal.buffer;
  const rows = Array.from({ length: active.length }, (_, row) => active.getLine(row));
  const first = rows.findIndex((line) => line?.translateToString().includes(from));
  const lines = rows.slice(Math.max(0, first)).map(spansOf);
  while (lines.at(-1)?.length === 0) lines.pop();
  const shown = [[{ column: 0, style: `fill="${foreground}"`, text: `$ ${title}` }], ...lines];
  const [width, height] = [columns * cellWidth + 2 * padding, shown.length * lineHeight + 2 * padding];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14">`,
    `<rect width="100%" height="100%" rx="8" fill="${background}"/>`,
    ...shown.flatMap((spans, row) => spans.map((span) => textOf(span, row))),
    "</svg>",
    "",
  ].join("\n");
}

function spansOf(line: ReturnType<xterm.Terminal["buffer"]["active"]["getLine"]>): Span[] {
  const spans: Span[] = [];
  for (let column = 0; line && column < line.length; column++) {
    const cell = line.getCell(column);
    const [text, style] = [cell?.getChars() ?? "", styleOf(cell)];
    const last = spans.at(-1);
    if (last?.style === style && last.column + last.text.length === column) last.text += text || " ";
    else if (text.trim() !== "") spans.push({ column, style, text });
  }
  return spans.map((span) => ({ ...span, text: span.text.trimEnd() }));
}

function styleOf(cell: Cell | undefined): string {
  if (!cell) return "";
  const colour = cell.isFgPalette() ? (palette[cell.getFgColor()] ?? foreground) : foreground;
  return [
    `fill="${colour}"`,
    ...(cell.isBold() ? ['font-weight="bold"'] : []),
    ...(cell.isDim() ? ['opacity="0.6"'] : []),
  ].join(" ");
}

/** The length is given, so that a font that is wider or narrower leaves the columns in line. */
function textOf({ column, style, text }: Span, row: number): string {
  const x = padding + column * cellWidth;
  const y = padding + row * lineHeight + 13;
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const length = (text.length * cellWidth).toFixed(1);
  return `<text x="${x.toFixed(1)}" y="${y}" ${style} textLength="${length}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">${escaped}</text>`;
}

/** Lines that change in place. */
/* eslint-disable no-control-regex -- the sequences that move a cursor are made of control characters */
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { LiveLines, Terminal, wheel } from "../../src/cli/terminal.js";

/** A terminal whose screen can be looked at: it knows the few sequences that live lines use. */
function screen(): { terminal: Terminal; shown: () => string[]; cursor: () => "shown" | "hidden" } {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  let written = "";
  stream.on("data", (chunk: Buffer) => (written += chunk.toString()));
  const shown = (): string[] => {
    const lines = [""];
    let row = 0;
    for (const part of written.split(/(\u001b\[\d*[AJ]|\u001b\[\?25[lh]|\n|\r)/)) {
      const up = /\u001b\[(\d+)A/.exec(part)?.[1];
      if (up !== undefined) row -= Number(up);
      else if (part === "\u001b[J") lines.splice(row, Infinity, "");
      else if (part === "\n") lines[++row] ??= "";
      else if (part !== "\r" && !part.startsWith("\u001b")) lines[row] = (lines[row] ?? "") + part;
    }
    return lines;
  };
  const cursor = (): "shown" | "hidden" =>
    written.lastIndexOf("\u001b[?25l") > written.lastIndexOf("\u001b[?25h") ? "hidden" : "shown";
  return { terminal: new Terminal(stream as unknown as NodeJS.WriteStream), shown, cursor };
}

describe("live lines", () => {
  it("are drawn over the ones before, and leave nothing behind", () => {
    const { terminal, shown, cursor } = screen();
    const live = new LiveLines(terminal);
    terminal.line("above");
    live.draw(["one", "two", "three"]);
    live.draw(["four", "five"]);
    expect(shown()).toEqual(["above", "four", "five", ""]);
    expect(cursor()).toBe("hidden");
    live.clear();
    live.clear();
    terminal.line("below");
    expect(shown()).toEqual(["above", "below", ""]);
    expect(cursor()).toBe("shown");
  });
});

it("a pipe is not live, and its lines are as long as they are", () => {
  const terminal = new Terminal(new PassThrough() as unknown as NodeJS.WriteStream);
  expect([terminal.isLive, terminal.columns]).toEqual([false, undefined]);
});

it("the wheel turns", () => {
  expect([wheel(0), wheel(100), wheel(1_000)]).toEqual(["⠋", "⠙", "⠋"]);
});

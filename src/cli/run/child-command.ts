/** One run of a command: its streams pass through, and the end of its output is remembered. */
import spawn from "cross-spawn";
import type { Readable, Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

export type CommandEnd =
  | { readonly kind: "exited"; readonly exitCode: number; readonly stderr: string; readonly stdoutTail: string }
  | { readonly kind: "killed"; readonly signal: NodeJS.Signals }
  | { readonly kind: "not started"; readonly code: string; readonly message: string };

export interface RunningCommand {
  readonly ended: Promise<CommandEnd>;
  kill(signal: NodeJS.Signals): void;
}

/** How many bytes of each stream to remember, from its end. Tools report at the end what went wrong. */
const mostRemembered = 256 * 1024;

/** A process that the command left behind may hold its streams open; wait for them no longer than this. */
const streamsGraceMs = 1_000;

/**
 * Starts a command. On a terminal the command keeps stdout, with colours and progress; elsewhere stdout is passed on
 * unchanged and its end is remembered, for tools that print errors there. `cross-spawn` finds `az.cmd` on Windows,
 * which Node alone does not start.
 */
export function startCommand(command: string, args: readonly string[]): RunningCommand {
  const child = spawn(command, [...args], { stdio: ["inherit", process.stdout.isTTY ? "inherit" : "pipe", "pipe"] });
  const stdout = passOn(child.stdout, process.stdout);
  const stderr = passOn(child.stderr, process.stderr);
  const ended = new Promise<CommandEnd>((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      // An undeliverable signal is reported here too; then the command continues.
      if (child.pid === undefined) resolve({ kind: "not started", code: error.code ?? "", message: error.message });
    });
    child.once("exit", (exitCode, signal) => {
      const finish = (): void => {
        clearTimeout(timer);
        resolve(
          signal === null
            ? { kind: "exited", exitCode: exitCode ?? 1, stderr: stderr.text(), stdoutTail: stdout.text() }
            : { kind: "killed", signal },
        );
      };
      const timer = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        finish();
      }, streamsGraceMs);
      child.once("close", finish);
    });
  });
  return { ended, kill: (signal) => void child.kill(signal) };
}

/** Passes a stream on at the pace of its reader and remembers its end. */
function passOn(from: Readable | null, to: Writable): { text(): string } {
  const chunks: Buffer[] = [];
  let bytes = 0;
  from?.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    while (bytes - (chunks[0]?.length ?? 0) >= mostRemembered) bytes -= chunks.shift()?.length ?? 0;
  });
  from?.pipe(to, { end: false });
  // A reader that goes away (`| head`) ends the command's stream, as it would without us in between.
  to.once("error", () => from?.destroy());
  return { text: () => new StringDecoder("utf8").end(Buffer.concat(chunks).subarray(-mostRemembered)) };
}

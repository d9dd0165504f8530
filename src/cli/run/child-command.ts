/** One run of a command: its streams pass through, and what it said is remembered. */
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

/** What is remembered of each stream, in bytes, from its end. Tools say at the end what went wrong. */
const mostRemembered = 256 * 1024;

/** A process that the command left behind may hold its streams open; they are not waited for longer than this. */
const streamsGraceMs = 1_000;

/**
 * Starts a command. On a terminal it keeps stdout for itself, with colours and progress; elsewhere stdout is passed on byte
 * by byte and its end is remembered, for tools that print their errors there. `cross-spawn` finds `az.cmd` on Windows,
 * which Node alone does not start.
 */
export function startCommand(command: string, args: readonly string[]): RunningCommand {
  const child = spawn(command, [...args], { stdio: ["inherit", process.stdout.isTTY ? "inherit" : "pipe", "pipe"] });
  const stdout = passOn(child.stdout, process.stdout);
  const stderr = passOn(child.stderr, process.stderr);
  const ended = new Promise<CommandEnd>((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      // Signals that cannot be delivered are reported here too; then the command runs on.
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

/** Passes a stream on as it comes, at the pace of its reader, and remembers the end of it. */
function passOn(from: Readable | null, to: Writable): { text(): string } {
  const chunks: Buffer[] = [];
  let bytes = 0;
  from?.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    while (bytes - (chunks[0]?.length ?? 0) >= mostRemembered) bytes -= chunks.shift()?.length ?? 0;
  });
  from?.pipe(to, { end: false });
  // A reader that went away (`| head`) ends the command's stream, as it would without us in between.
  to.once("error", () => from?.destroy());
  return { text: () => new StringDecoder("utf8").end(Buffer.concat(chunks).subarray(-mostRemembered)) };
}

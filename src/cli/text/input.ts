/** Reads files and standard input, in the encodings that shells write, up to a limit. */
import { open } from "node:fs/promises";
import { CliError } from "../cli-error.js";

/** From larger input only the end is read: a log says at its end what went wrong. */
export const mostBytes = 16 * 2 ** 20;

export interface Input {
  readonly text: string;
  /** There was more before it that was not read. */
  readonly isCut: boolean;
}

/** @throws CliError if the file cannot be read */
export async function readInputFile(path: string): Promise<Input> {
  try {
    const file = await open(path);
    try {
      return await readEnd(file.createReadStream({ autoClose: false }));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw cannotRead(path, error);
  }
}

export function readStandardInput(): Promise<Input> {
  return readEnd(process.stdin);
}

async function readEnd(stream: AsyncIterable<unknown>): Promise<Input> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let head: Buffer | undefined;
  for await (const chunk of stream) {
    const buffer = chunk as Buffer;
    head ??= buffer.subarray(0, 3);
    chunks.push(buffer);
    bytes += buffer.length;
    while (bytes - (chunks[0]?.length ?? 0) >= mostBytes) bytes -= chunks.shift()?.length ?? 0;
  }
  const all = Buffer.concat(chunks);
  const isCut = all.length > mostBytes;
  return { text: decode(isCut ? all.subarray(-mostBytes) : all, head ?? all), isCut };
}

/** By the byte order mark. Windows PowerShell writes UTF-16 when output is redirected with `>`. */
function decode(bytes: Buffer, head: Buffer): string {
  const encoding =
    head[0] === 0xff && head[1] === 0xfe ? "utf-16le" : head[0] === 0xfe && head[1] === 0xff ? "utf-16be" : "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  EACCES: "permission denied",
  EISDIR: "it is a directory",
};

function cannotRead(path: string, error: unknown): CliError {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return new CliError(
    `cannot read ${path}: ${reasons[code] ?? message}`,
    "Give the path of a file, or - for standard input.",
  );
}

#!/usr/bin/env node
/** The bin: parses the command line, runs the command, and turns its result into an exit code. */
import { readFile } from "node:fs/promises";
import { CommanderError } from "commander";
import { presentableText } from "../failure/secrets/presentable.js";
import { CliError } from "./cli-error.js";
import { exitCodes } from "./exit-codes.js";
import { createProgram } from "./program.js";
import { Terminal } from "./terminal.js";

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = createProgram(await ownVersion(), (code) => {
    exitCode = code;
  });
  // A reader that has seen enough (`| head`) is not an error, and there is no reader left.
  if (args[0] !== "run" && args[0] !== "vms") process.stdout.on("error", endWithoutReader);
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    return codeOfError(error, new Terminal(process.stderr));
  }
}

function endWithoutReader(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit(exitCodes.ok);
}

function codeOfError(error: unknown, err: Terminal): number {
  // Commander has already printed its help or its error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof CliError) {
    err.line(`${err.style("red", "azure-remedy:")} ${presentableText(error.message)}`);
    err.line(`  ${error.advice}`);
    return error.exitCode;
  }
  err.line(`${err.style("red", "azure-remedy:")} a defect of azure-remedy, please report it with this text:`);
  err.line(presentableText(error instanceof Error ? (error.stack ?? error.message) : String(error)));
  return exitCodes.defect;
}

async function ownVersion(): Promise<string> {
  const manifest = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

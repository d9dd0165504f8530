/** What every tool returns: the same twice, as data and as text, secrets removed. */
import type { CallToolResult } from "@modelcontextprotocol/server";
import { redact } from "../../failure/secrets/redact.js";
import { redactBody } from "../../failure/secrets/redact-body.js";
import { CliError } from "../cli-error.js";

type Result = Readonly<Record<string, unknown>>;

/** A fault of ours becomes a result that says so, and client and server continue. */
export async function answer(work: () => Result | Promise<Result>): Promise<CallToolResult> {
  try {
    // Dates and what is left out are then as the client gets them, in both.
    const plain = JSON.parse(JSON.stringify(await work())) as unknown;
    const structuredContent = redactBody(plain) as Record<string, unknown>;
    return { content: [{ type: "text", text: JSON.stringify(structuredContent, undefined, 2) }], structuredContent };
  } catch (error) {
    return {
      isError: true,
      content: [{ type: "text", text: `azure-remedy could not answer: ${redact(wordsOf(error))}` }],
    };
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof CliError) return `${error.message}. ${error.advice}`;
  return error instanceof Error ? error.message : String(error);
}

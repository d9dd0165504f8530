/** `mcp` as agents meet it: the official client over real standard input and output, in both generations of the protocol. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diagnoseAll } from "azure-remedy/diagnose";
import { bundleProgram, programFile } from "./program-under-test.js";

bundleProgram();

interface Failure {
  readonly code?: string;
  readonly message: string;
  readonly disposition: string;
  readonly category: string;
  readonly explanation: string;
  readonly remedy: { readonly steps: readonly string[] };
  readonly retry: { readonly helps: boolean; readonly afterMs?: number };
}

const generations = [
  { name: "2025", mode: "legacy", version: /^2025-/ },
  { name: "2026", mode: "auto", version: /^2026-/ },
] as const;

describe.each(generations)("a client of the $name generation", ({ mode, version }) => {
  const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: { mode } });
  beforeAll(async () => {
    await client.connect(
      new StdioClientTransport({ command: process.execPath, args: [programFile(), "mcp"], stderr: "inherit" }),
    );
  });
  afterAll(() => client.close());

  const call = (name: string, args: Record<string, unknown>) => client.callTool({ name, arguments: args });
  const failuresOf = async (text: string): Promise<readonly Failure[]> => {
    const { structuredContent, content, isError } = await call("explain_error", { text });
    expect(isError).toBeFalsy();
    expect(JSON.parse((content[0] as { text: string }).text)).toEqual(structuredContent);
    return (structuredContent as { failures: readonly Failure[] }).failures;
  };

  it("speaks its own version", () => {
    expect(client.getNegotiatedProtocolVersion()).toMatch(version);
  });

  it("finds tools that read only, each with schemas of what goes in and comes out", async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual(["explain_error", "find_rule", "should_retry"]);
    for (const { annotations, inputSchema, outputSchema, description } of tools) {
      expect(annotations).toMatchObject({ readOnlyHint: true, destructiveHint: false, openWorldHint: false });
      expect(inputSchema.type).toBe("object");
      expect(outputSchema).toMatchObject({ type: "object" });
      expect(description).not.toBe("");
    }
  });

  it("gets every failure of a log explained", async () => {
    const log = [
      "ERROR: (AllocationFailed) Allocation failed. Please try reducing the VM size or number of VMs.",
      "Code: AllocationFailed",
      "",
      "ERROR: (AuthorizationFailed) The client 'x' does not have authorization to perform action 'Microsoft.Compute/virtualMachines/write'.",
      "Code: AuthorizationFailed",
    ].join("\n");
    const failures = await failuresOf(log);
    expect(failures.map(({ code, disposition }) => [code, disposition])).toEqual([
      ["AllocationFailed", "adaptable"],
      ["AuthorizationFailed", "permanent"],
    ]);
    for (const { explanation, remedy } of failures) {
      expect(explanation).not.toBe("");
      expect(remedy.steps.length).toBeGreaterThan(0);
    }
  });

  it("gets the verdict of the library for every known payload", async () => {
    const payloads = ["cases", "texts"].flatMap((name) => textsOf(`../payloads/${name}.jsonl`));
    expect(payloads.length).toBeGreaterThan(100);
    for (const text of payloads) {
      const verdict = ({
        code,
        disposition,
        category,
      }: {
        readonly code?: string;
        readonly disposition: string;
        readonly category: string;
      }) => ({
        code,
        disposition,
        category,
      });
      const expected = diagnoseAll(text).map(({ diagnosis }) => verdict(diagnosis));
      expect((await failuresOf(text)).map(verdict), text.slice(0, 200)).toEqual(expected);
    }
  });

  it("asks whether to send again, with what explain_error returned", async () => {
    const [diagnosis] = await failuresOf(
      JSON.stringify({ error: { code: "TooManyRequests", message: "Try again after '10' seconds." } }),
    );
    const again = await call("should_retry", { diagnosis, situation: { method: "PUT", attempt: 1 } });
    expect(again.structuredContent).toMatchObject({ action: "retry", counts: false });
    const permanent = { disposition: "permanent", category: "invalid-input" };
    const stop = await call("should_retry", { diagnosis: permanent });
    expect(stop.structuredContent).toMatchObject({ action: "fail" });
  });

  it("searches the catalog, and is helped with a code that is misspelt", async () => {
    const quota = await call("find_rule", { query: "quota", limit: 3 });
    expect(quota.structuredContent).toMatchObject({ rules: [{}, {}, {}] });
    const misspelt = await call("find_rule", { query: "AllocationFaild" });
    expect(misspelt.structuredContent).toMatchObject({ rules: [], total: 0 });
    expect((misspelt.structuredContent as { suggestions: string[] }).suggestions).toContain("AllocationFailed");
  });

  it("never sees a secret again", async () => {
    const secret = "S3cr3t-of-the-test";
    const sig = "abcdefghijklmnopqrstuvwxyz0123456789";
    const text = `{"error":{"code":"InvalidParameter","message":"adminPassword: ${secret} https://a.blob.core.windows.net/c?sig=${sig}%3D&se=1"}}`;
    const { content, structuredContent } = await call("explain_error", { text });
    for (const shown of [JSON.stringify(content), JSON.stringify(structuredContent)]) {
      expect(shown).not.toContain(secret);
      expect(shown).not.toContain(sig);
    }
  });

  it.each([
    ["explain_error", {}],
    ["explain_error", { text: "" }],
    ["explain_error", { text: 7 }],
    ["should_retry", { diagnosis: { disposition: "hopeless", category: "other" } }],
    ["find_rule", { query: "x", limit: 0 }],
  ])("%s with %j is answered with what is wrong, and the server goes on", async (name, args) => {
    const { isError, content } = await call(name, args);
    expect(isError).toBe(true);
    expect(JSON.stringify(content)).toMatch(/text|diagnosis|disposition|limit/);
    expect(await failuresOf("VMNotFound")).toHaveLength(1);
  });

  it("reads the skill", async () => {
    const { resources } = await client.listResources();
    const skill = resources.find(({ uri }) => uri.includes("azure-vm-errors") && uri.endsWith("SKILL.md"));
    const { contents } = await client.readResource({ uri: skill?.uri ?? "" });
    expect(JSON.stringify(contents)).toContain("explain_error");
  });
});

it("survives what is no message, and ends when its input ends", async () => {
  const server = spawn(process.execPath, [programFile(), "mcp"], { stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  server.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  server.stdin.write("no JSON\n{}\n");
  server.stdin.write(
    `${JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "raw", version: "1" } },
    })}\n`,
  );
  await expect.poll(() => stdout, { timeout: 30_000 }).toContain('"azure-remedy"');
  for (const line of stdout.trim().split("\n")) expect(JSON.parse(line)).toMatchObject({ jsonrpc: "2.0" });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.stdin.end();
  expect(await ended).toBe(0);
});

function textsOf(path: string): readonly string[] {
  return readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as { text?: string; body?: unknown })
    .map(({ text, body }) => text ?? JSON.stringify(body, undefined, 2));
}

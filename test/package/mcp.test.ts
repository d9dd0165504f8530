/** `azure-remedy mcp` from a fresh folder with the packed package, with and without the optional peer. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as ClientOfV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioOfV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freshProject, manifest, pack, run, type FreshProject } from "./packed.js";

let project: FreshProject;
beforeAll(() => {
  const packed = pack();
  project = freshProject(packed);
  packed.remove();
}, 60_000);
afterAll(() => project.remove());

const program = (): string => join(project.folder, "node_modules", manifest.name, manifest.bin["azure-remedy"] ?? "");

it.each(["legacy", "auto"] as const)(
  "answers the official client (%s negotiation)",
  async (mode) => {
    const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: { mode } });
    await client.connect(
      new StdioClientTransport({ command: process.execPath, args: [program(), "mcp"], cwd: project.folder }),
    );
    try {
      const { structuredContent } = await client.callTool({ name: "explain_error", arguments: { text: "VMNotFound" } });
      expect(structuredContent).toMatchObject({ failures: [{ code: "VMNotFound", disposition: "permanent" }] });
      const { resources } = await client.listResources();
      expect(resources.map(({ uri }) => uri).join()).toContain("azure-vm-errors");
    } finally {
      await client.close();
    }
  },
  30_000,
);

it("answers the client of the first package", async () => {
  const client = new ClientOfV1({ name: "test", version: "1.0.0" });
  await client.connect(
    new StdioOfV1({ command: process.execPath, args: [program(), "mcp"], cwd: project.folder, stderr: "inherit" }),
  );
  try {
    const { structuredContent } = await client.callTool({ name: "explain_error", arguments: { text: "VMNotFound" } });
    expect(structuredContent).toMatchObject({ failures: [{ code: "VMNotFound", disposition: "permanent" }] });
  } finally {
    await client.close();
  }
}, 30_000);

it("says what to install where the optional peer is missing", () => {
  rmSync(join(project.folder, "node_modules/@modelcontextprotocol/server"));
  expect(() => run(process.execPath, [program(), "mcp"], project.folder)).toThrow(
    "npm install @modelcontextprotocol/server",
  );
});

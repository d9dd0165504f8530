/** A real Azurite (queues and blobs) in a process of its own, for as long as a test runs. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Azurite {
  readonly connectionString: string;
  stop(): Promise<void>;
}

/** The account and key that every Azurite has; they open nothing else. */
const account = "devstoreaccount1";
const key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

export async function startAzurite(): Promise<Azurite> {
  const folder = mkdtempSync(join(tmpdir(), "azurite-"));
  const script = createRequire(import.meta.url).resolve("azurite/dist/src/azurite.js");
  const ports = ["--blobPort", "0", "--queuePort", "0", "--tablePort", "0"];
  const args = [script, ...ports, "--skipApiVersionCheck", "--disableTelemetry", "--location", folder];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [blob, queue] = await portsOf(child);
  return {
    connectionString: [
      "DefaultEndpointsProtocol=http",
      `AccountName=${account}`,
      `AccountKey=${key}`,
      `BlobEndpoint=http://127.0.0.1:${blob}/${account}`,
      `QueueEndpoint=http://127.0.0.1:${queue}/${account}`,
    ].join(";"),
    async stop() {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function portsOf(child: ChildProcess): Promise<[string, string]> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.once("exit", (code) => reject(new Error(`Azurite ended with ${String(code)}:\n${said}`)));
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const blob = /Blob service is successfully listening at http:\/\/[^:]+:(\d+)/i.exec(said)?.[1];
      const queue = /Queue service is successfully listening at http:\/\/[^:]+:(\d+)/i.exec(said)?.[1];
      if (blob !== undefined && queue !== undefined) resolve([blob, queue]);
    });
  });
}

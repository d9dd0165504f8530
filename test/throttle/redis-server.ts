/** A real Redis (or Valkey) on a port of its own, for as long as a test runs. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createServer } from "node:net";

export interface RedisServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** The binary to use, or undefined where none is installed. */
export const redisBinary = ["redis-server", "valkey-server"].find(
  (name) => spawnSync(name, ["--version"]).error === undefined,
);

/** @param port default any free one */
export async function startRedis(port?: number): Promise<RedisServer> {
  if (redisBinary === undefined) throw new Error("neither redis-server nor valkey-server is installed");
  const chosen = port ?? (await freePort());
  const args = ["--port", String(chosen), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const server = spawn(redisBinary, args, { stdio: ["ignore", "pipe", "inherit"] });
  await readyToAccept(server);
  return { port: chosen, stop: () => stopped(server) };
}

function readyToAccept(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = "";
    server.once("error", reject);
    server.once("exit", (code) => reject(new Error(`the server exited with ${String(code)}:\n${log}`)));
    server.stdout?.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      if (/ready to accept connections/i.test(log)) resolve();
    });
  });
}

function stopped(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    server.once("exit", () => resolve());
    server.kill("SIGKILL");
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

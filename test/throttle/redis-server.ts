/** A real Redis (or Valkey) on a port of its own, for as long as a test runs. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createServer } from "node:net";

export interface RedisServer {
  readonly port: number;
  stop(): Promise<void>;
  /** Stops it and starts it again on the same port; with a folder it has what it had before. */
  restart(): Promise<void>;
}

export interface RedisOptions {
  /** Default any free one. */
  readonly port?: number;
  /** Where it keeps what it holds, each write at once. Default nowhere. */
  readonly folder?: string;
}

/** The binary to use, or undefined where none is installed. */
export const redisBinary = ["redis-server", "valkey-server"].find(
  (name) => spawnSync(name, ["--version"]).error === undefined,
);

export async function startRedis(options: RedisOptions | number = {}): Promise<RedisServer> {
  const { port, folder } = typeof options === "number" ? { port: options } : options;
  const chosen = port ?? (await freePort());
  let server = await launch(chosen, folder);
  return {
    port: chosen,
    stop: () => stopped(server),
    restart: async () => {
      await stopped(server);
      server = await launch(chosen, folder);
    },
  };
}

async function launch(port: number, folder: string | undefined): Promise<ChildProcess> {
  if (redisBinary === undefined) throw new Error("neither redis-server nor valkey-server is installed");
  const kept =
    folder === undefined ? ["--appendonly", "no"] : ["--appendonly", "yes", "--appendfsync", "always", "--dir", folder];
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", ...kept];
  const server = spawn(redisBinary, args, { stdio: ["ignore", "pipe", "inherit"] });
  await readyToAccept(server);
  return server;
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

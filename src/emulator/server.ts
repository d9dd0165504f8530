/**
 * The socket side: reads requests, writes replies, and breaks connections when a fault says so. Plain `node:http`,
 * since a web framework would hide the socket.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Delivery, Dispatcher } from "./dispatch.js";
import { isTooDeep, parseObject } from "./json.js";
import type { ExchangeOutcome } from "./story.js";
import type { ArmRequest, Reply } from "./wire.js";

/** Set by the emulator's client policy: the origin that the caller meant. */
export const originHeader = "x-emulator-origin";

/** ARM's limit for a body. The rest of a larger one is read and dropped, so that the client can read the response. */
const longestBody = 4 * 2 ** 20;

export interface RunningServer {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** Closes every socket. Resolves when none is left. */
  stop(): Promise<void>;
}

export async function startServer(port: number, dispatch: Dispatcher): Promise<RunningServer> {
  const stopping = new AbortController();
  const server = createServer((incoming, response) => {
    // An error here is the emulator's own fault. The client must see it as such, not hang.
    serve(incoming, response, dispatch, stopping.signal).catch((error: unknown) => crash(response, error));
  });
  // A server that closes idle connections races with the client's next request on them, so ours never does.
  server.keepAliveTimeout = 0;
  await listen(server, port);
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      stopping.abort();
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function serve(
  incoming: IncomingMessage,
  response: ServerResponse,
  dispatch: Dispatcher,
  stopping: AbortSignal,
): Promise<void> {
  const request = await readRequest(incoming);
  if (!request) return;
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  stopping.addEventListener("abort", leave);
  response.once("close", leave);
  try {
    const { delivery, record, lost } = await dispatch(request, gone.signal);
    record.outcome = gone.signal.aborted ? "aborted" : outcomeOf(delivery);
    if (record.outcome !== "answered") lost();
    if (!gone.signal.aborted) deliver(delivery, request.method, response);
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    stopping.removeEventListener("abort", leave);
    response.off("close", leave);
  }
}

/** Undefined when the client went away. */
async function readRequest(incoming: IncomingMessage): Promise<ArmRequest | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length <= longestBody) chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  const isTooLarge = length > longestBody;
  const text = isTooLarge ? "" : Buffer.concat(chunks).toString("utf8");
  const body = parseObject(text);
  return {
    method: incoming.method ?? "GET",
    url: urlOf(incoming),
    headers: incoming.headers,
    body,
    endpoint: ownOrigin(incoming),
    malformed: isTooLarge
      ? "too large"
      : text === "" || body
        ? undefined
        : isTooDeep(text)
          ? "too deep"
          : "not an object",
  };
}

function ownOrigin({ socket }: IncomingMessage): string {
  return `http://127.0.0.1:${socket.localPort ?? 80}`;
}

function urlOf(incoming: IncomingMessage): URL {
  const meant = incoming.headers[originHeader];
  const own = `http://${incoming.headers.host ?? "127.0.0.1"}`;
  const origin = typeof meant === "string" && URL.canParse(meant) ? meant : own;
  const url = new URL(origin).origin + (incoming.url ?? "/");
  return new URL(URL.canParse(url) ? url : own);
}

function outcomeOf({ manner }: Delivery): ExchangeOutcome {
  return manner === "whole" ? "answered" : manner;
}

function deliver({ manner, reply }: Delivery, method: string, response: ServerResponse): void {
  const { socket } = response;
  if (manner === "hung") return; // The client waits until it gives up, or until the emulator stops.
  if (manner === "reset") {
    socket?.resetAndDestroy();
    return;
  }
  const { headers, content } = encode(reply);
  response.sendDate = false;
  if (manner === "whole") {
    response.writeHead(reply.status, headers);
    response.end(method === "HEAD" ? undefined : content);
    return;
  }
  // Half of the promised bytes; an empty response promises two.
  response.writeHead(reply.status, { ...headers, "content-length": Math.max(2, content.length) });
  const half = content.length === 0 ? " " : content.subarray(0, Math.floor(content.length / 2));
  // A FIN once they have been sent, since a reset could overtake them; or nothing more, as long as the client waits.
  response.write(half, () => manner === "cut" && socket?.destroy());
}

function encode(reply: Reply): { headers: Record<string, string | string[] | number>; content: Buffer } {
  const text = reply.page?.content ?? (reply.body === undefined ? "" : JSON.stringify(reply.body));
  const content = typeof text === "string" ? Buffer.from(text) : text;
  const headers: Record<string, string | string[] | number> = {};
  for (const [name, value] of Object.entries(reply.headers ?? {})) {
    headers[name] = typeof value === "string" ? value : [...value];
  }
  if (content.length > 0) headers["content-type"] = reply.page?.contentType ?? "application/json; charset=utf-8";
  if (reply.status !== 204) headers["content-length"] = content.length;
  return { headers, content };
}

function crash(response: ServerResponse, error: unknown): void {
  const message = `The emulator failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  const { content } = encode({ status: 500, body: { error: { code: "EmulatorDefect", message } } });
  if (!response.headersSent) response.writeHead(500, { "content-type": "application/json; charset=utf-8" });
  response.end(content);
}

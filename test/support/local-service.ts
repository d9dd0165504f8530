/** A service on this machine, behind real sockets that are counted. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface LocalService extends AsyncDisposable {
  readonly url: string;
  /** How often it was asked. */
  readonly requests: number;
  /** Sockets that were opened, in all. */
  readonly opened: number;
  /** Sockets that are open now. */
  readonly open: number;
}

/** @param answer gets the number of the request, from 1 on */
export async function serve(
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<LocalService> {
  const open = new Set<Socket>();
  let requests = 0;
  let opened = 0;
  const listener: RequestListener = (request, response) => {
    requests += 1;
    answer(request, response, requests);
  };
  const server = createServer(listener);
  server.on("connection", (socket) => {
    opened += 1;
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    get opened() {
      return opened;
    },
    get open() {
      return open.size;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The same scripted answers for two clients without sockets: one as the SDK ships it, one with ours. */
import {
  createHttpHeaders,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";

export interface ScriptedAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Script = (request: PipelineRequest, send: number) => ScriptedAnswer;

export const credential = { getToken: () => Promise.resolve({ token: "t", expiresOnTimestamp: 9e15 }) };

/** Answers by a script; `sends` are the requests as they arrived: `"GET https://…"`. */
export function scripted(script: Script): HttpClient & { readonly sends: string[] } {
  const sends: string[] = [];
  return {
    sends,
    sendRequest: (request) => {
      const scriptedAnswer = script(request, sends.length);
      sends.push(`${request.method} ${request.url}`);
      return Promise.resolve(responseOf(request, scriptedAnswer));
    },
  };
}

function responseOf(request: PipelineRequest, { status, body = "", headers = {} }: ScriptedAnswer): PipelineResponse {
  const bodyAsText = typeof body === "string" ? body : JSON.stringify(body);
  const all = createHttpHeaders({ "content-type": "application/json", ...headers });
  return { request, status, headers: all, bodyAsText };
}

/** Runs in the browser: a bare pipeline, made to know what failures mean. */
import { createDefaultHttpClient, createPipelineFromOptions, createPipelineRequest } from "@azure/core-rest-pipeline";
import { isRemedyError, remedyPolicy, type RemedyEvent } from "azure-remedy";

export interface BrowserStory {
  readonly throttled: { readonly status: number; readonly events: readonly string[] };
  readonly refused: { readonly code?: string | undefined; readonly message: string; readonly sends: number };
}

async function tell(service: string): Promise<BrowserStory> {
  const events: RemedyEvent[] = [];
  const pipeline = createPipelineFromOptions({});
  pipeline.removePolicy({ name: "defaultRetryPolicy" });
  const policy = remedyPolicy({ onEvent: (event) => void events.push(event), failedResponses: "throw" });
  pipeline.addPolicy(policy, { phase: "Retry" });
  const client = createDefaultHttpClient();
  const send = (method: "GET" | "PUT", path: string) =>
    pipeline.sendRequest(
      client,
      createPipelineRequest({ url: `${service}${path}`, method, allowInsecureConnection: true }),
    );

  const { status } = await send("GET", "/throttled");
  const throttled = { status, events: events.map(({ type }) => type) };
  const error: unknown = await send("PUT", "/refused").then(
    () => new Error("the call should have failed"),
    (reason: unknown) => reason,
  );
  if (!isRemedyError(error)) throw error;
  return { throttled, refused: { code: error.code, message: error.message, sends: error.attempts.length } };
}

Object.assign(globalThis, { tell });

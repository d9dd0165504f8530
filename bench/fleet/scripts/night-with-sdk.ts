import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { restorePoller } from "@azure/arm-compute";
import { defaultRetryPolicy, type PipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import pLimit from "p-limit";
import pRetry from "p-retry";
import { connect, patch } from "./connect.js";

interface SdkError extends Error {
  readonly statusCode?: number;
  readonly code?: string;
  readonly response?: PipelineResponse;
}

interface Line {
  readonly name: string;
  readonly step: "started" | "script sent" | "script runs" | "succeeded" | "failed" | "unknown";
  readonly poller?: string;
}

const client = connect();
const { virtualMachines } = client;
// The SDK sends every failed POST again; a script must not run twice, so that only reads and polls may be repeated.
const retries = defaultRetryPolicy({ maxRetries: 10 });
client.pipeline.removePolicy({ name: "defaultRetryPolicy" });
client.pipeline.addPolicy(
  {
    name: "retryReads",
    sendRequest: (request: PipelineRequest, next) =>
      request.method === "GET" ? retries.sendRequest(request, next) : next(request),
  },
  { phase: "Retry" },
);

// Where an earlier process was, if it was cut short.
const path = "nightly.jsonl";
const known = new Map<string, Line>();
for (const line of existsSync(path) ? readFileSync(path, "utf8").split("\n") : []) {
  try {
    const read = JSON.parse(line) as Line;
    known.set(read.name, read);
  } catch {
    // The last line may have been cut.
  }
}
const journal = openSync(path, "a", 0o600);
function note(line: Line): void {
  writeSync(journal, `${JSON.stringify(line)}\n`);
  fdatasyncSync(journal);
  known.set(line.name, line);
}

const passingCodes = ["ECONNRESET", "ETIMEDOUT", "EPIPE", "EAI_AGAIN", "Conflict", "StorageAccountTooBusy"];
const codeOf = ({ code, message }: SdkError): string =>
  code ?? /operation has failed\. (\w+)\./.exec(message)?.[1] ?? message;
const passes = (error: SdkError): boolean =>
  [408, 429].includes(error.statusCode ?? 0) || (error.statusCode ?? 0) >= 500 || passingCodes.includes(codeOf(error));
const neverRan = ({ statusCode = 0, code = "" }: SdkError): boolean =>
  statusCode === 429 || ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"].includes(code);

const retry = <T>(work: () => Promise<T>, mayRetry: (error: SdkError) => boolean): Promise<T> =>
  pRetry(work, {
    retries: 10,
    minTimeout: 5_000,
    maxTimeout: 60_000,
    randomize: true,
    shouldRetry: ({ error }) => mayRetry(error),
    onFailedAttempt: async ({ error, retriesLeft }) => {
      const seconds = Number((error as SdkError).response?.headers.get("retry-after"));
      if (retriesLeft > 0 && seconds > 0) await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    },
  });

async function start(name: string): Promise<void> {
  await retry(async () => virtualMachines.start("rg", name), passes);
  note({ name, step: "started" });
}

async function runScript(name: string): Promise<void> {
  const poller = await retry(async () => {
    note({ name, step: "script sent" });
    const begun = virtualMachines.runCommand("rg", name, patch);
    await begun.submitted();
    return { begun };
  }, neverRan).catch((error: unknown) => {
    const { statusCode = 0 } = error as SdkError;
    note({ name, step: statusCode >= 400 && statusCode < 500 ? "failed" : "unknown" });
    throw error;
  });
  note({ name, step: "script runs", poller: await poller.begun.serialize() });
  await poller.begun;
}

async function patchOne(name: string): Promise<string> {
  const { step, poller } = known.get(name) ?? {};
  if (step === "succeeded") return "skipped";
  if (step === "script sent" || step === "unknown") return "unknown";
  if (step === "script runs" && poller !== undefined) {
    await restorePoller(client, poller, virtualMachines.runCommand.bind(virtualMachines));
  } else {
    if (step !== "started") await start(name);
    await runScript(name);
  }
  note({ name, step: "succeeded" });
  return "succeeded";
}

const names: string[] = [];
for await (const { name = "" } of virtualMachines.listAll()) names.push(name);
const counts: Record<string, number> = {};
const causes = new Map<string, number>();
await pLimit(100).map(names, async (name) => {
  const status = await patchOne(name).catch((error: unknown) => {
    const code = codeOf(error as SdkError);
    causes.set(code, (causes.get(code) ?? 0) + 1);
    return known.get(name)?.step === "unknown" ? "unknown" : "failed";
  });
  counts[status] = (counts[status] ?? 0) + 1;
  console.log(status, name);
});
closeSync(journal);
console.log(counts);
for (const [code, count] of [...causes].sort(([, a], [, b]) => b - a)) console.log(`${count} × ${code}`);

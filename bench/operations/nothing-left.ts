/**
 * A million long-running operations through the policy, one in twenty failing once and healed, some left by their pollers:
 * how many are still in flight afterwards, and what the heap has grown by.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  createHttpHeaders,
  createPipelineRequest,
  type HttpMethods,
  type PipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import { remedyPolicy, type Clock, type Throttle } from "azure-remedy";
import { sharedOperations } from "../../src/lro/operations.js";

const all = 1_000_000;
const failsEvery = 20;
const leftEvery = 1_000;

const vmUrl =
  "https://management.azure.com/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01?api-version=2024-11-01";
const operationUrl = (id: string): string =>
  `https://management.azure.com/subscriptions/s/providers/Microsoft.Compute/locations/westeurope/operations/${id}?api-version=2024-11-01`;
const failed = JSON.stringify({ status: "Failed", error: { code: "StorageAccountTooBusy", message: "Busy." } });
const succeeded = JSON.stringify({ status: "Succeeded" });

/** Time passes as it is slept away. */
class FastClock implements Clock {
  #now = Date.UTC(2026, 0, 5);
  now = (): number => this.#now;
  sleep = (ms: number): Promise<void> => {
    this.#now += ms;
    return Promise.resolve();
  };
}

export async function printNothingLeft(): Promise<void> {
  const clock = new FastClock();
  const throttle: Throttle = { admit: () => ({ settle: () => undefined }) };
  let healed = 0;
  const policy = remedyPolicy({
    clock,
    throttle,
    attemptTimeoutMs: 0,
    onEvent: (event) => {
      if (event.type === "recovered") healed++;
    },
  });
  const service = new Service();
  const headers = createHttpHeaders();
  const send = (method: HttpMethods, url: string): Promise<PipelineResponse> =>
    policy.sendRequest(createPipelineRequest({ method, url, headers, requestId: "one-for-all" }), service.answer);

  const startedAt = performance.now();
  const run = async (from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n++) {
      const id = `op-${n}`;
      service.begin(id, n % failsEvery === 0);
      await send("PUT", vmUrl);
      if (n % leftEvery === 1) continue; // its poller went away
      for (let isOver = false; !isOver;) {
        const answer = await send("GET", operationUrl(id));
        isOver = answer.bodyAsText === succeeded;
        if (!isOver) await clock.sleep(1_000 * Number(answer.headers.get("retry-after") ?? 2));
      }
    }
  };

  const warmUp = all / 20;
  await run(0, warmUp);
  const before = heapBytes();
  await run(warmUp, all);
  // The next operation of the process, hours later, is what forgets those whose pollers went away.
  await clock.sleep(3 * 3_600_000);
  await run(all, all + 1);
  const grownBytes = heapBytes() - before;
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(
    `\n${all.toLocaleString("en")} OPERATIONS THROUGH THE SUPERVISOR (${seconds.toFixed(0)} s)\n` +
      `  ${healed.toLocaleString("en")} healed, ${(all / leftEvery).toLocaleString("en")} left by their pollers; ` +
      `followed afterwards: ${sharedOperations.inFlight.length}; the heap grew by ${(grownBytes / 1_000_000).toFixed(2)} MB`,
  );
}

/** Begins an operation with each PUT; one that is to fail does so once, and the next PUT begins its successor. */
class Service {
  #next = "";
  #fails = false;

  begin(id: string, fails: boolean): void {
    this.#next = id;
    this.#fails = fails;
  }

  readonly answer = (request: PipelineRequest): Promise<PipelineResponse> => {
    if (request.method === "PUT") {
      const headers = createHttpHeaders({ "azure-asyncoperation": operationUrl(this.#next) });
      return Promise.resolve({ request, status: 201, headers, bodyAsText: "{}" });
    }
    const bodyAsText = this.#fails ? failed : succeeded;
    if (this.#fails) this.begin(`${this.#next}-again`, false);
    return Promise.resolve({ request, status: 200, headers: createHttpHeaders(), bodyAsText });
  };
}

/** Bytes in use after the garbage is gone. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

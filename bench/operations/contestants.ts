/** Who creates the machines: the SDK as it ships, the loop that people write around it, and azure-remedy. */
import type { ComputeManagementClient } from "@azure/arm-compute";
import { CapacityMemory, createThrottle, fallbackSizes, isRemedyError, withRemedy } from "azure-remedy";
import pRetry from "p-retry";
import { otherSize, wantedSize, type Machine } from "./troubles.js";

export interface Contestant {
  readonly name: string;
  /** Sets a client up, and gives what creates one machine and throws when that fails. */
  start(compute: ComputeManagementClient): (machine: Machine) => Promise<unknown>;
  /** Whether the error says that the outcome is not known. Default never: neither the SDK nor the loop can tell. */
  readonly isUnknown?: (error: unknown) => boolean;
}

const create =
  ({ virtualMachines }: ComputeManagementClient) =>
  async ({ name, zone }: Machine): Promise<unknown> =>
    virtualMachines.createOrUpdate("rg", name, {
      location: "westeurope",
      zones: [zone],
      hardwareProfile: { vmSize: wantedSize },
    });

const plainSdk: Contestant = { name: "the SDK as it ships", start: create };

/**
 * What an engineer who has met these failures writes: p-retry around the call, the statuses and codes that pass, the code
 * dug out of the poller's sentence, Retry-After honoured.
 */
const handWritten: Contestant = {
  name: "a hand-written loop around it",
  start: (compute) => {
    const createOnce = create(compute);
    return (machine) =>
      pRetry(() => createOnce(machine), {
        retries: 6,
        minTimeout: 2_000,
        maxTimeout: 60_000,
        randomize: true,
        shouldRetry: ({ error }) => passes(error),
        onFailedAttempt: async ({ error, retriesLeft }) => {
          const seconds = Number((error as SdkError).response?.headers.get("retry-after"));
          if (retriesLeft > 0 && passes(error) && seconds > 0) await sleep(seconds * 1_000);
        },
      });
  },
};

interface SdkError extends Error {
  readonly statusCode?: number;
  readonly code?: string;
  readonly response?: { readonly headers: { get(name: string): string | undefined } };
}

const passingCodes = new Set([
  "ECONNRESET",
  "ETIMEDOUT",
  "EPIPE",
  "EAI_AGAIN",
  "PARSE_ERROR",
  "AnotherOperationInProgress",
  "Conflict",
  "InternalServerError",
  "InternalOperationError",
  "InternalExecutionError",
  "OSProvisioningTimedOut",
  "OSProvisioningInternalError",
  "StorageAccountTooBusy",
  "TooManyRequests",
]);

function passes(error: SdkError): boolean {
  const { statusCode = 0, message } = error;
  const code = error.code ?? /operation has failed\. (\w+)\./.exec(message)?.[1] ?? "";
  return (
    [408, 429].includes(statusCode) || statusCode >= 500 || passingCodes.has(code) || message.includes("in progress")
  );
}

// The timer of the moment, which the bench replaces; `node:timers/promises` would wait in real time.
const sleep = (ms: number): Promise<void> => new Promise((resolve) => globalThis.setTimeout(resolve, ms));

const remedyCannotTell = (error: unknown): boolean => isRemedyError(error) && error.outcome === "unknown";

const withoutRemedies: Contestant = {
  name: "azure-remedy",
  start: (compute) => create(withRemedy(compute, { throttle: createThrottle() })),
  isUnknown: remedyCannotTell,
};

const withFallback: Contestant = {
  name: "azure-remedy, fallbackSizes([…])",
  start: (compute) => {
    const remedies = [fallbackSizes([otherSize], { memory: new CapacityMemory() })];
    return create(withRemedy(compute, { throttle: createThrottle(), remedies }));
  },
  isUnknown: remedyCannotTell,
};

export const contestants: readonly Contestant[] = [plainSdk, handWritten, withoutRemedies, withFallback];

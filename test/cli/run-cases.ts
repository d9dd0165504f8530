/** The ways in which `az` fails around which `run` is tested, and of which docs/command-line.md tells. */
import type { FakeAzSays } from "./fake-az.js";

const shortly = "Please try again after '0.05' seconds.";
export const throttled = `ERROR: (TooManyRequests) The server rejected the request because too many requests have been received. ${shortly}`;
const conflict = `ERROR: (AnotherOperationInProgress) Another operation on this or dependent resource is in progress. ${shortly}`;
const noName = `ERROR: getaddrinfo EAI_AGAIN management.azure.com. ${shortly}`;
const cutOff = `ERROR: read ECONNRESET. ${shortly}`;
const busy = `ERROR: (StorageAccountTooBusy) Storage account 'x' is too busy currently. Consider using another account. ${shortly}`;
const startGaveUp = `ERROR: (VMStartTimedOut) VM 'web-01' did not start in the allotted time. The VM may still start successfully. Please check the power state later. ${shortly}`;
const noRoom =
  "ERROR: (AllocationFailed) Allocation failed. We do not have sufficient capacity for the requested VM size in this region.";
const wrong = "ERROR: (InvalidParameter) The Admin Username specified is not allowed.";
const quota =
  "ERROR: (QuotaExceeded) Operation could not be completed as it results in exceeding approved Total Regional Cores quota.";
const unknown = "ERROR: argument --frobnicate: expected one argument";

export interface RunCase {
  readonly failure: string;
  readonly says: FakeAzSays;
  readonly args: readonly string[];
  readonly flags?: readonly string[];
  readonly runs: number;
  readonly code: number;
  readonly reason: string;
}

export const create = ["vm", "create", "-g", "rg", "-n", "web-01"];
const startVm = ["vm", "start", "-g", "rg", "-n", "web-01"];

export const runCases: readonly RunCase[] = [
  {
    failure: "throttling is waited out",
    says: { stderr: throttled, fails: 1 },
    args: create,
    runs: 2,
    code: 0,
    reason: "transient: again in 50 ms, as the service asked",
  },
  {
    failure: "a conflict is waited out",
    says: { stderr: conflict, fails: 1 },
    args: create,
    runs: 2,
    code: 0,
    reason: "succeeded in run 2",
  },
  {
    failure: "no DNS is waited out",
    says: { stderr: noName, fails: 1 },
    args: create,
    runs: 2,
    code: 0,
    reason: "succeeded in run 2",
  },
  {
    failure: "a cut connection is not repeated",
    says: { stderr: cutOff, exit: 4 },
    args: create,
    runs: 1,
    code: 4,
    reason: "outcome unknown",
  },
  {
    failure: "a cut connection is repeated with --idempotent",
    says: { stderr: cutOff, fails: 1 },
    args: create,
    flags: ["--idempotent"],
    runs: 2,
    code: 0,
    reason: "succeeded in run 2",
  },
  {
    failure: "a cut connection is repeated where the words are harmless",
    says: { stderr: cutOff, fails: 1 },
    args: startVm,
    runs: 2,
    code: 0,
    reason: "succeeded in run 2",
  },
  {
    failure: "what passes but may be half done is not repeated",
    says: { stderr: busy },
    args: create,
    runs: 1,
    code: 1,
    reason: "allow it with --idempotent",
  },
  {
    failure: "what passes but may be half done is repeated with --idempotent",
    says: { stderr: busy, fails: 1 },
    args: create,
    flags: ["--idempotent"],
    runs: 2,
    code: 0,
    reason: "succeeded in run 2",
  },
  {
    failure: "what may still complete is not repeated",
    says: { stderr: startGaveUp, exit: 3 },
    args: startVm,
    runs: 1,
    code: 3,
    reason: "not run again: indeterminate",
  },
  {
    failure: "what may still complete is repeated with --idempotent",
    says: { stderr: startGaveUp, fails: 1 },
    args: startVm,
    flags: ["--idempotent"],
    runs: 2,
    code: 0,
    reason: "indeterminate: again in 50 ms",
  },
  {
    failure: "no capacity is left to the caller",
    says: { stderr: noRoom },
    args: create,
    runs: 1,
    code: 1,
    reason: "not run again: adaptable",
  },
  {
    failure: "a wrong value is not repeated",
    says: { stderr: wrong, exit: 2 },
    args: create,
    flags: ["--idempotent"],
    runs: 1,
    code: 2,
    reason: "not run again: permanent",
  },
  {
    failure: "a quota is not repeated",
    says: { stderr: quota },
    args: create,
    flags: ["--idempotent"],
    runs: 1,
    code: 1,
    reason: "not run again: permanent",
  },
  {
    failure: "what nobody knows is not repeated",
    says: { stderr: unknown, exit: 2 },
    args: create,
    flags: ["--idempotent"],
    runs: 1,
    code: 2,
    reason: "nothing is known about this failure",
  },
  {
    failure: "an error on stdout is read where stderr is empty",
    says: { stdout: throttled, fails: 1 },
    args: create,
    runs: 2,
    code: 0,
    reason: "succeeded in run 2",
  },
  {
    failure: "of two errors the one that never passes decides",
    says: { stderr: `${throttled}\n${wrong}` },
    args: create,
    runs: 1,
    code: 1,
    reason: "not run again: permanent",
  },
  {
    failure: "retries end",
    says: { stderr: conflict },
    args: create,
    flags: ["--max-retries", "1"],
    runs: 2,
    code: 1,
    reason: "1 retry is used up",
  },
  {
    failure: "a wait past the deadline ends at once",
    says: { stderr: throttled.replace("0.05", "3600") },
    args: create,
    flags: ["--deadline", "10s"],
    runs: 1,
    code: 1,
    reason: "try again in 60 min",
  },
];

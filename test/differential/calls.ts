/** The clients that wires are played to, and what is called on them. */

export const clientNames = [
  "compute22",
  "compute24",
  "network",
  "resources",
  "rest",
  "sendRequest22",
  "sendRequest24",
  "vault",
  "blob",
] as const;
export type ClientName = (typeof clientNames)[number];

const ofMachines = [
  "get",
  "get",
  "get",
  "instanceView",
  "list",
  "createOrUpdate",
  "createOrUpdate",
  "createOrUpdate",
  "update",
  "update",
  "delete",
  "start",
  "restart",
  "deallocate",
  "powerOff",
  "redeploy",
  "reapply",
  "runCommand",
  "runCommand",
  "assessPatches",
  "capture",
  "simulateEviction",
  "retrieveBootDiagnosticsData",
] as const;

const ofRest = [
  "get",
  "checkExistence",
  "readStatusDocument",
  "createOrUpdate",
  "update",
  "delete",
  "start",
  "runCommand",
  "simulateEviction",
  "list",
] as const;

const callsByClient = {
  compute22: ofMachines,
  compute24: ofMachines,
  network: ["get", "list", "createOrUpdate", "update", "delete", "assessPatches"],
  resources: ["get", "checkExistence", "createOrUpdate", "update", "delete", "list"],
  rest: ofRest,
  sendRequest22: [...ofRest, "stream"],
  sendRequest24: [...ofRest, "stream"],
  vault: ["getSecret", "getSecret", "setSecret", "deleteSecret", "listSecrets"],
  blob: ["download", "download", "exists", "getProperties", "upload", "appendBlock", "deleteIfExists", "listBlobs"],
} as const;

export type CallName = (typeof ofMachines)[number] | (typeof ofRest)[number] | "stream" | VaultCall | BlobCall;
type VaultCall = "getSecret" | "setSecret" | "deleteSecret" | "listSecrets";
type BlobCall = "download" | "exists" | "getProperties" | "upload" | "appendBlock" | "deleteIfExists" | "listBlobs";

export const callsOf = (client: ClientName): readonly CallName[] => callsByClient[client];

/** POSTs whose answer carries a result. */
export const isResultful = (call: CallName): boolean =>
  ["runCommand", "assessPatches", "capture", "retrieveBootDiagnosticsData"].includes(call);

/** Doing these twice does harm, or cannot be known not to. */
export const isOnce = (call: CallName): boolean =>
  ["runCommand", "capture", "simulateEviction", "appendBlock"].includes(call);

/** Nothing is changed by these; the answer is what counts. */
export const isRead = (call: CallName): boolean => reads.has(call);

const reads = new Set<CallName>([
  "get",
  "instanceView",
  "list",
  "checkExistence",
  "readStatusDocument",
  "stream",
  "getSecret",
  "listSecrets",
  "download",
  "exists",
  "getProperties",
  "listBlobs",
]);

/** Calls whose client follows no operation, so that the service must not begin one. */
export const isAnsweredAtOnce = (client: ClientName, call: CallName): boolean =>
  (client === "network" && call === "update") || (client === "resources" && call !== "delete");

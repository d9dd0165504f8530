/** Boot diagnostics: the links to a VM's serial log and screenshot, and the blobs behind them. */
import { blobAccount } from "../blobs.js";
import type { ArmExchange } from "../exchange.js";
import { serialLog } from "../illnesses.js";
import { dig } from "../json.js";
import { illnessOf, type Machine } from "../machine.js";
import type { Route } from "../router.js";
import { ArmError, headerOf, type Reply } from "../wire.js";
import { existingMachine, machinePath } from "./machines.js";

const blobPath = `/${blobAccount}/{container}/{blob}`;

export const bootDiagnosticsRoutes: readonly Route[] = [
  {
    method: "POST",
    path: `${machinePath}/retrieveBootDiagnosticsData`,
    name: "virtualMachines/{vm}/retrieveBootDiagnosticsData",
    handle: retrieve,
  },
  { method: "GET", path: blobPath, name: "blobs/{blob}", isOutside: true, handle: serve },
  { method: "HEAD", path: blobPath, name: "blobs/{blob}", isOutside: true, handle: serve },
];

function retrieve(exchange: ArmExchange): Reply {
  const machine = existingMachine(exchange);
  // The service's message for a VM without diagnostics is not documented.
  if (dig(machine.properties, "diagnosticsProfile", "bootDiagnostics", "enabled") !== true) {
    throw new ArmError(409, "OperationNotAllowed", `Boot diagnostics is not enabled for VM '${machine.name}'.`);
  }
  return { status: 200, body: linksOf(exchange, machine) };
}

/** Links to the screenshot and the serial log of a machine. */
export function linksOf(exchange: ArmExchange, machine: Pick<Machine, "id" | "name" | "properties">): object {
  const minutes = minutesOf(exchange);
  const vmId = String(machine.properties["vmId"]);
  const folder = `/${blobAccount}/${machine.name.toLowerCase().slice(0, 9)}-${vmId}/${machine.name}.${vmId}`;
  const { cloud, request } = exchange;
  const { blobs } = cloud;
  const log = blobs.publish(
    `${folder}.serialconsole.log`,
    {
      contentType: "application/octet-stream",
      blobType: "AppendBlob",
      read: () => Buffer.from(serialLog(illnessOf(machine.name, cloud))),
    },
    minutes * 60_000,
  );
  const screenshot = blobs.publish(
    `${folder}.screenshot.bmp`,
    { contentType: "image/bmp", blobType: "PageBlob", read: () => blackScreen },
    minutes * 60_000,
  );
  return {
    consoleScreenshotBlobUri: request.endpoint + screenshot,
    serialConsoleLogBlobUri: request.endpoint + log,
  };
}

function minutesOf(exchange: ArmExchange): number {
  const text = exchange.request.url.searchParams.get("sasUriExpirationTimeInMinutes") ?? "120";
  const minutes = Number(text);
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= 1440) return minutes;
  throw new ArmError(
    400,
    "InvalidParameter",
    `The value '${text}' of parameter 'sasUriExpirationTimeInMinutes' is out of range. The value must be between 1 and 1440.`,
    { target: "sasUriExpirationTimeInMinutes" },
  );
}

function serve(exchange: ArmExchange): Reply {
  const { url } = exchange.request;
  return exchange.cloud.blobs.serve(decodeURIComponent(url.pathname), url.searchParams, {
    authorization: headerOf(exchange.request, "authorization"),
    range: headerOf(exchange.request, "x-ms-range") ?? headerOf(exchange.request, "range"),
  });
}

/** One black pixel. */
const blackScreen = Buffer.from(
  "424d3a000000000000003600000028000000010000000100000001001800000000000400000000000000000000000000000000000000000000000000",
  "hex",
);

// POST /api/machines/{name}/start: 202 with a status address, 503 with Retry-After when it cannot be in time.
import { app, type HttpRequest, type HttpResponseInit } from "@azure/functions";
import { isRemedyError } from "azure-remedy";
import { responseFor } from "azure-remedy/functions";
import { cloud } from "../cloud";

/** A person waits for the answer. */
const patienceMs = 20_000;

export async function startMachine(request: HttpRequest): Promise<HttpResponseInit> {
  const { name } = request.params;
  const endsAt = Date.now() + patienceMs;
  const compute = cloud.compute({ deadline: () => endsAt - Date.now() });
  try {
    await compute.virtualMachines.start(cloud.resourceGroup, name);
    return { status: 200, jsonBody: { name, state: "running" } };
  } catch (error) {
    // It was begun and goes on by itself: the caller looks at the machine.
    if (isRemedyError(error) && error.resume)
      return { status: 202, headers: { Location: `/api/machines/${encodeURIComponent(name)}`, "Retry-After": "15" } };
    return responseFor(error);
  }
}

export async function machineStatus(request: HttpRequest): Promise<HttpResponseInit> {
  const { name } = request.params;
  try {
    const { statuses = [] } = await cloud.compute().virtualMachines.instanceView(cloud.resourceGroup, name);
    const power = statuses.map(({ code = "" }) => /^PowerState\/(.+)$/.exec(code)?.[1]).find(Boolean);
    return { status: 200, jsonBody: { name, state: power ?? "unknown" } };
  } catch (error) {
    return responseFor(error);
  }
}

app.http("startMachine", { methods: ["POST"], route: "machines/{name}/start", handler: startMachine });
app.http("machineStatus", { methods: ["GET"], route: "machines/{name}", handler: machineStatus });

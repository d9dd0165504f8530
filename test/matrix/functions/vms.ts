// A function as `func init --typescript` and `func new` lay it out, in src/functions/.
import { app, HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import { ComputeManagementClient } from "@azure/arm-compute";
import { RestError } from "@azure/core-rest-pipeline";
import { isRemedyError, withRemedy, type RemedyOptions } from "azure-remedy";
import { diagnose } from "azure-remedy/diagnose";
import { startEmulator } from "azure-remedy/emulator";

const options: RemedyOptions = { maxRetries: 2 };

export async function vms(request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> {
  const arm = await startEmulator();
  const compute = withRemedy(
    new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions),
    options,
  );
  try {
    const { name } = await compute.virtualMachines.get("rg", request.query.get("name") ?? "missing");
    return { body: name };
  } catch (error) {
    if (!isRemedyError(error) || !(error instanceof RestError)) throw error;
    context.log(diagnose(error).explanation);
    return { status: error.statusCode, jsonBody: { code: error.code, steps: error.diagnosis.remedy.steps } };
  } finally {
    await arm.stop();
  }
}

app.http("vms", { methods: ["GET"], authLevel: "anonymous", handler: vms });

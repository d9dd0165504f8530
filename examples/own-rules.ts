// How do I teach it the failures of my own company?
import { ComputeManagementClient } from "@azure/arm-compute";
import { defineCatalog, isRemedyError, withRemedy } from "azure-remedy";
import { startEmulator } from "azure-remedy/emulator";

// Asked before ours, checked at once: a typo fails here, with the rule and the field.
const catalog = defineCatalog([
  {
    id: "ContosoFreeze",
    code: "RequestDisallowedByPolicy",
    message: "Resource '{resource}' was disallowed by policy: change freeze until {time}.",
    disposition: "permanent",
    category: "authorization",
    explanation: "The change freeze holds until {time}; {resource} cannot be changed before.",
    steps: ["Ask the change board for an exception: https://contoso.example/freeze"],
  },
]);

await using arm = await startEmulator();
arm.fail(
  {
    status: 403,
    body: {
      error: {
        code: "RequestDisallowedByPolicy",
        message: "Resource 'web-01' was disallowed by policy: change freeze until Monday 06:00.",
      },
    },
  },
  { on: "PUT virtualMachines" },
);
const options = { catalog };
const compute = withRemedy(new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions), options);
try {
  await compute.virtualMachines.createOrUpdate("rg", "web-01", { location: "westeurope" });
} catch (error) {
  if (!isRemedyError(error)) throw error;
  console.log(`${error.diagnosis.rule?.id}: ${error.diagnosis.explanation}`);
  console.log(error.diagnosis.parameters);
}

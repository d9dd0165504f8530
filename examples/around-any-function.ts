// How do I get the same judgement around a command or another SDK?
import { retryOperation } from "azure-remedy";

/** Stands for `az vm create … --size`, a REST call, another SDK: anything that fails with Azure's words. */
async function createMachine(size: string, attempt: number): Promise<string> {
  if (attempt === 1)
    throw new Error(
      "(AnotherOperationInProgress) Another operation on this or dependent resource is in progress. Please try again after '1' seconds.",
    );
  if (size === "Standard_D2s_v5")
    throw new Error("(SkuNotAvailable) The requested VM size is currently not available in location 'westeurope'.");
  return Promise.resolve(`created with ${size}`);
}

const result = await retryOperation(({ attempt, candidate = "Standard_D2s_v5" }) => createMachine(candidate, attempt), {
  name: "create web-01",
  candidates: ["Standard_D2as_v5", "Standard_D2ds_v5"],
  onEvent: (event) => {
    if (event.type === "retry") console.log(event.reason);
  },
});
console.log(result);

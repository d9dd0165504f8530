// What all functions of the app share: one client for each deadline, with the app's managed identity.
import { ComputeManagementClient } from "@azure/arm-compute";
import { DefaultAzureCredential } from "@azure/identity";
import { AppendBlobClient } from "@azure/storage-blob";
import { QueueClient } from "@azure/storage-queue";
import { withRemedy, type RemedyOptions } from "azure-remedy";

const setting = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`The app setting ${name} is missing.`);
  return value;
};

export const cloud = {
  get resourceGroup(): string {
    return setting("RESOURCE_GROUP");
  },
  compute(options: RemedyOptions = {}): ComputeManagementClient {
    // In Azure this is the managed identity of the Function App; at your desk it is you.
    return withRemedy(
      new ComputeManagementClient(new DefaultAzureCredential(), setting("AZURE_SUBSCRIPTION_ID")),
      options,
    );
  },
  queue: (name: string): QueueClient => new QueueClient(setting("AzureWebJobsStorage"), name),
  journal: (name: string): AppendBlobClient =>
    new AppendBlobClient(setting("AzureWebJobsStorage"), "journals", `${name}.jsonl`),
};

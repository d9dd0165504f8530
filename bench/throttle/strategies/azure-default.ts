/** The default retry policy of the Azure SDK for JavaScript, from its own package. */
import {
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  defaultRetryPolicy,
  type HttpClient,
} from "@azure/core-rest-pipeline";
import type { Strategy } from "../scenario.js";

/** @param maxRetries default 3, as the SDK has it */
export function azureDefault(name: string, maxRetries?: number): Strategy {
  return {
    name,
    start: () => (context) => {
      const httpClient: HttpClient = {
        sendRequest: async (request) => {
          const { status, headers } = await context.send();
          return { request, status, headers: createHttpHeaders(headers) };
        },
      };
      const pipeline = createEmptyPipeline();
      pipeline.addPolicy(defaultRetryPolicy(maxRetries === undefined ? {} : { maxRetries }));
      const url = "https://management.azure.com/";
      return async () => {
        const response = await pipeline.sendRequest(httpClient, createPipelineRequest({ url, method: "PUT" }));
        return response.status === 200;
      };
    },
  };
}

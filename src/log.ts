import { createClientLogger } from "@azure/logger";

/**
 * Lines of this logger appear with `AZURE_LOG_LEVEL=info` or `setLogLevel("info")`, like those of the SDK's own
 * policies.
 */
export const log = createClientLogger("azure-remedy");

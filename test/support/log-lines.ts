/** What the policy logs, as `AZURE_LOG_LEVEL=info` would show it. */
import { AzureLogger, getLogLevel, setLogLevel } from "@azure/logger";

const prefix = "azure:azure-remedy:";

/** Runs a story, and gives the lines that the logger of the package wrote meanwhile. */
export async function logLinesOf(story: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  const [level, write] = [getLogLevel(), AzureLogger.log];
  AzureLogger.log = (...args) => {
    const line = args.join(" ");
    if (line.startsWith(prefix)) lines.push(line.slice(prefix.length));
  };
  setLogLevel("info");
  try {
    await story();
    return lines;
  } finally {
    setLogLevel(level);
    AzureLogger.log = write;
  }
}

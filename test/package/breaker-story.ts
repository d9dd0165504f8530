/** A program that needs cockatiel: two outages, then an answer; the circuit opens at the second. It prints `200 0`. */
export function breakerStory(format: "esm" | "commonjs"): string {
  const load = (names: string, specifier: string): string =>
    format === "esm" ? `import ${names} from "${specifier}";` : `const ${names} = require("${specifier}");`;
  return `
    ${load("{ createEmptyPipeline, createHttpHeaders, createPipelineRequest }", "@azure/core-rest-pipeline")}
    ${load("{ remedyPolicy }", "azure-remedy")}

    const statuses = [503, 503, 200];
    const service = {
      sendRequest: async (request) => ({ request, status: statuses.shift(), headers: createHttpHeaders(), bodyAsText: "{}" }),
    };
    const pipeline = createEmptyPipeline();
    const circuitBreaker = { failures: 2, probeAfterMs: 1 };
    const clock = { now: () => Date.now(), sleep: () => new Promise((resolve) => setTimeout(resolve, 2)) };
    pipeline.addPolicy(remedyPolicy({ circuitBreaker, clock }), { phase: "Retry" });
    const request = createPipelineRequest({ url: "https://management.azure.com/subscriptions/s/resourceGroups" });
    pipeline.sendRequest(service, request).then(({ status }) => console.log(status, statuses.length));
  `;
}

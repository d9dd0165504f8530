// Runs in a fresh project: one process that loads both builds, as a program of ES modules with a CommonJS dependency does.
const assert = require("node:assert/strict");
const pipelines = require("@azure/core-rest-pipeline");
const { AzureLogger, setLogLevel } = require("@azure/logger");
const commonJs = require("azure-remedy");

const subscription = "https://management.azure.com/subscriptions/11111111-1111-1111-1111-111111111111";
const machine = `${subscription}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01`;

/** A pipeline with the policy of one copy, and a service that answers with what `answer` returns. */
function connect(copy, options, answer) {
  const pipeline = pipelines.createEmptyPipeline();
  pipeline.addPolicy(copy.remedyPolicy(options), { phase: "Retry" });
  const service = {
    sendRequest: (request) => {
      const { status, body = {}, headers = {} } = answer(request);
      return Promise.resolve({
        request,
        status,
        headers: pipelines.createHttpHeaders(headers),
        bodyAsText: JSON.stringify(body),
      });
    },
  };
  return (method, url, body) =>
    pipeline.sendRequest(service, pipelines.createPipelineRequest({ method, url, body: body && JSON.stringify(body) }));
}

const failureOf = (call) =>
  call.then(
    () => assert.fail("the call should have failed"),
    (error) => error,
  );

async function knowEachOthersErrors(first, second) {
  const refused = { status: 409, body: { error: { code: "OperationNotAllowed", message: "The VM is generalized." } } };
  const error = await failureOf(connect(first, {}, () => refused)("PUT", machine, {}));
  assert.ok(first.isRemedyError(error) && second.isRemedyError(error));
  return error;
}

/** What one copy was refused, the other does not send: neither can wait until the window opens. */
async function shareTheThrottle(first, second) {
  const url = "https://management.azure.com/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups";
  const throttled = { error: { code: "TooManyRequests", message: "Too many requests." } };
  let sends = 0;
  const answer = () => {
    sends += 1;
    return { status: 429, headers: { "retry-after": "60" }, body: throttled };
  };
  for (const copy of [first, second]) {
    const error = await failureOf(connect(copy, { deadline: () => 10_000 }, answer)("GET", url));
    assert.ok(copy.isRemedyError(error) && error.retryAt > Date.now(), String(error));
  }
  assert.equal(sends, 1);
}

async function shareTheCapacityMemory(first, second) {
  const sizes = [];
  const answer = ({ method, body }) => {
    if (method !== "PUT") return { status: 404, body: { error: { code: "ResourceNotFound", message: "Not found." } } };
    const { vmSize } = JSON.parse(body).properties.hardwareProfile;
    sizes.push(vmSize);
    const full = { error: { code: "AllocationFailed", message: "Allocation failed." } };
    return vmSize === "Standard_D2s_v5" ? { status: 409, body: full } : { status: 200 };
  };
  const body = { location: "westeurope", properties: { hardwareProfile: { vmSize: "Standard_D2s_v5" } } };
  for (const copy of [first, second])
    await connect(copy, { remedies: [copy.fallbackSizes(["Standard_D2as_v5"])] }, answer)("PUT", machine, body);
  assert.deepEqual(sizes, ["Standard_D2s_v5", "Standard_D2as_v5", "Standard_D2as_v5"]);
}

async function main() {
  const esModule = await import("azure-remedy");
  assert.notEqual(esModule.RemedyError, commonJs.RemedyError);
  const lines = [];
  AzureLogger.log = (...args) => lines.push(args.join(" "));
  setLogLevel("info");

  const error = await knowEachOthersErrors(commonJs, esModule);
  assert.ok(error instanceof pipelines.RestError, "instanceof RestError in the world of the caller");
  assert.ok(
    lines.some((line) => line.includes("azure-remedy:")),
    "setLogLevel reaches it",
  );
  const other = await knowEachOthersErrors(esModule, commonJs);
  assert.ok(other instanceof (await import("@azure/core-rest-pipeline")).RestError);
  await shareTheThrottle(commonJs, esModule);
  await shareTheCapacityMemory(esModule, commonJs);
  console.log("shared");
}

void main();

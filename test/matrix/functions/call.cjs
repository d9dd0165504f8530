// Calls the compiled function as the Functions host does, which the package stands in for outside of it.
const assert = require("node:assert/strict");
const { HttpRequest, InvocationContext } = require("@azure/functions");
const { vms } = require("./dist/src/functions/vms.js");

async function main() {
  const request = new HttpRequest({ method: "GET", url: "http://localhost/api/vms?name=web-01" });
  const { status, jsonBody } = await vms(request, new InvocationContext({ logHandler: () => undefined }));
  assert.equal(status, 404);
  assert.equal(jsonBody.code, "ResourceNotFound");
  assert.ok(jsonBody.steps.length > 0);
}

void main();

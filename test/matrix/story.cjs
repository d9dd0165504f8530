/**
 * What must hold on every Node, with every generation of clients: a create that survives a busy storage account, a
 * permanent error in one request, a throttled call that waits as long as the service asks, a failed operation that says why.
 * Real sockets, real time; plain CommonJS, since it runs in folders that have the packed package and nothing of ours, and
 * Jest loads no ES module there.
 */
const assert = require("node:assert/strict");

/**
 * @param {{ azureRemedy: typeof import("azure-remedy"), emulator: typeof import("azure-remedy/emulator"),
 *   armCompute: typeof import("@azure/arm-compute"), RestError: typeof import("@azure/core-rest-pipeline").RestError }} loaded
 *   by `import` or by `require`
 */
exports.playStory = async function playStory({ azureRemedy, emulator, armCompute, RestError }) {
  const { withRemedy, isRemedyError } = azureRemedy;
  // Each operation has ended by its first poll: pollers wait two seconds between polls, whatever they are told.
  const arm = await emulator.startEmulator({ operations: { polls: 0 } });
  try {
    const { virtualMachines } = withRemedy(
      new armCompute.ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions),
    );
    // 22.x and 23.x have begin… methods alone; later ones have both.
    const create = (name) => {
      const body = { location: "westeurope", hardwareProfile: { vmSize: "Standard_D2s_v5" } };
      const options = { updateIntervalInMs: 20 };
      return virtualMachines.createOrUpdate
        ? virtualMachines.createOrUpdate("rg", name, body, options)
        : virtualMachines.beginCreateOrUpdateAndWait("rg", name, body, options);
    };
    const failureOf = async (call) => {
      const error = await call.then(
        () => assert.fail("the call should have failed"),
        (reason) => reason,
      );
      assert.ok(isRemedyError(error), `not a RemedyError: ${error}`);
      assert.ok(error instanceof RestError, "not an instance of the RestError that the caller has");
      return error;
    };
    const sends = (line) => arm.story.filter((entry) => entry.startsWith(line)).length;

    arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines/busy", as: "answer", retryAfter: 1 });
    const created = await create("busy");
    assert.equal(created.provisioningState, "Succeeded");
    assert.equal(sends("PUT virtualMachines/busy"), 2);

    const missing = await failureOf(virtualMachines.get("rg", "missing"));
    assert.equal(missing.code, "ResourceNotFound");
    assert.equal(missing.diagnosis.disposition, "permanent");
    assert.equal(sends("GET virtualMachines/missing"), 1);

    arm.throttle({ on: "GET virtualMachines/busy", retryAfter: 1 });
    const sentAt = Date.now();
    assert.equal((await virtualMachines.get("rg", "busy")).name, "busy");
    assert.ok(Date.now() - sentAt >= 990, "the 429 asked for a second");
    assert.equal(sends("GET virtualMachines/busy 429"), 1);

    arm.fail("VMExtensionProvisioningError", { on: "PUT virtualMachines/broken", as: "operation" });
    const failed = await failureOf(create("broken"));
    assert.equal(failed.code, "VMExtensionProvisioningError");
    assert.equal(failed.diagnosis.basis, "message");
    assert.ok(failed.diagnosis.remedy.steps.length > 0);
    assert.equal(sends("PUT virtualMachines/broken"), 1);

    arm.assertNoUnknownRequests();
  } finally {
    await arm.stop();
  }
};

/** Results of successful requests in which something failed. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../src/diagnose.js";
import { readFailure } from "../../src/failure/read.js";
import { failureInResult } from "../../src/failure/results.js";

const machine = (error: object, operation: object = {}): object => ({
  resourceId: "/subscriptions/s/vm1",
  errorCode: "null",
  errorDetails: "null",
  operation,
  ...error,
});
const noError = { errorCode: "null", errorDetails: "null" };
const view = (instanceView: object): object => ({ properties: { provisioningState: "Succeeded", instanceView } });

describe("what failed in a result", () => {
  it.each<[what: string, kind: string, body: object, expected: object]>([
    [
      "a bulk action: refused at once",
      "bulk",
      { results: [machine({ errorCode: "ScopeLocked", errorDetails: "Locked." }), machine({})] },
      { code: "ScopeLocked", message: "Locked.", chain: [{ target: "/subscriptions/s/vm1" }], others: [] },
    ],
    [
      "a bulk action: failed later",
      "bulk",
      {
        results: [
          machine({}, { state: "Succeeded", resourceOperationError: noError }),
          machine(
            {},
            { state: "Failed", resourceOperationError: { errorCode: "AllocationFailed", errorDetails: "Full." } },
          ),
        ],
      },
      { code: "AllocationFailed", message: "Full.", category: "capacity" },
    ],
    [
      "scheduled actions: the errors of an operation",
      "bulk",
      { results: [{ operationId: "o1", operationErrors: [{ errorCode: "ScopeLocked", errorDetails: "Locked." }] }] },
      { code: "ScopeLocked" },
    ],
    [
      "a step of an extension that says it is ready",
      "instanceView",
      view({
        name: "plum",
        statuses: [{ code: "ProvisioningState/succeeded" }],
        substatuses: [
          { code: "ComponentStatus/StdErr/succeeded", message: "" },
          { code: "ComponentStatus/Read settings/failed/53", message: "PlumUrl should be given" },
        ],
      }),
      { category: "extension", parameters: { exitCode: "53", extensionName: "plum" } },
    ],
    [
      "a managed run command",
      "runCommand",
      view({ executionState: "Failed", exitCode: 3, output: "one\n", error: "E: no lock\n" }),
      { category: "guest-os", parameters: { exitCode: "3", stderr: "E: no lock" } },
    ],
    [
      "a managed run command that says Succeeded",
      "runCommand",
      view({ executionState: "Succeeded", exitCode: 2, output: "", error: "" }),
      { category: "guest-os", parameters: { exitCode: "2" } },
    ],
    [
      "the output of a run command on Linux",
      "runCommand",
      {
        value: [
          {
            code: "ProvisioningState/succeeded",
            message: "Enable succeeded: \n[stdout]\n\n[stderr]\nsh: 1: widget: not found\n",
          },
        ],
      },
      { category: "guest-os", parameters: { stderr: "sh: 1: widget: not found" } },
    ],
    [
      "the output of a run command on Windows",
      "runCommand",
      {
        value: [
          { code: "ComponentStatus/StdOut/succeeded", message: "one" },
          { code: "ComponentStatus/StdErr/succeeded", message: "Get-Widget : Access is denied" },
        ],
      },
      { category: "guest-os" },
    ],
    [
      "an extension with its exit code and its stream",
      "instanceView",
      view({
        extensions: [
          {
            name: "setup",
            statuses: [{ code: "ProvisioningState/failed/9", displayStatus: "Provisioning failed" }],
            substatuses: [{ code: "ComponentStatus/StdErr/succeeded", message: "E: disk is full" }],
          },
        ],
      }),
      { category: "extension", parameters: { exitCode: "9", extensionName: "setup", stderr: "E: disk is full" } },
    ],
    [
      "a machine",
      "instanceView",
      {
        statuses: [
          { code: "ProvisioningState/failed/AllocationFailed", message: "Full." },
          { code: "PowerState/stopped" },
        ],
      },
      { code: "AllocationFailed" },
    ],
    [
      "a scale set that says Succeeded",
      "scaleSet",
      {
        virtualMachine: {
          statusesSummary: [
            { code: "ProvisioningState/succeeded", count: 4 },
            { code: "ProvisioningState/failed/AllocationFailed", count: 2 },
          ],
        },
      },
      { code: "AllocationFailed", parameters: { count: "2" } },
    ],
    [
      "instances of a scale set",
      "scaleSet",
      {
        value: [
          { instanceId: "0", ...view({ statuses: [{ code: "ProvisioningState/succeeded" }] }) },
          { instanceId: "1", ...view({ statuses: [{ code: "ProvisioningState/failed/VMStartTimedOut" }] }) },
        ],
      },
      { code: "VMStartTimedOut", chain: [{ target: "1" }] },
    ],
    [
      "an image template",
      "imageBuilder",
      {
        properties: {
          provisioningState: "Succeeded",
          lastRunStatus: { runState: "Failed", message: "Packer build failed." },
        },
      },
      { category: "image" },
    ],
    [
      "VM Inspector",
      "inspector",
      { resultStatus: "Failed", errorDetail: { code: "InvalidSasUri", message: "No." } },
      { code: "InvalidSasUri" },
    ],
  ])("%s", (_, kind, body, expected) => {
    expect(failureInResult(body)).toBe(kind);
    expect(diagnose(body)).toMatchObject(expected);
    expect(diagnose({ status: 200, bodyAsText: JSON.stringify(body) })).toMatchObject(expected);
  });

  it("keeps an extension's exit code beside the code of the machine", () => {
    const both = view({
      statuses: [{ code: "ProvisioningState/failed/VMStartTimedOut", message: "Late." }],
      extensions: [{ name: "setup", statuses: [{ code: "ProvisioningState/failed/1", message: "No." }] }],
    });
    expect(readFailure(both).chains).toHaveLength(2);
  });
});

describe("a result in which nothing failed", () => {
  it.each<[what: string, body: object]>([
    ["a bulk action", { results: [machine({}, { state: "Scheduled", resourceOperationError: noError })] }],
    ["a managed run command", view({ executionState: "Succeeded", exitCode: 0, output: "error count: 0", error: "" })],
    ["a run command under way", view({ executionState: "Running" })],
    [
      "the output of a run command",
      {
        value: [
          { code: "ProvisioningState/succeeded", message: "Enable succeeded: \n[stdout]\nhi\n[stderr]\n50% done" },
        ],
      },
    ],
    ["a scale set", { virtualMachine: { statusesSummary: [{ code: "ProvisioningState/succeeded", count: 4 }] } }],
    [
      "an extension that watches over an application",
      {
        extensions: [
          {
            name: "health",
            statuses: [{ code: "ProvisioningState/succeeded" }],
            substatuses: [{ code: "ComponentStatus/ApplicationHealth/failed", level: "Error" }],
          },
        ],
      },
    ],
    ["an extension", view({ statuses: [{ code: "ProvisioningState/succeeded", message: "Ready" }] })],
    ["VM Inspector", { resultStatus: "Success", message: "Done." }],
  ])("%s", (_, body) => {
    expect(failureInResult(body)).toBeUndefined();
    const diagnosis = diagnose(body);
    expect(diagnosis).toMatchObject({ basis: "none", category: "other", message: "" });
    expect(diagnosis.code).toBeUndefined();
  });

  it.each([[{ error: { code: "X", message: "No." } }], [{ id: "/vm1", name: "vm1" }], [null], ["text"], [[]]])(
    "%j is no result",
    (body) => {
      expect(failureInResult(body)).toBeUndefined();
    },
  );
});

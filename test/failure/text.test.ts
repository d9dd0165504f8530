import { describe, expect, it } from "vitest";
import { readFailure } from "../../src/failure/read.js";
import { codesOf, rootOf, rootsOf } from "./reading.js";

const busy = { code: "DiskBusy", message: "Disk 'd1' is busy." };
const json = JSON.stringify({ error: busy });
const dashes = "-".repeat(80);

describe("what tools print", () => {
  it.each<[tool: string, text: string]>([
    ["a bare code and its message", "DiskBusy: Disk 'd1' is busy."],
    ["az: code in brackets", "(DiskBusy) Disk 'd1' is busy."],
    ["az: with the level", "ERROR: (DiskBusy) Disk 'd1' is busy.\nCode: DiskBusy\nMessage: Disk 'd1' is busy."],
    ["az: JSON behind the level", `ERROR: ${json}`],
    [
      "az: JSON behind prose",
      `At least one resource deployment operation failed. ${json}  Correlation ID: 0b1c2d3e-0000-4000-8000-000000000001`,
    ],
    [
      "az: two objects",
      `{"code": "InvalidTemplateDeployment", "message": "See inner errors."}\n\nInner Errors:\n${JSON.stringify(busy)}`,
    ],
    [
      "az: a traceback",
      "Traceback (most recent call last):\n  File \"a.py\", line 3, in run\n    raise error\nazure.core.exceptions.ResourceExistsError: (DiskBusy) Disk 'd1' is busy.\nCode: DiskBusy\nMessage: Disk 'd1' is busy.",
    ],
    ["az of old", "msrestazure.azure_exceptions.CloudError: Azure Error: DiskBusy\nMessage: Disk 'd1' is busy."],
    [
      "Python: details inside details",
      "(DeploymentFailed) At least one failed.\nCode: DeploymentFailed\nMessage: At least one failed.\nException Details:\t(ResourceDeploymentFailure) Ended in Failed.\n\tCode: ResourceDeploymentFailure\n\tMessage: Ended in Failed.\n\tTarget: /subscriptions/s\n\tException Details:\t(DiskBusy) Disk 'd1' is busy.\n\t\tCode: DiskBusy\n\t\tMessage: Disk 'd1' is busy.\n\t\tTarget: /subscriptions/s/d1",
    ],
    [
      "Python: JSON inside details",
      `Code: DeploymentFailed\nMessage: At least one failed.\nException Details:\t(Conflict) ${json}\n\tCode: Conflict\n\tMessage: ${json}\n\tTarget: /subscriptions/s`,
    ],
    [
      "Python: a printed dictionary",
      `{'error': {'code': 'DiskBusy', 'message': "Disk 'd1' is busy.", 'target': None}}`,
    ],
    [
      "Ansible",
      `fatal: [localhost]: FAILED! => {"changed": false, "msg": "Error creating vm1 - (DiskBusy) Disk 'd1' is busy."}`,
    ],
    [
      "PowerShell",
      "New-AzVM : Disk 'd1' is busy.\nErrorCode: DiskBusy\nErrorMessage: Disk 'd1' is busy.\nErrorTarget: \nStatusCode: 409\nReasonPhrase: Conflict\nOperationID : 0b1c2d3e\nAt line:1 char:1\n+ New-AzVM -Name vm1\n    + CategoryInfo          : CloseError: (:) [New-AzVM], ComputeCloudException",
    ],
    [
      "PowerShell: a message in quotes",
      `New-AzResourceGroupDeployment : 9:15:02 AM - Resource Contoso/disks 'd1' failed with message '${json}'\nAt line:1 char:1`,
    ],
    [
      "PowerShell: several lines",
      "New-AzResourceGroupDeployment: 9:15:02 AM - Error: Code=InvalidTemplateDeployment; Message=See inner errors.\nNew-AzResourceGroupDeployment: 9:15:02 AM - Error: Code=DiskBusy; Message=Disk 'd1' is busy.",
    ],
    [
      "PowerShell: the code behind",
      "Status Message: Ended in Failed. (Code: ResourceDeploymentFailure, Target: /s)\n - Disk 'd1' is busy. (Code:DiskBusy)\nCorrelationId: 0b1c2d3e",
    ],
    [
      "PowerShell: a table",
      "Code    : DiskBusy\nMessage : Disk 'd1' is busy.\nDetails : {Microsoft.Azure.PSResourceManagerError}",
    ],
    [
      "Terraform",
      '│ Error: creating Disk (Name "d1"): performing CreateOrUpdate: unexpected status 409 (409 Conflict) with error: DiskBusy: Disk \'d1\' is busy.\n│ \n│   with azurerm_managed_disk.d1,\n│   on main.tf line 7, in resource "azurerm_managed_disk" "d1":',
    ],
    ["Terraform: a response", `Error: reading Disk: unexpected status 409 (409 Conflict) with response: ${json}`],
    [
      "Terraform: a poll",
      'polling failed: the Azure API returned the following error:\n\nStatus: "DiskBusy"\nCode: ""\nMessage: "Disk \'d1\' is busy."\nActivity Id: ""\n',
    ],
    [
      "Terraform of old",
      `azurerm_managed_disk.d1: compute.DisksClient#CreateOrUpdate: Failure sending request: StatusCode=0 -- Original Error: autorest/azure: Service returned an error. Status=<nil> Code="DiskBusy" Message="Disk 'd1' is busy."`,
    ],
    [
      "Terraform of old, with details",
      `Error waiting for completion: Code="ResourceOperationFailure" Message="Ended in Failed." Details=[{"code":"DiskBusy","message":"Disk 'd1' is busy."}]`,
    ],
    [
      "Go of old: behind a label",
      `Message:   compute.DisksClient#Update: Failure responding to request: StatusCode=409 -- Original Error: autorest/azure: Service returned an error. Status=409 Code="DiskBusy" Message="Disk 'd1' is busy."`,
    ],
    [
      "Go of old: in an event of Kubernetes",
      `Type:     Warning\nReason:   FailedUnmount\nMessage:  compute.VirtualMachinesClient#Get: Failure responding to request: StatusCode=409 -- Original Error: Code="DiskBusy" Message="Disk 'd1' is busy."`,
    ],
    [
      "Terraform: behind a label",
      "Message: unexpected status 409 (409 Conflict) with error: DiskBusy: Disk 'd1' is busy.",
    ],
    [
      "a provider: the code on the next line",
      "updating the disk failed with error:\n  DiskBusy: Disk 'd1'\n  is busy.",
    ],
    [
      "Kubernetes: a raw error in words",
      "rpc error: code = Unknown desc = Retriable: true, HTTPStatusCode: 409, RawError: DiskBusy, Disk 'd1' is busy.",
    ],
    ["the code before a comma", "Attaching failed: DiskBusy, Disk 'd1' is busy."],
    ["Databricks: the code without a label", "Workers lost. DiskBusy Azure error message: Disk 'd1' is busy."],
    [
      "Go: a message with quotes",
      `Code="ReconcileDisksFailed" Message="Code=\\"DiskBusy\\" Message=\\"Disk 'd1' is busy.\\""`,
    ],
    [
      "Go: azcore",
      `PUT https://management.azure.com/s\n${dashes}\nRESPONSE 409: 409 Conflict\nERROR CODE: DiskBusy\n${dashes}\n${JSON.stringify({ error: busy }, null, 2)}\n${dashes}`,
    ],
    [
      "Go: azcore in a line of JSON",
      JSON.stringify({
        level: "error",
        error: `PUT https://x\n${dashes}\nRESPONSE 409: 409 Conflict\nERROR CODE: DiskBusy\n${dashes}\n${json}\n${dashes}`,
      }),
    ],
    ["Go: fields", "&{Code:DiskBusy Message:Disk 'd1' is busy.}"],
    [
      "AKS",
      "Category: ClientError; Code: Unspecified; SubCode: DiskBusy; Message: Disk 'd1' is busy.; InnerMessage: ; Dependency: Contoso/disks; Retriable: true",
    ],
    [
      "Kubernetes",
      `AttachVolume failed: rpc error: code = Unknown desc = Retriable: false, RetryAfter: 0s, HTTPStatusCode: 409, RawError: ${json}`,
    ],
    [
      "JavaScript",
      `RestError: Disk 'd1' is busy.\n    at handle (/app/index.js:1:2) {\n  code: 'DiskBusy',\n  statusCode: 409,\n  request: { url: 'https://x', method: 'PUT' },\n  details: { error: { code: 'DiskBusy', message: "Disk 'd1' " + 'is busy.' } }\n}`,
    ],
    [
      "JavaScript: the stack first",
      `{ [stack]: 'Error: x\\n    at y (z.js:1:2)', [message]: "Disk 'd1' is busy.", code: 'DiskBusy', statusCode: 409 }`,
    ],
    ["Java", `com.azure.core.management.exception.ManagementException: Status code 409, "${json}": Disk 'd1' is busy.`],
    [
      ".NET",
      `Azure.RequestFailedException: Disk 'd1' is busy.\nStatus: 409 (Conflict)\nErrorCode: DiskBusy\n\nHeaders:\nDate: x`,
    ],
    [
      "Ruby",
      `Bosh::AzureError: status: Failed\nhttp code: 409\nerror:\n{"code"=>"DiskBusy", "message"=>"Disk 'd1' is busy."}`,
    ],
    [
      "azd",
      "Deployment Error Details:\nInvalidTemplateDeployment: See inner errors for details.\nDiskBusy: Disk 'd1' is busy.",
    ],
    ["a build server", `2024-03-01T10:00:00.1234567Z ##[error]Conflict: ${json}`],
    ["the portal", "Operation name\nCreate disk\nError code\nDiskBusy\nMessage\nDisk 'd1' is busy."],
    [
      "service management",
      "azure.WindowsAzureConflictError: Conflict (Conflict)\n<Error xmlns=\"http://schemas.microsoft.com/windowsazure\"><Code>DiskBusy</Code><Message>Disk 'd1' is busy.</Message></Error>",
    ],
    ["Ansible", "- Azure Error:\nDiskBusy\nMessage: Disk 'd1' is busy.\nTarget: d1"],
    ["Databricks", "Launch Failure: it failed. Azure error code: DiskBusy. Azure error message: Disk 'd1' is busy."],
    [
      "Databricks: details",
      `It failed. Code: DISK_EXCEPTION Details: {"azure_error_code":"DiskBusy","azure_error_message":"Disk 'd1' is busy."}`,
    ],
    [
      "Azure Service Operator",
      "Reason: DiskBusy, Severity: Error, RetryClassification: Slow, Cause: Disk 'd1' is busy.",
    ],
    ["the code on the line above", "DiskBusy\nDisk 'd1'\nis busy."],
    ["VS Code", "Action: disks.create\nError type: DiskBusy\nError Message: Disk 'd1' is busy."],
    ["Azure Pipelines", "##[error]Error: DiskBusy - Disk 'd1' is busy. (CODE: 409)"],
    [
      "Azure Pipelines: details",
      "There were errors. Error code: DeploymentFailed.\n##[error]At least one failed.\n##[error]Details:\n##[error]DiskBusy: Disk 'd1' is busy.",
    ],
    [
      "Packer",
      "ERROR: -> DeploymentFailed : At least one failed.\nERROR:   -> BadRequest\nERROR:   -> DiskBusy : Disk 'd1' is busy.",
    ],
    [
      "Packer: its log",
      "==> azure-arm: ERROR: -> DeploymentFailed : At least one failed.\n==> azure-arm: ERROR:   -> DiskBusy : Disk 'd1' is busy.",
    ],
    ["Markdown", "> **Error**: `DiskBusy`: Disk 'd1' is busy."],
    [
      "Python: details on one line",
      "(InvalidTemplateDeployment) It failed.\nException Details:\t(DiskBusy) Disk 'd1' is busy.",
    ],
    ["a copied comment", '  # Error: Code="Disk\n  # Busy" Message="Disk \'d1\' is busy."'],
    ["a status before the code", "VM creation failed: request failed (409) DiskBusy: Disk 'd1' is busy."],
    ["a status behind the code", "Error reading disk: DiskBusy (409) - Disk 'd1' is busy."],
    ["a prefix before the code", "--location will be ignored\nCompute.DiskBusy : Disk 'd1' is busy."],
    ["the code as the last word", "Provisioning failed. Disk 'd1' is busy.. DiskBusy"],
    ["core-lro", "Error: The long-running operation has failed. DiskBusy. Disk 'd1' is busy."],
    ["an instance view", "statuses: ProvisioningState/failed/DiskBusy\nmessage: Disk 'd1' is busy."],
    ["key and value", `level=error code=DiskBusy message="Disk 'd1' is busy." status=409`],
    ["YAML", "error:\n  code: DiskBusy\n  message: Disk 'd1' is busy."],
    ["a fragment", `"errordetail": {\n  "code": "DiskBusy",\n  "message": "Disk 'd1' is busy."\n}`],
  ])("%s", (_, text) => {
    const root = rootOf(text);
    expect(root.code).toBe("DiskBusy");
    expect(root.message.replace(/^Provisioning failed\. /, "").replace(/\.\.$/, ".")).toContain("Disk 'd1' is busy.");
    expect(root.message.length).toBeLessThan(60);
  });

  it.each([
    ["Status=409", 409],
    ["StatusCode=404 -- Original Error: Status=409", 409],
    ["StatusCode=500 Status=409", 409],
    ["RESPONSE 409: 409 Conflict", 409],
    ["unexpected status 409 (409 Conflict)", 409],
    ["HTTP/1.1 409 Conflict", 409],
    ["StatusCode: 409\nReasonPhrase: Conflict", 409],
    ["Operation failed with status: 'Conflict'.", 409],
    ["Operation returned an invalid status 'Bad Request'", 400],
    ["StatusCode=200 -- Original Error: x", 200],
    ["The remote server returned an error: (409) Conflict.", 409],
    ["StatusCode=0", undefined],
    ["the code is 409", undefined],
  ] as const)("names a status in %j", (text, status) => {
    expect(readFailure(text).status).toBe(status);
  });

  it("reads the ids that support will ask for", () => {
    expect(
      readFailure("Deployment failed. Correlation ID: 0b1c2d3e-0000-4000-8000-000000000001. Try again."),
    ).toMatchObject({
      correlationId: "0b1c2d3e-0000-4000-8000-000000000001",
    });
    expect(
      readFailure(
        "'x-ms-request-id': '0b1c2d3e-0000-4000-8000-000000000002'\n'x-ms-correlation-request-id': '0b1c2d3e-0000-4000-8000-000000000003'",
      ),
    ).toMatchObject({
      requestId: "0b1c2d3e-0000-4000-8000-000000000002",
      correlationId: "0b1c2d3e-0000-4000-8000-000000000003",
    });
  });

  it("reads several failures of one run", () => {
    const terraform = ["DiskBusy", "NicBusy"]
      .map((code) => `╷\n│ Error: creating x: unexpected status 409 (409 Conflict) with error: ${code}: It is busy.\n╵`)
      .join("\n");
    expect(rootsOf(readFailure(terraform)).map(({ code }) => code)).toEqual(["DiskBusy", "NicBusy"]);
    const old = `2 error(s) occurred:\n\n* azurerm_a.a: Status=409 Code="DiskBusy" Message="It is busy."\n* azurerm_b.b: Status=400 Code="NicBusy" Message="It is busy."`;
    expect(rootsOf(readFailure(old)).map(({ code }) => code)).toEqual(["DiskBusy", "NicBusy"]);
  });

  it("does not let an envelope behind the cause take its place", () => {
    expect(codesOf(readFailure(`Resource failed with message '${json}' (Code: Conflict)`))).toEqual([
      undefined,
      "DiskBusy",
    ]);
    expect(
      codesOf(readFailure(`Code="DiskBusy" Message="Busy." Details=[{"code":"Unspecified","message":"x"}]`)),
    ).toEqual(["DiskBusy"]);
  });

  it("leaves what a program printed in the guest alone", () => {
    const text = `Code="VMExtensionProvisioningError" Message="The extension failed with exit code: 1. ErrorCode: DiskBusy"`;
    expect(codesOf(readFailure(text))).toEqual(["VMExtensionProvisioningError"]);
  });
});

describe("words without any code", () => {
  it.each([
    "The disk is busy. Please try again later.",
    "Deployment failed with exit code: 1",
    "Provisioning failed with error code: 0x80070005",
    "Polling terminated with status 'Failed'",
    "The (Optional) step on MyBigMachine was skipped: see the log.",
    "It is busy. Details: Id: 7, OperationName: Create, CreatedTime: 11/27/2019, EntityType: 3",
    "Service returned an error. Status=<nil> <nil>",
    "ERROR CODE UNAVAILABLE",
    "磁盘正忙。",
    "Failed: PowerShell, The module on MyBigMachine is too old.",
    "RawError: BigMachine, The one in the corner, is gone.",
    "It stopped with error:\nRequestId: 77",
    "It stopped with error:\nTypeError: x is not a function",
    "The RestClient error message: it is broken.",
    "RequestTimeout: 30, ServerName: big",
  ])("%s", (text) => {
    expect(rootOf(text)).toEqual({ message: text.replace(/^ERROR: /, "").replaceAll("\n", " ") });
    expect(readFailure(text)).toMatchObject({ origin: "text", execution: "answered" });
  });

  it("takes a single word for a code", () => {
    expect(rootOf("DiskBusy")).toEqual({ code: "DiskBusy", message: "" });
    expect(rootOf("AADSTS7000215")).toMatchObject({ code: "AADSTS7000215" });
    expect(rootOf("It failed with error code DiskBusy, again.").code).toBe("DiskBusy");
    expect(rootOf("HttpResponseError: (too_busy) Disk 'd1' is busy.")).toEqual({
      code: "too_busy",
      message: "Disk 'd1' is busy.",
    });
    expect(rootOf("Creation failed (409) DiskBusy")).toMatchObject({ code: "DiskBusy", message: "Creation failed" });
  });

  it.each(["RequestDisallowedByAzure", "ServerBusy", "DiskInUseByVm", "InvalidDiskName", "DiskPreparationError"])(
    "takes %s for a code wherever a code may stand",
    (code) => {
      for (const text of [
        `${code}: No.`,
        `${code}, No.`,
        `It failed with error:\n${code}: No.`,
        `RawError: ${code}, No.`,
      ])
        expect(rootOf(text)).toEqual({ code, message: "No." });
    },
  );

  it.each([
    ["Error: connect ECONNREFUSED 10.0.0.4:443", "ECONNREFUSED", "none"],
    ["dial tcp: lookup management.azure.com: no such host", undefined, "none"],
    ["net/http: TLS handshake timeout", undefined, "none"],
    ["read: connection reset by peer", undefined, "unknown"],
    ["Error: socket hang up", undefined, "unknown"],
    ["read ETIMEDOUT", "ETIMEDOUT", "unknown"],
    ["context deadline exceeded", undefined, "unknown"],
    ["StatusCode=503 x", undefined, "unknown"],
    ["StatusCode=429 x", undefined, "none"],
  ] as const)("%s", (text, code, execution) => {
    expect(rootOf(text).code).toBe(code);
    expect(readFailure(text).execution).toBe(execution);
  });
});

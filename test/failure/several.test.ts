/** Texts that hold more than one failure, and what tools print around one. */
import { describe, expect, it } from "vitest";
import { diagnose, diagnoseAll } from "../../src/diagnose.js";
import { readFailure } from "../../src/failure/read.js";
import { waitFromWords } from "../../src/failure/retry-hints.js";
import { rootOf } from "./reading.js";

const denied =
  "The client 'a1' with object id 'a1' does not have authorization to perform action 'Microsoft.Compute/virtualMachines/write' over scope '/subscriptions/s' or the scope is invalid.";
const busy = "Another operation on this or dependent resource is in progress.";

describe("several errors in one text are several failures, and the least hopeful decides", () => {
  it.each<[tool: string, text: string]>([
    ["az", `ERROR: (AuthorizationFailed) ${denied}\nERROR: (AnotherOperationInProgress) ${busy}`],
    ["az, the other way round", `ERROR: (AnotherOperationInProgress) ${busy}\nERROR: (AuthorizationFailed) ${denied}`],
    ["a pipeline", `##[error](AnotherOperationInProgress) ${busy}\n##[error](AuthorizationFailed) ${denied}`],
    [
      "a pipeline with time stamps",
      `2026-03-01T08:00:00.1234567Z ##[error](AnotherOperationInProgress) ${busy}\n2026-03-01T08:00:01.1234567Z going on\n2026-03-01T08:00:02.1234567Z ##[error](AuthorizationFailed) ${denied}\n2026-03-01T08:00:03.1234567Z ##[error]Process completed with exit code 1.`,
    ],
    [
      "klog",
      `E0301 08:00:00.123456       1 azure_vmss.go:155] update failed: Code="AnotherOperationInProgress" Message="${busy}"\nI0301 08:00:01.123456       1 azure_vmss.go:156] waiting\nE0301 08:00:02.123456       1 azure_vmss.go:157] update failed: Code="AuthorizationFailed" Message="${denied}"`,
    ],
    [
      "Python",
      `Traceback (most recent call last):\n  File "a.py", line 3, in run\nazure.core.exceptions.HttpResponseError: (AnotherOperationInProgress) ${busy}\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "b.py", line 9, in main\nazure.core.exceptions.HttpResponseError: (AuthorizationFailed) ${denied}`,
    ],
    [
      "events of Kubernetes",
      `  Warning  FailedAttachVolume  4m (x26 over 20m)  attachdetach-controller  AttachVolume.Attach failed: Code="AnotherOperationInProgress" Message="${busy}"\n  Normal   Scheduled  3m  default-scheduler  ok\n  Warning  FailedAttachVolume  2m  attachdetach-controller  AttachVolume.Attach failed: Code="AuthorizationFailed" Message="${denied}"`,
    ],
    [
      "a log of Java",
      `2026-03-01 08:00:00.084 ERROR 12 --- [pool-9] c.a.Client  : Code="AnotherOperationInProgress" Message="${busy}"\n2026-03-01 08:00:01.084  INFO 12 --- [pool-9] c.a.Client  : next\n2026-03-01 08:00:02.084 ERROR 12 --- [pool-9] c.a.Client  : Code="AuthorizationFailed" Message="${denied}"`,
    ],
  ])("%s", (_, text) => {
    const diagnosis = diagnose(text);
    expect(diagnosis).toMatchObject({ code: "AuthorizationFailed", disposition: "permanent" });
    expect(diagnosis.others.map(({ code }) => code)).toEqual(["AnotherOperationInProgress"]);
    expect(
      diagnoseAll(text)
        .map(({ diagnosis: { code } }) => code)
        .sort(),
    ).toEqual(["AnotherOperationInProgress", "AuthorizationFailed"]);
  });

  it("keeps the status that each of them names", () => {
    const text = "Error: A: unexpected status 409 (409 Conflict)\nError: B: unexpected status 403 (403 Forbidden)";
    expect(diagnose(text)).toMatchObject({ status: 403, disposition: "permanent" });
  });

  it("waits for the longest of them", () => {
    const text =
      "ERROR: (TooManyRequests) Try again after 5 seconds.\nERROR: (TooManyRequests) Too fast, try again after 90 seconds.";
    expect(readFailure(text).retryAfterMs).toBe(90_000);
  });

  it("a known code decides where another line has only words that nobody knows", () => {
    const text = `ERROR: the widget went for a walk\nERROR: (AnotherOperationInProgress) ${busy}`;
    expect(diagnose(text)).toMatchObject({ code: "AnotherOperationInProgress", disposition: "transient" });
  });
});

describe("diagnoseAll", () => {
  const log = [
    "2026-03-01T08:00:00Z starting",
    "ERROR: (DeploymentFailed) At least one resource deployment operation failed.",
    "ERROR: (SkuNotAvailable) The requested size Standard_D2s_v5 is currently not available in location 'westus'.",
    "ERROR: (SkuNotAvailable) The requested size Standard_D2s_v5 is currently not available in location 'westus'.",
    `##[error](AuthorizationFailed) ${denied}`,
    "##[error]Process completed with exit code 1.",
  ].join("\n");

  it("lists each failure once, in order, without wrappers and last words", () => {
    expect(diagnoseAll(log).map(({ diagnosis: { code }, occurrences }) => [code, occurrences])).toEqual([
      ["SkuNotAvailable", 2],
      ["AuthorizationFailed", 1],
    ]);
  });

  it("says where code and message are in the text", () => {
    const spans = diagnoseAll(log).map(({ codeSpan, messageSpan }) =>
      [codeSpan, messageSpan].map((span) => span && log.slice(span.from, span.to)),
    );
    expect(spans).toEqual([
      ["SkuNotAvailable", "The requested size Standard_D2s_v5 is currently not available in location 'westus'."],
      ["AuthorizationFailed", denied],
    ]);
  });

  it("finds a message that is wrapped, escaped and behind a gutter", () => {
    const wrapped =
      '│ Error: Code="SkuNotAvailable" Message="The requested size\n│ Standard_D2s_v5 is currently\n│ not available in location \\"westus\\"."';
    const [found] = diagnoseAll(wrapped);
    const span = found?.messageSpan;
    expect(span && wrapped.slice(span.from, span.to)).toBe(
      'The requested size\n│ Standard_D2s_v5 is currently\n│ not available in location \\"westus',
    );
  });

  it("lists the roots of one body as failures of their own", () => {
    const body = {
      error: {
        code: "DeploymentFailed",
        message: "At least one failed.",
        details: [
          { code: "SkuNotAvailable", message: "No such size here." },
          { code: "ScopeLocked", message: "The scope is locked." },
        ],
      },
    };
    const found = diagnoseAll(JSON.stringify(body));
    expect(found.map(({ diagnosis: { code, chain } }) => [code, chain.length])).toEqual([
      ["SkuNotAvailable", 2],
      ["ScopeLocked", 2],
    ]);
  });

  it("has one entry where nothing is known", () => {
    expect(diagnoseAll("all is well").map(({ diagnosis }) => diagnosis.basis)).toEqual(["none"]);
    expect(diagnoseAll("")).toHaveLength(1);
  });
});

describe("records of Windows PowerShell", () => {
  const record = (sentence: string, id: string): string =>
    `Register-AzWidget : ${sentence}\nAt line:1 char:1\n+ Register-AzWidget -Name w1 -Featu ...\n+ ~~~~~~~~~~~~~~~~~~~~~~~~~\n    + CategoryInfo          : CloseError: (:) [Register-AzWidget], CloudException\n    + FullyQualifiedErrorId : ${id}\n `;

  it("the sentence counts, not the kind of .NET exception", () => {
    const text = record(
      "The feature 'W' does not support registration.",
      "Microsoft.Azure.Commands.RegisterWidgetCmdlet",
    );
    expect(rootOf(text)).toEqual({ message: "The feature 'W' does not support registration." });
  });

  it("the code of a generated module counts", () => {
    const text = record("The disk is busy.", "DiskBusy,Microsoft.Azure.PowerShell.Cmdlets.Compute.StartAzWidget");
    expect(rootOf(text)).toEqual({ code: "DiskBusy", message: "The disk is busy." });
  });
});

describe("last words of tools", () => {
  it.each([
    "##[error]Process completed with exit code 1.",
    "Error: Process completed with exit code 1.",
    "##[error]PowerShell exited with code '1'.",
    "##[error]Bash exited with code '2'.",
    "Error: Terraform exited with code 1.",
    "Error: The process '/usr/bin/az' failed with exit code 1",
    "The command failed with an unexpected error. Here is the traceback:",
  ])("%s: no failure beside another, and said to be what it is when alone", (words) => {
    const text = `Something before\nERROR: (DiskBusy) Disk 'd1' is busy.\n${words}`;
    const root = rootOf(text);
    expect(root).toEqual({ code: "DiskBusy", message: "Disk 'd1' is busy." });
    expect(diagnoseAll(text).map(({ diagnosis }) => diagnosis.code)).toEqual(["DiskBusy"]);
    const alone = diagnose(words);
    expect(alone).toMatchObject({ disposition: "permanent", category: "other", rule: { id: "tool-ended" } });
    expect(alone.code).toBeUndefined();
  });

  it("an exit status is no HTTP status", () => {
    expect(readFailure("it ended with exit status 124").status).toBeUndefined();
  });
});

describe("where tools put the code", () => {
  it.each<[what: string, text: string, code: string | undefined]>([
    ["gRPC", "rpc error: code = NotFound desc = disk d1 is gone", "NotFound"],
    ["gRPC that says nothing", "rpc error: code = Unknown desc = disk d1 is gone", undefined],
    [
      "gRPC around a code",
      'rpc error: code = Internal desc = Code="DiskBusy" Message="Disk \'d1\' is busy."',
      "DiskBusy",
    ],
    [
      "Application Insights",
      "Exception Type: Rpc.RpcException\n\nOuter Message: Exception while executing function: Functions.f1\n\nInner Message:\nResult: Failure\nException: ResourceExistsError: (DiskBusy) Disk 'd1' is busy.\nCode: DiskBusy",
      "DiskBusy",
    ],
    ["curly quotes", "It failed with code “DiskBusy” and message “Disk 'd1' is busy.”", "DiskBusy"],
    ["the service's name in front", "(Compute.DiskBusy): Disk 'd1' is busy.", "DiskBusy"],
    ["a quotation mark before the bracket", "exception: \"(DiskBusy) Disk 'd1' is busy.\"", "DiskBusy"],
    ["a number of service management", "The request was refused. (Error 28031)", "28031"],
    ["Chinese labels", "错误代码：DiskBusy\n错误消息：磁盘正忙。", "DiskBusy"],
    ["a dash", "DiskInUse - Disk 'd1' is busy.", "DiskInUse"],
    [
      "a plugin's dash",
      "Deployment Failed: Microsoft.Compute/virtualMachines:w1 - BadRequest - Status@4b46",
      "BadRequest",
    ],
    ["a class before a colon", "x.y.CloudException: AzureWidgetCloud: createAgent: it took too long", undefined],
    ["a type of error", "FetchError: request to https://x failed, reason: connect ETIMEDOUT 10.0.0.1:443", "ETIMEDOUT"],
  ])("%s", (_, text, code) => {
    expect(diagnose(text).code).toBe(code);
  });

  it.each(["301", "BadRequest", "NotFound", "Conflict"])("%s never beats the telling code around it", (code) => {
    const body = {
      code: "WidgetFailed",
      message: "See inner errors.",
      details: [{ code, message: "The bolt is loose." }],
    };
    expect(rootOf(body)).toMatchObject({ code: "WidgetFailed", message: "The bolt is loose." });
  });
});

describe("waits in words", () => {
  it.each([
    ["Retriable: true, RetryAfter: 102s, HTTPStatusCode: 429", 102_000],
    ["Retriable: true, RetryAfter: 0s, HTTPStatusCode: 409", undefined],
    ["will retry after 2m0s", 120_000],
    ["Will retry in: 1200 seconds", 1_200_000],
    ["Please retry after PT1M30S.", 90_000],
    ["Please try again in 5 minutes.", 300_000],
    ["No retries permitted until later (durationBeforeRetry 32s)", 32_000],
    ["did not finish in 20 minutes. Please retry later", undefined],
    ["try again after '10' seconds", 10_000],
  ])("%s", (text, waitMs) => {
    expect(waitFromWords(text)).toBe(waitMs);
  });
});

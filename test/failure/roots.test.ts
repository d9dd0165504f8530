import { describe, expect, it } from "vitest";
import { readFailure } from "../../src/failure/read.js";
import { codesOf, rootOf, rootsOf } from "./reading.js";

interface Node {
  code?: string;
  message?: string;
  target?: string;
  details?: Node[];
}

const error = (code: string, message: string, ...details: Node[]): Node => ({ code, message, details });

describe("wrappers are never the root when something is below", () => {
  it.each([
    "DeploymentFailed",
    "ResourceDeploymentFailure",
    "ResourceOperationFailure",
    "InvalidTemplateDeployment",
    "MultipleErrorsOccurred",
    "DeployError",
    "Conflict",
    "BadRequest",
    "Forbidden",
    "NotFound",
    "RequestTimeout",
    "Failed",
    "Canceled",
    "ReconcileVMSSAgentPoolFailed",
    "BatchMachineClientError",
  ])("%s", (wrapper) => {
    expect(codesOf(readFailure(error(wrapper, "Something failed.", error("DiskBusy", "Busy."))))).toEqual([
      wrapper,
      "DiskBusy",
    ]);
    expect(
      codesOf(readFailure(error(wrapper, "Something failed.", error("2008", "It cannot be enabled again.")))),
    ).toEqual([wrapper, "2008"]);
  });

  it("is the root when nothing is below", () => {
    expect(rootOf(error("ResourceDeploymentFailure", "Ended in Failed.")).code).toBe("ResourceDeploymentFailure");
    const ended = error("ResourceDeploymentFailure", "Ended in Failed.");
    expect(codesOf(readFailure(error("DeploymentFailed", "m", ended)))).toEqual([
      "DeploymentFailed",
      "ResourceDeploymentFailure",
    ]);
    const conflict = error("Conflict", JSON.stringify({ status: "Failed", error: ended }));
    expect(codesOf(readFailure(error("DeploymentFailed", "m", conflict)))).toEqual([
      "DeploymentFailed",
      "Conflict",
      "ResourceDeploymentFailure",
    ]);
  });
});

describe("the innermost node is the root, unless it tells less", () => {
  it.each<[reason: string, body: Node, root: { code?: string; message: string }]>([
    [
      "a number that repeats its parent",
      error("BadArgument", "Name is taken.", error("301", "Name is taken.")),
      { code: "BadArgument", message: "Name is taken." },
    ],
    [
      "a number never counts more than the code around it",
      error("BadArgument", "Name is taken.", error("301", "Use $filter instead.")),
      { code: "BadArgument", message: "Name is taken." },
    ],
    [
      "Unspecified",
      error("NotFound", "No such pool.", error("Unspecified", "rpc error")),
      { code: "NotFound", message: "No such pool." },
    ],
    ["an empty code", error("DiskBusy", "Busy.", { code: "", message: "x" }), { code: "DiskBusy", message: "Busy." }],
    ["only words", error("DiskBusy", "Busy.", { message: "x" }), { code: "DiskBusy", message: "Busy." }],
    ["an empty envelope", error("DiskBusy", "Busy.", error("BadRequest", "")), { code: "DiskBusy", message: "Busy." }],
    [
      "the name of a property",
      error("InvalidParameter", "The password is too short.", {
        code: "Password",
        target: "osProfile.adminPassword",
        message: "6",
      }),
      { code: "InvalidParameter", message: "The password is too short." },
    ],
    [
      "the path of a property",
      error("InvalidParameter", "A value is wrong.", {
        code: "properties.osProfile.computerName",
        message: "too long",
      }),
      { code: "InvalidParameter", message: "A value is wrong." },
    ],
  ])("%s", (_, body, root) => {
    expect(rootOf({ error: body })).toEqual(root);
  });

  it("takes words below a wrapper, and lends words to a code without any", () => {
    expect(rootOf(error("DeploymentFailed", "m", { message: "The disk is busy." }))).toEqual({
      message: "The disk is busy.",
    });
    expect(rootOf(error("DiskBusy", "", { message: "The disk is busy." }))).toEqual({
      code: "DiskBusy",
      message: "The disk is busy.",
    });
  });

  it("finds the throttle that Compute hides", () => {
    const window = JSON.stringify({
      operationGroup: "PutVM3Min",
      startTime: "2024-01-01T00:00:00Z",
      endTime: "2024-01-01T00:03:00Z",
    });
    const failure = readFailure({
      code: "OperationNotAllowed",
      message: "Too many requests.",
      details: [{ code: "TooManyRequests", target: "PutVM3Min", message: window }],
    });
    expect(codesOf(failure)).toEqual(["OperationNotAllowed", "TooManyRequests"]);
    expect(rootsOf(failure)[0]).toEqual({ code: "TooManyRequests", target: "PutVM3Min", message: window });
  });

  it("takes a detail that repeats its parent for the same node", () => {
    const missing = { code: "MissingSubscriptionRegistration", message: "Not registered for 'Contoso.Disks'." };
    expect(readFailure({ error: { ...missing, details: [{ ...missing, target: "Contoso.Disks" }] } }).chains).toEqual([
      [{ ...missing, target: "Contoso.Disks" }],
    ]);
  });
});

describe("several roots", () => {
  it("keeps all of them, the most telling first", () => {
    const failure = readFailure(
      error("DeploymentFailed", "m", error("Conflict", "Try later."), error("DiskBusy", "d1"), error("NicBusy", "n1")),
    );
    expect(rootsOf(failure).map(({ code }) => code)).toEqual(["DiskBusy", "NicBusy", "Conflict"]);
  });

  it("drops what only says that something failed beside what says why", () => {
    const failure = readFailure(
      error(
        "DeploymentFailed",
        "m",
        error("ResourceDeploymentFailure", "Ended in Failed."),
        error("BadRequest", ""),
        error("301", "x"),
        { message: "See the log." },
        error("DiskBusy", "d1"),
      ),
    );
    expect(rootsOf(failure)).toEqual([{ code: "DiskBusy", message: "d1" }]);
  });

  it("counts the same failure of ten machines once, and ten different ones ten times", () => {
    const tenTimes = (message: (i: number) => string): Node =>
      error("DeploymentFailed", "m", ...Array.from({ length: 10 }, (_, i) => error("DiskBusy", message(i))));
    expect(readFailure(tenTimes(() => "Busy.")).chains).toHaveLength(1);
    expect(readFailure(tenTimes((i) => `Disk ${i} is busy.`)).chains).toHaveLength(10);
  });
});

describe("codes as they are spelled", () => {
  it.each([
    ["Compute.DiskBusy", "DiskBusy"],
    ["Microsoft.Compute.DiskBusy", "DiskBusy"],
    ["ProvisioningState/failed/DiskBusy", "DiskBusy"],
    [" DiskBusy\r\n", "DiskBusy"],
    ["Disk\n    Busy", "DiskBusy"],
    ["Internal error", "Internal error"],
    ["diskBusy", "diskBusy"],
    ["InvalidParameter.vmSize", "InvalidParameter.vmSize"],
    ["2008", "2008"],
  ])("%j is %j", (spelled, code) => {
    expect(rootOf({ error: { code: spelled, message: "m" } }).code).toBe(code);
  });

  it.each(["", "undefined", "null", "None", "<nil>", "N/A"])("%j is none", (spelled) => {
    expect(rootOf({ error: { code: spelled, message: "m" } })).toEqual({ message: "m" });
  });
});

/** Never "done" for what did not happen, and never "failed" for what did: what a read-back and a lost result may say. */
import { describe, expect, it } from "vitest";
import { generations, type VmBody } from "../support/clients.js";
import { remedyErrorOf } from "../support/outcome.js";
import { patchTags } from "../support/pollers.js";
import { scene } from "../support/scene.js";
import { ComputeManagementClient as Compute24 } from "@azure/arm-compute";
import type { Compute } from "../support/clients.js";

const restart = async ({ client }: Compute, vm: string): Promise<unknown> =>
  client instanceof Compute24
    ? client.virtualMachines.restart("rg", vm)
    : client.virtualMachines.beginRestartAndWait("rg", vm);

describe.each(generations)("done is reported only for what happened, with arm-compute %s", (generation) => {
  it("a canceled restart is canceled, though the machine runs", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      told.arm.fail("OperationPreempted", { on: "POST virtualMachines/restart", as: "canceled" });
      const error = await remedyErrorOf(restart(told.client(), "web-01"));
      expect(error).toMatchObject({ code: "OperationPreempted", reason: "the operation was canceled" });
      expect(told.arm.exchanges.filter(({ method }) => method === "POST")).toHaveLength(1);
    }));

  it("a restart whose poll says nothing any more is unknown, though the machine runs", () =>
    scene(
      generation,
      async (told) => {
        told.arm.addVm({ name: "web-01" });
        told.arm.fail(
          { status: 404, body: { error: { code: "NotFound", message: "No such operation." } } },
          {
            on: "GET operations",
            times: Infinity,
          },
        );
        const error = await remedyErrorOf(restart(told.client(), "web-01"));
        expect(error).toMatchObject({ outcome: "unknown", resume: { method: "POST" } });
      },
      { left: "some", operations: { polls: 30 } },
    ));

  it("a canceled update is canceled at once, whatever the machine's state", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      const canceled = { status: 200, body: { status: "Canceled" } };
      told.arm.fail(canceled, { on: "GET operations", times: Infinity });
      const error = await remedyErrorOf(patchTags(told.client(), "web-01", { mark: "new" }, "*"));
      expect(error).toMatchObject({ outcome: "failed", reason: "the operation was canceled" });
      expect(told.arm.exchanges.filter(({ name }) => name === "virtualMachines/web-01")).toHaveLength(1);
    }));

  it("an update that a newer one took over is done only where the machine shows it", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01" });
      told.arm.fail("OperationPreempted", { on: "PATCH virtualMachines", as: "canceled" });
      const error = await remedyErrorOf(patchTags(told.client(), "web-01", { mark: "new" }, "*"));
      expect(error).toMatchObject({ code: "OperationPreempted", outcome: "unknown" });
    }));
});

const bodies: Partial<VmBody> = { tags: { mark: "new" } };

describe.each(generations)("after an operation has succeeded, with arm-compute %s", (generation) => {
  it("a create whose machine is not there yet is read again", () =>
    scene(generation, async (told) => {
      told.arm.fail("ResourceNotFound", { on: "GET virtualMachines/web-01", times: 2 });
      expect(await told.client().create("web-01", bodies)).toMatchObject({ name: "web-01" });
      expect(told.said.filter((line) => line.startsWith("retry"))).toHaveLength(2);
    }));

  it.each([403, 404, 409])("a result that cannot be read (%i) is the one that the status document brought", (status) =>
    scene(generation, async (told) => {
      const refused = { status, body: { error: { code: "NotNow", message: "Not now." } } };
      told.arm.fail(refused, { on: "GET virtualMachines/web-01", times: Infinity });
      expect(await told.client().create("web-01", bodies)).toMatchObject({ name: "web-01", tags: { mark: "new" } });
    }),
  );

  it("without one the outcome is unknown, with the means to read it elsewhere", () =>
    scene(generation, async (told) => {
      told.arm.fail({ status: 200, body: { status: "Succeeded" } }, { on: "GET operations", times: Infinity });
      told.arm.fail("AuthorizationFailed", { on: "GET virtualMachines/web-01", times: Infinity });
      const error = await remedyErrorOf(told.client().create("web-01", bodies));
      expect(error).toMatchObject({ code: "AuthorizationFailed", outcome: "unknown", resume: { method: "PUT" } });
      expect(error.reason).toContain("the operation has succeeded");
    }));
});

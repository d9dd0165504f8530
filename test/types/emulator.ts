/** What must compile and what must not, checked by `npm run types`; nothing here runs. */
import { ComputeManagementClient as Compute24 } from "@azure/arm-compute";
import { createPipelineFromOptions, type Pipeline } from "@azure/core-rest-pipeline";
import { ComputeManagementClient as Compute22 } from "arm-compute-22";
import { ComputeManagementClient as Compute23 } from "arm-compute-23";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { expectTypeOf } from "vitest";

const arm = await startEmulator();
expectTypeOf(arm).toEqualTypeOf<Emulator>();

// Its credential and options fit every generation's constructor.
new Compute22(arm.credential, arm.subscriptionId, arm.clientOptions);
new Compute23(arm.credential, arm.subscriptionId, arm.clientOptions);
new Compute24(arm.credential, arm.subscriptionId, arm.clientOptions);
expectTypeOf(arm.connect(createPipelineFromOptions({}))).toEqualTypeOf<Pipeline>();

arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines", times: 2 });
// @ts-expect-error the option is called times
arm.fail("StorageAccountTooBusy", { time: 2 });
// @ts-expect-error no such option
await startEmulator({ ports: 8080 });

arm.sick("web-01", "missing-datasource").remove();
// @ts-expect-error no such illness
arm.sick("web-01", "flu");
arm.lock("rg", "ReadOnly", { notes: "Ask finance." }).remove();
// @ts-expect-error no such level
arm.lock("rg", "Open");
arm.denyByPolicy({ name: "loc", field: "location", allowed: ["westeurope"] });
// @ts-expect-error a policy needs a field
arm.denyByPolicy({ name: "loc" });
expectTypeOf(arm.executions[0]?.count).toEqualTypeOf<number | undefined>();

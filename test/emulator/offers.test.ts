/** What may be created and what is left of it: SKUs, restrictions, usages, quota, capacity, placement scores. */
import { startEmulator, type Emulator, type EmulatorOptions } from "azure-remedy/emulator";
import { afterEach, describe, expect, it } from "vitest";
import { compute22, compute24 } from "./clients.js";
import { ask, compute, vm } from "./direct.js";
import { manualClock } from "./manual-clock.js";

let arm: Emulator;
const start = async (options: EmulatorOptions = {}): Promise<void> => {
  arm = await startEmulator({ operations: { polls: 0 }, ...options });
};
afterEach(() => arm.stop());

const machine = (vmSize: string, more: { zones?: string[]; priority?: string } = {}): object => ({
  location: "westeurope",
  ...(more.zones && { zones: more.zones }),
  properties: { hardwareProfile: { vmSize }, ...(more.priority && { priority: more.priority }) },
});
const place = "/providers/Microsoft.Compute/locations/westeurope";

interface Usage {
  readonly currentValue: number;
  readonly limit: number;
  readonly name: { readonly value?: string; readonly localizedValue?: string };
}
interface UsageLists {
  list(location: string): AsyncIterable<Usage>;
}
/** The operations group has had two names. */
function usagesOf(client: object): UsageLists {
  const { usageOperations, usage } = client as { usageOperations?: UsageLists; usage?: UsageLists };
  const found = usageOperations ?? usage;
  if (!found) throw new Error("The client lists no usages.");
  return found;
}

/** The code that the create ends with: that of the answer, or that of its operation. */
async function create(name: string, body: object): Promise<string | undefined> {
  const accepted = await ask(arm, "PUT", vm(name), body);
  if (accepted.status >= 400) return accepted.error.code;
  return (await ask(arm, "GET", accepted.headers.get("azure-asyncoperation") ?? "")).error.code;
}

describe.each([
  ["22", compute22],
  ["24", compute24],
] as const)("by arm-compute %s", (_, client) => {
  it("SKUs come with capabilities as texts and with restrictions", async () => {
    await start();
    arm.restrict("Standard_D4s_v5", { zones: ["2"] });
    const skus = [];
    for await (const sku of client(arm).resourceSkus.list({ filter: "location eq 'westeurope'" })) skus.push(sku);
    const machines = skus.filter(({ resourceType }) => resourceType === "virtualMachines");
    expect(skus.length).toBeGreaterThan(machines.length);
    const byName = new Map(machines.map((sku) => [sku.name, sku]));
    const zoned = byName.get("Standard_D4s_v5");
    expect(zoned?.family).toBe("standardDSv5Family");
    expect(zoned?.capabilities).toContainEqual({ name: "vCPUs", value: "4" });
    expect(zoned?.locationInfo?.[0]?.zones).toEqual(["3", "1", "2"]);
    expect(zoned?.restrictions).toMatchObject([
      {
        type: "Zone",
        values: ["westeurope"],
        restrictionInfo: { zones: ["2"] },
        reasonCode: "NotAvailableForSubscription",
      },
    ]);
    expect(byName.get("Standard_NC4as_T4_v3")?.restrictions?.[0]).toMatchObject({ type: "Location" });
    expect(byName.get("Standard_DC4as_v5")?.restrictions?.[0]).toMatchObject({ reasonCode: "QuotaId" });
    const valueOf = (size: string, name: string): string | undefined =>
      byName.get(size)?.capabilities?.find((capability) => capability.name === name)?.value;
    expect(valueOf("Standard_D2ps_v5", "CpuArchitectureType")).toBe("Arm64");
    expect(valueOf("Standard_D2ds_v6", "DiskControllerTypes")).toBe("NVMe");
    expect(valueOf("Standard_D2s_v5", "DiskControllerTypes")).toBeUndefined();
    expect(valueOf("Standard_E4-2s_v5", "vCPUsAvailable")).toBe("2");
    expect(valueOf("Standard_D2s_v5", "MaxResourceVolumeMB")).toBe("0");
    expect(valueOf("Standard_B2s", "LowPriorityCapable")).toBe("False");
    expect(valueOf("Standard_D2ps_v5", "TrustedLaunchDisabled")).toBe("True");
    expect(valueOf("Standard_NC4as_T4_v3", "GPUs")).toBe("1");
  });

  it("usages count what was created: family, region, spot", async () => {
    await start();
    arm.quota("standardDSv5Family", 10);
    await create("a", machine("Standard_D4s_v5"));
    await create("b", machine("Standard_D4s_v5", { priority: "Spot" }));
    await create("c", machine("Standard_E2s_v5"));
    const usages: Usage[] = [];
    for await (const usage of usagesOf(client(arm)).list("westeurope")) usages.push(usage);
    const counter = (name: string) => usages.find((usage) => usage.name.value === name);
    expect(counter("standardDSv5Family")).toMatchObject({
      currentValue: 4,
      limit: 10,
      unit: "Count",
      name: { localizedValue: "Standard DSv5 Family vCPUs" },
    });
    expect(counter("cores")?.currentValue).toBe(6);
    expect(counter("lowPriorityCores")?.currentValue).toBe(4);
    expect(counter("virtualMachines")?.currentValue).toBe(3);
    expect(counter("Standard NCASv3_T4 Family")?.currentValue).toBe(0);
  });
});

describe("quota", () => {
  it("refuses what does not fit, with its numbers, and lets through what frees as much", async () => {
    await start();
    arm.quota("standardDSv5Family", 8);
    expect(await create("a", machine("Standard_D4s_v5"))).toBeUndefined();
    expect(await create("b", machine("Standard_D8s_v5"))).toBe("OperationNotAllowed");
    const refused = await ask(arm, "PUT", vm("b"), machine("Standard_D8s_v5"));
    expect(refused.error.message).toContain(
      "exceeding approved standardDSv5Family Cores quota. Additional details - Deployment Model: Resource Manager, Location: westeurope, Current Limit: 8, Current Usage: 4, Additional Required: 8, (Minimum) New Limit Required: 12.",
    );
    expect(arm.vm("b")).toBeUndefined();
    // A resize needs the difference alone.
    const resized = await ask(arm, "PATCH", vm("a"), {
      properties: { hardwareProfile: { vmSize: "Standard_D8s_v5" } },
    });
    expect(resized.status).toBe(200);
    // Spot machines have a pool of their own.
    arm.quota("lowPriorityCores", 2);
    expect(await create("s1", machine("Standard_D2s_v5", { priority: "Spot" }))).toBeUndefined();
    expect(await create("s2", machine("Standard_E2s_v5", { priority: "Spot" }))).toBe("OperationNotAllowed");
    expect(() => arm.quota("standardDSv55Family", 1)).toThrow('no counter "standardDSv55Family"');
  });
});

describe("a restriction", () => {
  it("really refuses: the region, or some zones", async () => {
    await start();
    const condition = arm.restrict("Standard_D2s_v5");
    expect(await create("a", machine("Standard_D2s_v5"))).toBe("SkuNotAvailable");
    condition.remove();
    arm.restrict("Standard_D2s_v5", { zones: ["2"], location: "West Europe" });
    expect(await create("b", machine("Standard_D2s_v5", { zones: ["2"] }))).toBe("SkuNotAvailable");
    expect(await create("c", machine("Standard_D2s_v5", { zones: ["1"] }))).toBeUndefined();
    expect(await create("d", machine("Standard_D2s_v5"))).toBeUndefined();
    expect(() => arm.restrict("Standard_D2s_v55")).toThrow(/no size "Standard_D2s_v55"\. They have: Standard_D2s_v5/);
  });
});

describe("capacity", () => {
  it("that is short lets allocations fail where the SKUs show no restriction", async () => {
    await start();
    const condition = arm.shortage("Standard_D2s_v5", { zones: ["1"] });
    expect(await create("a", machine("Standard_D2s_v5", { zones: ["1"] }))).toBe("ZonalAllocationFailed");
    expect(arm.vm("a")).toMatchObject({ provisioningState: "Failed", powerState: "unknown" });
    expect(await create("b", machine("Standard_D2s_v5"))).toBeUndefined();
    condition.remove();
    arm.shortage("Standard_D2s_v5", { refused: true });
    expect(await create("c", machine("Standard_D2s_v5"))).toBe("SkuNotAvailable");
    // A deallocated machine has given its place away.
    arm.addVm({ name: "d", size: "Standard_D2s_v5", powerState: "deallocated" });
    const started = await ask(arm, "POST", vm("d", "/start"));
    expect((await ask(arm, "GET", started.headers.get("azure-asyncoperation") ?? "")).error.code).toBe(
      "AllocationFailed",
    );
    expect(arm.vm("d")).toMatchObject({ provisioningState: "Failed", powerState: "deallocated" });
  });

  it("comes and goes in a simulated region, the same for the same seed", async () => {
    const clock = manualClock();
    const asked = async (seed: number): Promise<string> => {
      await using region = await startEmulator({ clock, operations: { polls: 0 }, capacity: { seed, vCPUs: 16 } });
      arm = region;
      const outcomes = [];
      for (const size of ["Standard_D4s_v5", "Standard_E4s_v5", "Standard_D4as_v5", "Standard_F4s_v2"]) {
        for (const zone of ["1", "2", "3"]) {
          for (let count = 0; count < 4; count += 1) {
            outcomes.push(
              (await create(`${size}-${zone}-${count}`.toLowerCase(), machine(size, { zones: [zone] }))) ?? "ok",
            );
          }
        }
      }
      return outcomes.join(" ");
    };
    const first = await asked(7);
    expect(first).toContain("ok");
    expect(first).toContain("ZonalAllocationFailed");
    expect(await asked(7)).toBe(first);
    expect(await asked(8)).not.toBe(first);
    clock.advance(3_600_000);
    expect(await asked(7)).not.toBe(first);
    await start();
  });

  it("is given back by what is deallocated", async () => {
    const clock = manualClock();
    await start({ clock, capacity: { seed: 1, vCPUs: 8, shortage: 0, everyMs: 1e12 } });
    const body = machine("Standard_D2s_v5", { zones: ["1"] });
    let made = 0;
    while ((await create(`m${made}`, body)) === undefined) made += 1;
    expect(made).toBeGreaterThan(0);
    await ask(arm, "POST", vm("m0", "/deallocate"));
    arm.finishOperations();
    expect(await create("again", body)).toBeUndefined();
    expect(await create("more", body)).toBe("ZonalAllocationFailed");
  });

  it.each([
    [{ seed: 0.5 }, "capacity.seed must be a whole number, not 0.5"],
    [{ seed: 1, shortage: 2 }, "capacity.shortage must be a number from 0 to 1, not 2"],
  ])("options that are wrong are named: %j", async (capacity, words) => {
    await start();
    await expect(startEmulator({ capacity })).rejects.toThrow(words);
  });
});

describe("placement scores", () => {
  it("say restricted, quota and likelihood for each zone", async () => {
    await start();
    arm.restrict("Standard_D4s_v5", { zones: ["2"] });
    arm.shortage("Standard_D4s_v5", { zones: ["3"] });
    arm.quota("lowPriorityCores", 8);
    const asked = {
      desiredLocations: ["westeurope"],
      desiredSizes: [{ sku: "Standard_D4s_v5" }],
      desiredCount: 3,
      availabilityZones: true,
    };
    const { status, body } = await ask(arm, "POST", `${place}/placementScores/spot/generate`, asked);
    expect(status).toBe(200);
    expect(body).toMatchObject(asked);
    expect(body["placementScores"]).toEqual([
      { sku: "Standard_D4s_v5", region: "westeurope", availabilityZone: "1", score: "High", isQuotaAvailable: false },
      {
        sku: "Standard_D4s_v5",
        region: "westeurope",
        availabilityZone: "2",
        score: "RestrictedSkuNotAvailable",
        isQuotaAvailable: false,
      },
      { sku: "Standard_D4s_v5", region: "westeurope", availabilityZone: "3", score: "Low", isQuotaAvailable: false },
    ]);
    const tooMany = await ask(arm, "POST", `${place}/placementScores/regular/generate`, { ...asked, desiredSizes: [] });
    expect(tooMany.error.message).toContain("desiredSizes must have 1 to 5 items");
  });
});

describe("sizes", () => {
  it("of a running machine are those of its cluster; of a deallocated one, all", async () => {
    await start();
    arm.addVm({ name: "on", size: "Standard_D2s_v5" });
    arm.addVm({ name: "off", size: "Standard_D2s_v5", powerState: "deallocated" });
    const namesOf = async (name: string): Promise<unknown[]> => {
      const { body } = await ask(arm, "GET", vm(name, "/vmSizes"));
      return (body["value"] as { name: string }[]).map((size) => size.name);
    };
    expect(await namesOf("on")).toEqual(["Standard_D2s_v5", "Standard_D4s_v5", "Standard_D8s_v5", "Standard_D16s_v5"]);
    expect((await namesOf("off")).length).toBeGreaterThan(20);
  });

  it("are filtered by location and by nothing else", async () => {
    await start();
    const url = `${arm.endpoint}/subscriptions/${arm.subscriptionId}/providers/Microsoft.Compute/skus?api-version=2021-07-01`;
    const other = await fetch(`${url}&$filter=${encodeURIComponent("resourceType eq 'disks'")}`);
    expect(other.status).toBe(400);
    expect((await ask(arm, "GET", compute("virtualMachines"))).status).toBe(200);
  });
});

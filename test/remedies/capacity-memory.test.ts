import {
  CapacityMemory,
  defineRemedy,
  diagnose,
  fallbackSizes,
  fallbackZones,
  type Diagnosis,
  type Offer,
} from "azure-remedy";
import type { CapacityStore } from "azure-remedy/capacity";
import { describe, expect, it } from "vitest";

const full = diagnose({ error: { code: "AllocationFailed", message: "Allocation failed." } });
const notOffered = diagnose({ error: { code: "SkuNotAvailable", message: "Not available." } });
const offer: Offer = { subscription: "s", region: "West Europe", size: "Standard_D2s_v5" };
const hourMs = 3_600_000;

describe("the memory of capacity", () => {
  it("knows a place by any spelling of it", () => {
    const memory = new CapacityMemory();
    memory.learn(offer, full, 0);
    expect(memory.isFull({ subscription: "S", region: "westeurope", size: "standard_d2s_v5" }, 1)).toBe(true);
    expect(memory.isFull({ ...offer, zone: "1" }, 1)).toBe(false);
  });

  it("knows that spot machines get what regular ones leave, not the reverse", () => {
    const memory = new CapacityMemory();
    memory.learn(offer, full, 0);
    expect(memory.isFull({ ...offer, spot: true }, 1)).toBe(true);
    const other = { ...offer, size: "Standard_D4s_v5" };
    memory.learn({ ...other, spot: true }, full, 0);
    expect(memory.isFull(other, 1)).toBe(false);
  });

  it("knows a quota for its pool: a family, or all spot machines of the region", () => {
    const quota = (words: string): Diagnosis =>
      diagnose({
        error: {
          code: "OperationNotAllowed",
          message: `Operation could not be completed as it results in exceeding approved ${words} quota. Current Limit: 10, Current Usage: 10, Additional Required: 2, (Minimum) New Limit Required: 12.`,
        },
      });
    const memory = new CapacityMemory();
    memory.learn({ ...offer, family: "standardDSv5Family" }, quota("standardDSv5Family Cores"), 0);
    const sibling = { ...offer, size: "Standard_D8s_v5", zone: "2", family: "standardDSv5Family" };
    expect(memory.isFull(sibling, 1)).toBe(true);
    expect(memory.isFull({ ...sibling, family: "standardESv5Family" }, 1)).toBe(false);
    expect(memory.isFull(sibling, hourMs / 6)).toBe(false);
    memory.learn({ ...offer, spot: true }, quota("LowPriorityCores"), 0);
    expect(memory.isFull({ ...sibling, spot: true }, hourMs - 1)).toBe(true);
  });

  it("is shared through a store, whose nonsense and absence cost nothing", async () => {
    const kept: Record<string, Record<string, number>> = {};
    const store: CapacityStore = {
      read: (region) => Promise.resolve(kept[region] ?? {}),
      write: (region, key, until) => Promise.resolve(void ((kept[region] ??= {})[key] = until)),
    };
    new CapacityMemory({ store }).learn(offer, full, 0);
    const other = new CapacityMemory({ store });
    await other.refresh(offer, 1);
    expect(other.isFull(offer, 1)).toBe(true);
    const absurd = new CapacityMemory({
      store: { ...store, read: () => Promise.resolve({ [Object.keys(kept["s|westeurope"] ?? {})[0] ?? ""]: 1e300 }) },
    });
    await absurd.refresh(offer, 1);
    expect(absurd.isFull(offer, 1)).toBe(false);
    const away = new CapacityMemory({ store: { ...store, read: () => Promise.reject(new Error("away")) } });
    await away.refresh(offer, 1);
    expect(away.isEmpty).toBe(true);
  });

  it.each([
    ["a full region", offer, full, 1],
    ["a size that is not offered", offer, notOffered, 23],
    ["a size that is not offered as Spot", { ...offer, spot: true }, notOffered, 1],
  ] as const)("keeps %s for its time, then forgets it", (_, place, diagnosis, hours) => {
    const memory = new CapacityMemory();
    memory.learn(place, diagnosis, 0);
    expect(memory.isFull(place, hours * hourMs - 1)).toBe(true);
    expect(memory.isFull(place, hours * hourMs)).toBe(false);
    expect(memory.isEmpty).toBe(true);
  });

  it("is extended by a repeat, and never shortened by a lesser one", () => {
    const memory = new CapacityMemory();
    memory.learn(offer, notOffered, 0);
    memory.learn(offer, full, hourMs);
    expect(memory.isFull(offer, 22 * hourMs)).toBe(true);
    memory.learn(offer, full, 22.5 * hourMs);
    expect(memory.isFull(offer, 23.4 * hourMs)).toBe(true);
  });

  it("keeps a thousand places, the youngest", () => {
    const memory = new CapacityMemory();
    for (let n = 0; n < 1_100; n++) memory.learn({ ...offer, size: `size-${n}` }, full, 0);
    expect(memory.isFull({ ...offer, size: "size-99" }, 1)).toBe(false);
    expect(memory.isFull({ ...offer, size: "size-100" }, 1)).toBe(true);
  });
});

describe("bad input to a remedy names itself", () => {
  it.each([
    [() => fallbackSizes([]), /fallbackSizes must be a list of sizes/],
    [() => fallbackZones([""]), /fallbackZones must be a list of zones/],
    [() => fallbackSizes("Standard_D2s_v5" as unknown as string[]), /it is "Standard_D2s_v5"/],
    [() => defineRemedy({ name: "", apply: () => Promise.resolve({ change: "" }) }), /remedy.name must be a name/],
    [() => defineRemedy({ name: "x" } as never), /remedy.apply must be a function/],
    [() => defineRemedy({ name: "x", maxRuns: -1, apply: () => Promise.resolve({ change: "" }) }), /remedy.maxRuns/],
    [() => defineRemedy({ name: "x", fits: true, apply: () => null } as never), /remedy.fits must be a function/],
    [() => defineRemedy(null as never), /defineRemedy must be a remedy/],
  ])("%s", (make, message) => {
    expect(make).toThrow(message);
  });
});

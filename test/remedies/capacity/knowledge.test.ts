/** What is read of a region, which sizes may replace another, and which candidates are left out. */
import { describe, expect, it } from "vitest";
import { bodyFor, planOf, type Candidate, type MachinePlan } from "../../../src/remedies/capacity/machine-plan.js";
import { nothingKnown, rank, scoreKey, type RegionKnowledge } from "../../../src/remedies/capacity/rank.js";
import { similar, similarSizes, whyUnfit, whyUnlike } from "../../../src/remedies/capacity/similar.js";
import { readSizeOffers, type SizeOffer } from "../../../src/remedies/capacity/size-offer.js";

const now = Date.UTC(2026, 10, 30);

const general = {
  vCPUs: "4",
  MemoryGB: "16",
  HyperVGenerations: "V1,V2",
  PremiumIO: "True",
  MaxDataDiskCount: "8",
  MaxNetworkInterfaces: "2",
  AcceleratedNetworkingEnabled: "True",
  LowPriorityCapable: "True",
};

function sku(name: string, family: string, traits: Readonly<Record<string, string>> = {}, more: object = {}): object {
  return {
    resourceType: "virtualMachines",
    name,
    family,
    locations: ["WestEurope"],
    locationInfo: [{ location: "westeurope", zones: ["1", "2"] }],
    capabilities: Object.entries({ ...general, ...traits }).map(([key, value]) => ({ name: key, value })),
    restrictions: [],
    ...more,
  };
}

const offers = readSizeOffers(
  [
    sku("Standard_D4s_v5", "standardDSv5Family"),
    sku("Standard_D4s_v4", "standardDSv4Family"),
    sku("Standard_D4as_v5", "standardDASv5Family"),
    sku("Standard_E4s_v5", "standardESv5Family", { MemoryGB: "32" }),
    sku("Standard_D8s_v5", "standardDSv5Family", { vCPUs: "8", MemoryGB: "32" }),
    sku("Standard_D4ps_v5", "standardDPSv5Family", { CpuArchitectureType: "Arm64", HyperVGenerations: "V2" }),
    sku("Standard_D4ds_v5", "standardDDSv5Family", { MaxResourceVolumeMB: "153600" }),
    sku("Standard_D4s_v6", "standardDSv6Family", { DiskControllerTypes: "NVMe" }),
    sku("Standard_F4s", "standardFSFamily", { RetirementDateUtc: "2026-01-01" }),
    sku("Standard_D4_v5", "standardDv5Family", { PremiumIO: "False" }),
    sku(
      "Standard_D4s_v3",
      "standardDSv3Family",
      {},
      { restrictions: [{ type: "Location", values: ["westeurope"], reasonCode: "NotAvailableForSubscription" }] },
    ),
  ],
  "West Europe",
);

function offer(name: string): SizeOffer {
  const found = offers.get(name.toLowerCase());
  if (!found) throw new Error(`${name} is not in the list`);
  return found;
}

const url =
  "https://management.azure.com/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01?api-version=2024-07-01";

function create(properties: object = {}, more: object = {}): { method: string; url: string; body: unknown } {
  const hardwareProfile = { vmSize: "Standard_D4s_v5" };
  return {
    method: "PUT",
    url,
    body: { location: "westeurope", ...more, properties: { hardwareProfile, ...properties } },
  };
}

function plan(properties: object = {}, more: object = {}): MachinePlan {
  const found = planOf(create(properties, more));
  if (!found) throw new Error("no plan");
  return found;
}

describe("the list of sizes", () => {
  it("keeps what decides a swap, and merges the entries of one size", () => {
    const split = [
      sku("Standard_D4s_v5", "f", {}, { locationInfo: [{ location: "westeurope", zones: ["1"] }] }),
      sku(
        "standard_d4s_v5",
        "f",
        {},
        {
          locationInfo: [{ location: "westeurope", zones: ["3"] }],
          restrictions: [{ type: "Zone", restrictionInfo: { zones: ["3"] }, reasonCode: "QuotaId" }],
        },
      ),
    ];
    expect(readSizeOffers(split, "westeurope").get("standard_d4s_v5")).toMatchObject({
      vCPUs: 4,
      zones: ["1", "3"],
      closedZones: ["3"],
      closedBecause: undefined,
      hasTempDisk: false,
    });
  });

  it.each([[undefined], [null], ["x"], [[null, 7, {}, { name: "a" }]], [[{ resourceType: "disks", name: "d" }]]])(
    "takes %j for no sizes",
    (entries) => {
      expect(readSizeOffers(entries, "westeurope").size).toBe(0);
    },
  );
});

describe("similar sizes", () => {
  it("are those that the hard rules let through, the most alike first", () => {
    const names = similarSizes(offer("Standard_D4s_v5"), offers, plan().needs, similar(), now).map(({ name }) => name);
    expect(names).toEqual([
      "Standard_D4as_v5",
      "Standard_D4s_v4",
      "Standard_D4s_v3",
      "Standard_E4s_v5",
      "Standard_D8s_v5",
    ]);
  });

  it.each([
    ["Standard_D4ps_v5", "its processor is Arm64, not x64"],
    ["Standard_D4ds_v5", "it has a temporary disk"],
    ["Standard_D4s_v6", "its disk controller is NVMe"],
    ["Standard_D4_v5", "it has no premium storage"],
    ["Standard_D4as_v5", undefined],
  ])("%s in place of Standard_D4s_v5: %s", (name, reason) => {
    expect(whyUnlike(offer("Standard_D4s_v5"), offer(name))).toBe(reason);
  });

  it.each([
    [{ networkProfile: { networkInterfaces: [{}, {}, {}] } }, "it takes 2 network interfaces, 3 are needed"],
    [{ storageProfile: { dataDisks: Array<object>(9).fill({}) } }, "it takes 8 data disks, 9 are needed"],
    [{ securityProfile: { securityType: "ConfidentialVM" } }, "it is not confidential"],
    [{ securityProfile: { securityType: "TrustedLaunch" } }, undefined],
    [{ securityProfile: { encryptionAtHost: true } }, "it has no encryption at host"],
    [
      { storageProfile: { osDisk: { diffDiskSettings: { option: "Local" } } } },
      "it has no place for an ephemeral OS disk",
    ],
    [{ storageProfile: { diskControllerType: "NVMe" } }, "it has no NVMe controller"],
    [
      { storageProfile: { dataDisks: [{ managedDisk: { storageAccountType: "UltraSSD_LRS" } }] } },
      "it takes no ultra disks",
    ],
  ])("for %j: %s", (properties, reason) => {
    expect(whyUnfit(offer("Standard_D4s_v4"), plan(properties).needs, now)).toBe(reason);
  });

  it("does not propose a retired size", () => {
    expect(whyUnfit(offer("Standard_F4s"), plan().needs, now)).toBe("it is retired");
  });

  it("refuses options it does not know", () => {
    expect(() => similar({ tolerance: 3 } as never)).toThrow('similar has no option "tolerance"');
    expect(() => similar({ factor: 0.5 })).toThrow("similar.factor must be a number, 1 or more; it is 0.5");
  });
});

describe("ranking", () => {
  const known = (more: Partial<RegionKnowledge> = {}): RegionKnowledge => ({ ...nothingKnown, sizes: offers, ...more });
  const never = (): object => ({});
  const size = (name: string, zone?: string, spot = false): Candidate => ({ size: name, zone, spot });

  it("knows nothing, and leaves the caller's order as it is", () => {
    const candidates = [size("B"), size("A"), size("C", "1")];
    const { open, leftOut } = rank(plan(), candidates, nothingKnown, never, now);
    expect(open.map(({ candidate }) => candidate)).toEqual(candidates);
    expect(leftOut).toEqual([]);
  });

  it("leaves out what cannot work, and says why", () => {
    const usages = new Map([["standardesv5family", { used: 8, limit: 10 }]]);
    const candidates = [
      size("Standard_D4s_v3"),
      size("Standard_E4s_v5"),
      size("Standard_D4as_v5", "3"),
      size("Standard_X1"),
      size("Standard_D4ps_v5"),
      size("Standard_D4s_v4"),
    ];
    const { open, leftOut } = rank(plan(), candidates, known({ usages }), never, now);
    expect(open.map(({ candidate }) => candidate.size)).toEqual(["Standard_D4s_v4"]);
    expect(leftOut.map(({ reason }) => reason)).toEqual([
      "it is closed to this subscription (NotAvailableForSubscription)",
      "the quota standardESv5Family has 2 of 10 vCPUs left, 4 are needed",
      "zone 3 does not have it",
      "westeurope does not offer it",
      "its processor is Arm64, not x64",
    ]);
  });

  it("asks the spot pool of a spot machine, and no other quota", () => {
    const usages = new Map([
      ["cores", { used: 10, limit: 10 }],
      ["lowprioritycores", { used: 0, limit: 3 }],
    ]);
    const { leftOut } = rank(plan(), [size("Standard_D4s_v4", undefined, true)], known({ usages }), never, now);
    expect(leftOut[0]?.reason).toBe("the quota lowPriorityCores has 3 of 3 vCPUs left, 4 are needed");
  });

  it("takes a high score first and what was refused lately last", () => {
    const low = size("Standard_D4s_v4", "1", true);
    const plain = size("Standard_D4as_v5", "1", true);
    const refused = size("Standard_D4s_v5", "2", true);
    const scores = new Map([
      [scoreKey(low), "Low"],
      [scoreKey(refused), "High"],
    ]);
    const { open } = rank(
      plan(),
      [low, plain, refused],
      known({ scores }),
      (one) => (one === refused ? { refusedUntil: now + 1 } : {}),
      now,
    );
    expect(open.map(({ candidate, reason }) => [candidate.size, reason])).toEqual([
      ["Standard_D4as_v5", "nothing speaks against it"],
      ["Standard_D4s_v4", "placement score Low"],
      ["Standard_D4s_v5", "placement score High, refused lately"],
    ]);
  });

  it("keeps what was asked for before what nobody knows, and what had room before that", () => {
    const unknown = size("Standard_D4as_v5", "1");
    const placed = size("Standard_D4s_v4", "1");
    const asked = size("Standard_D4s_v5");
    const lately = (one: Candidate): object => (one === placed ? { roomAt: now - 60_000 } : {});
    const order = rank(plan(), [unknown, placed, asked], known({}), lately, now).open;
    expect(order.map(({ candidate }) => candidate)).toEqual([asked, placed, unknown]);
    // A score of spot placements is none of regular ones.
    const scores = new Map([[scoreKey(unknown), "High"]]);
    const again = rank(plan(), [unknown, placed, asked], known({ scores }), lately, now).open;
    expect(again.map(({ candidate }) => candidate)).toEqual([asked, placed, unknown]);
  });

  it("takes the oldest of several refusals first, also before what was asked for", () => {
    const older = size("Standard_D4s_v4", "1");
    const asked = size("Standard_D4s_v5");
    const lately = (one: Candidate): object => ({ refusedUntil: now + (one === older ? 1 : 2) });
    const { open } = rank(plan(), [asked, older], known({}), lately, now);
    expect(open.map(({ candidate }) => candidate)).toEqual([older, asked]);
  });
});

describe("a changed request", () => {
  it("of a spot machine loses what a regular one must not have, and keeps the rest", () => {
    const osProfile = { computerName: "web-01" };
    const spot = create(
      { priority: "Spot", evictionPolicy: "Delete", billingProfile: { maxPrice: 0.1 }, osProfile },
      { zones: ["1"], tags: { owner: "ops" } },
    );
    const before = JSON.stringify(spot.body);
    const candidate = { size: "Standard_D4as_v5", zone: "2", spot: false };
    expect(bodyFor(spot.body, plan({ priority: "Spot" }, { zones: ["1"] }), candidate)).toEqual({
      location: "westeurope",
      zones: ["2"],
      tags: { owner: "ops" },
      properties: { hardwareProfile: { vmSize: "Standard_D4as_v5" }, priority: "Regular", osProfile },
    });
    expect(JSON.stringify(spot.body)).toBe(before);
  });

  it("of a scale set changes its sku and its profile", () => {
    const request = {
      method: "PUT",
      url: url.replace("virtualMachines", "virtualMachineScaleSets"),
      body: {
        location: "westeurope",
        sku: { name: "Standard_D4s_v5", capacity: 3 },
        properties: {
          orchestrationMode: "Flexible",
          virtualMachineProfile: { priority: "Spot", evictionPolicy: "Delete" },
        },
      },
    };
    const found = planOf(request);
    expect(found).toMatchObject({ kind: "scaleSet", size: "Standard_D4s_v5", count: 3, spot: true });
    expect(found && bodyFor(request.body, found, { size: "Standard_D4s_v4", zone: undefined, spot: false })).toEqual({
      location: "westeurope",
      sku: { name: "Standard_D4s_v4", capacity: 3 },
      properties: { orchestrationMode: "Flexible", virtualMachineProfile: { priority: "Regular" } },
    });
  });

  it.each([
    ["PATCH", url],
    ["PUT", url.replace("web-01", "web-01/extensions/agent")],
    ["PUT", "https://management.azure.com/subscriptions/s/resourceGroups/rg"],
  ])("%s %s is no create of a machine", (method, address) => {
    expect(planOf({ ...create(), method, url: address })).toBeUndefined();
  });
});

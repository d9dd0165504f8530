/** One contestant makes all machines of the workload in a region of its own, over real sockets and in virtual time. */
import { ComputeManagementClient } from "@azure/arm-compute";
import type { PipelinePolicy } from "@azure/core-rest-pipeline";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { inVirtualTime, type VirtualTime } from "../../test/support/virtual-time.js";
import { seeded } from "../throttle/virtual-time.js";
import type { Contestant, Sight } from "./contestants.js";
import { createsOf, emulatorOptions, limit, location, type Candidate, type Region } from "./workload.js";

export interface Result {
  /** Machines that were made. */
  readonly made: number;
  /** Of them, by the first create that was sent. */
  readonly first: number;
  /** Creates sent for each machine that was made. */
  readonly attempts: number;
  /** Milliseconds, virtual, from asking to having: the median and the 95th percentile of the machines that were made. */
  readonly medianMs: number;
  readonly p95Ms: number;
  /** Requests in all. */
  readonly requests: number;
}

export async function race(contestant: Contestant, region: Region, count: number, seed: number): Promise<Result> {
  const dice = Math.random;
  Math.random = seeded(seed);
  try {
    return await inVirtualTime((time) => run(contestant, region, count, seed, time));
  } finally {
    Math.random = dice;
  }
}

async function run(
  contestant: Contestant,
  region: Region,
  count: number,
  seed: number,
  time: VirtualTime,
): Promise<Result> {
  await using arm = await startEmulator(emulatorOptions(region, seed));
  limit(arm);
  const sent = { requests: 0, creates: new Map<string, number>() };
  // It stands for the users of the machines: what it deletes is no contestant's request.
  const users = clientOf(arm, time);
  const make = contestant.start(() => clientOf(arm, time, countingPolicy(sent)), sightOf(arm, time, sent));
  const times: number[] = [];
  let first = 0;
  await Promise.all(
    createsOf(count, seed).map(async (create) => {
      await time.sleep(create.atMs);
      try {
        await make(create);
      } catch {
        return;
      }
      times.push(time.elapsedMs() - create.atMs);
      if (sent.creates.get(create.name) === 1) first++;
      await time.sleep(create.livesMs);
      await users.virtualMachines.delete("rg", create.name);
    }),
  );
  times.sort((one, other) => one - other);
  const creates = [...sent.creates.values()].reduce((sum, one) => sum + one, 0);
  return {
    made: times.length,
    first,
    attempts: creates / times.length,
    medianMs: times[Math.floor(times.length / 2)] ?? NaN,
    p95Ms: times[Math.floor(times.length * 0.95)] ?? NaN,
    requests: sent.requests,
  };
}

function clientOf(arm: Emulator, time: VirtualTime, ...more: PipelinePolicy[]): ComputeManagementClient {
  const additionalPolicies = [
    ...more.map((policy) => ({ policy, position: "perRetry" as const })),
    time.wire,
    ...arm.clientOptions.additionalPolicies,
  ];
  return new ComputeManagementClient(arm.credential, arm.subscriptionId, { additionalPolicies });
}

interface Sent {
  requests: number;
  readonly creates: Map<string, number>;
}

const countingPolicy = (sent: Sent): PipelinePolicy => ({
  name: "counting",
  sendRequest: (request, next) => {
    sent.requests++;
    const [, name = ""] = /\/virtualMachines\/([^/?]+)\?/.exec(request.url) ?? [];
    if (request.method === "PUT" && name !== "") sent.creates.set(name, (sent.creates.get(name) ?? 0) + 1);
    return next(request);
  },
});

function sightOf(arm: Emulator, time: VirtualTime, sent: Sent): Sight {
  const base = `${arm.endpoint}/subscriptions/${arm.subscriptionId}/providers/Microsoft.Compute`;
  const ask = (path: string, init?: RequestInit): Promise<unknown> =>
    time.track(async () => (await fetch(`${base}/${path}`, init)).json());
  return {
    now: () => time.elapsedMs(),
    read: (path) => {
      sent.requests++;
      return ask(path);
    },
    hasRoom: async ({ size, zone, spot }: Candidate) => {
      const { placementScores } = (await ask(
        `locations/${location}/placementScores/${spot ? "spot" : "regular"}/generate?api-version=2026-09-05-preview`,
        {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({
            desiredLocations: [location],
            desiredSizes: [{ sku: size }],
            desiredCount: 1,
            availabilityZones: true,
          }),
        },
      )) as { placementScores: { availabilityZone: string; score: string; isQuotaAvailable: boolean }[] };
      const found = placementScores.find(({ availabilityZone }) => availabilityZone === zone);
      return found !== undefined && /^(?:High|Medium)$/.test(found.score) && found.isQuotaAvailable;
    },
  };
}

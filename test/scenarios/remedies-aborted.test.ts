/** The caller aborts while a remedy is at work: the machine is as it was found, or the caller learns how it was left. */
import { deallocateFirst, registerProvider, startFirst, type RemedyEvent } from "azure-remedy";
import { describe, expect, it } from "vitest";
import { generations } from "../support/clients.js";
import { thrownBy } from "../support/outcome.js";
import { scene, type Scene } from "../support/scene.js";

const bigSize = "Standard_E4s_v5";
const asBig = { hardwareProfile: { vmSize: bigSize } };

const lastRemedy = (told: Scene): (RemedyEvent & { type: "remedy" }) | undefined =>
  told.events.findLast((event): event is RemedyEvent & { type: "remedy" } => event.type === "remedy");
const posts = ({ arm }: Scene): string[] =>
  arm.story.filter((line) => line.startsWith("POST")).map((line) => line.replace(/.*web-01\//, ""));

/** A resize that needs the machine deallocated, with what its caller aborts it by. */
function resizing(told: Scene): {
  client: ReturnType<Scene["client"]>;
  caller: AbortController;
  aborted: Promise<Error>;
} {
  const caller = new AbortController();
  const client = told.client({ remedies: [deallocateFirst()] });
  return { client, caller, aborted: thrownBy(client.create("web-01", asBig, { abortSignal: caller.signal })) };
}

describe.each(generations)("deallocateFirst, aborted, with arm-compute %s", (generation) => {
  /** Each step takes 40 s: 0 s refused, looked at and deallocated, 40 s resized, 80 s started, 120 s done. */
  const steps: readonly [step: string, atMs: number, powerAtEnd: string, told: RegExp | undefined][] = [
    ["while it is being stopped", 10_000, "deallocated", /VM web-01 was left deallocating; it ran before/],
    ["shortly before it is stopped", 39_000, "deallocated", /VM web-01 was left deallocating; it ran before/],
    ["while it is being resized", 55_000, "deallocated", /VM web-01 was left deallocated; it ran before/],
    ["while it is being started", 95_000, "running", undefined],
  ];

  it.each(steps)("%s", (_, atMs, powerAtEnd, words) =>
    scene(
      generation,
      async (told) => {
        told.arm.addVm({ name: "web-01", size: "Standard_D2s_v5" });
        told.arm.longRunning({ on: "* virtualMachines", durationMs: 40_000 });
        const { caller, aborted } = resizing(told);
        await told.time.sleep(atMs);

        const before = told.time.elapsedMs();
        caller.abort();
        const error = await aborted;

        expect(error.name).toBe("AbortError");
        expect(told.time.elapsedMs() - before).toBeLessThanOrEqual(1_000);
        const sent = told.arm.story.length;
        await told.time.sleep(300_000);
        expect(told.arm.story.slice(sent)).toEqual([]);
        expect(told.arm.vm("web-01")?.powerState).toBe(powerAtEnd);
        if (words) expect(lastRemedy(told)?.change).toMatch(words);
        // Later it is the poller's abort, and the SDK's error.
        if (words && atMs < 40_000) expect(error.message).toMatch(words);
        expect(posts(told).filter((line) => line.startsWith("deallocate")).length).toBe(1);
      },
      { left: "some" },
    ),
  );

  it("a machine that was stopped before is as it was found", () =>
    scene(
      generation,
      async (told) => {
        told.arm.addVm({ name: "web-01", size: "Standard_D2s_v5", powerState: "stopped" });
        told.arm.longRunning({ on: "* virtualMachines", durationMs: 40_000 });
        const { caller, aborted } = resizing(told);
        await told.time.sleep(10_000);
        caller.abort();
        expect((await aborted).name).toBe("AbortError");
        await told.time.sleep(300_000);
        expect(posts(told)).not.toContainEqual(expect.stringContaining("start"));
      },
      { left: "some" },
    ));

  it("no later call waits for the one that was aborted", () =>
    scene(
      generation,
      async (told) => {
        told.arm.addVm({ name: "web-01", size: "Standard_D2s_v5" });
        told.arm.longRunning({ on: "POST virtualMachines", durationMs: 40_000 });
        const { client, caller, aborted } = resizing(told);
        await told.time.sleep(10_000);
        caller.abort();
        await aborted;
        const before = told.time.elapsedMs();

        await client.resize("web-01", bigSize);

        expect(told.arm.vm("web-01")).toMatchObject({ size: bigSize });
        expect(told.time.elapsedMs() - before).toBeLessThan(110_000);
      },
      { left: "some" },
    ));

  it("another call still needs it stopped: that one starts it, though it would not for itself", () =>
    scene(
      generation,
      async (told) => {
        told.arm.addVm({ name: "web-01", size: "Standard_D2s_v5" });
        told.arm.longRunning({ on: "* virtualMachines", durationMs: 40_000 });
        const caller = new AbortController();
        const first = told.client({ remedies: [deallocateFirst()] });
        const second = told.client({ remedies: [deallocateFirst({ startAgain: false })] });
        const aborted = thrownBy(first.create("web-01", asBig, { abortSignal: caller.signal }));
        const other = second.resize("web-01", "Standard_E2s_v5");
        await told.time.sleep(55_000);
        caller.abort();
        await aborted;
        await other;
        expect(told.arm.vm("web-01")?.powerState).toBe("running");
      },
      { left: "some" },
    ));
});

describe.each(generations)("work that is shared, with arm-compute %s", (generation) => {
  const tokenOf = (oid: string): string =>
    `h.${Buffer.from(JSON.stringify({ oid, tid: "t" })).toString("base64url")}.s`;
  const credentialOf = (oid: string) => ({
    getToken: () => Promise.resolve({ token: tokenOf(oid), expiresOnTimestamp: Date.now() + 3_600_000 }),
  });
  it.each([
    ["of one principal is done once", ["ann", "ann"], 1],
    ["of two principals is done by each with its own rights", ["ann", "bob"], 2],
  ] as const)("a registration %s", (_, oids, times) =>
    scene(
      generation,
      async (told) => {
        const remedies = [registerProvider({ pollMs: 1_000 })];
        const clients = oids.map((oid) => told.client({ remedies }, { credential: credentialOf(oid) }));
        await Promise.all(clients.map((client, index) => client.create(`vm-${index}`, {})));
        expect(told.arm.story.filter((line) => line.startsWith("POST") && line.includes("/register"))).toHaveLength(
          times,
        );
      },
      { unregistered: ["Microsoft.Compute"] },
    ),
  );

  it("a start too", () =>
    scene(generation, async (told) => {
      told.arm.addVm({ name: "web-01", powerState: "deallocated" });
      told.arm.longRunning({ on: "POST virtualMachines/start", durationMs: 20_000 });
      const clients = ["ann", "ann"].map((oid) =>
        told.client({ remedies: [startFirst()] }, { credential: credentialOf(oid) }),
      );
      await Promise.all(clients.map((client) => client.runCommand("web-01", ["date"])));
      expect(posts(told).filter((line) => line.startsWith("start"))).toHaveLength(1);
    }));
});

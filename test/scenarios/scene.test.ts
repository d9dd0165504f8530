/** What every story about operations is held to: it leaves none of its own in flight, whatever others left. */
import { expect, it } from "vitest";
import { generations } from "../support/clients.js";
import { begin } from "../support/pollers.js";
import { scene, type Scene } from "../support/scene.js";

const hourMs = 3_600_000;

it.each(generations)(
  "a poller of arm-compute %s that is let go fails its scene, also where older ones are forgotten",
  async (generation) => {
    const letGo = async (told: Scene): Promise<void> => {
      told.arm.longRunning({ on: "PUT virtualMachines", durationMs: hourMs });
      await begin(told.client(), "create", "web-01");
    };

    await scene(generation, letGo, { left: "some" });

    await expect(
      scene(generation, async (told) => {
        await told.time.sleep(3 * hourMs);
        await letGo(told);
      }),
    ).rejects.toThrow(/Still in flight: PUT .*\/virtualMachines\/web-01/);
  },
);

it.each(generations)("what another scene left is not held against one of arm-compute %s", async (generation) => {
  const letGo = async (told: Scene): Promise<void> => {
    told.arm.addVm({ name: "web-01" });
    await begin(told.client(), "start", "web-01");
  };

  await scene(generation, letGo, { left: "some" });

  await scene(generation, async (told) => {
    await told.client().create("web-02");
  });
});

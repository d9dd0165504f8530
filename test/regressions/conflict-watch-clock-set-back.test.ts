/** A clock that was set back by an hour made a look of the conflict watch count for that hour. */
import { expect, it } from "vitest";
import { ConflictWatch, lookIntervalMs } from "../../src/recovery/conflict-watch.js";

it("a look made after the time that it is now does not count", async () => {
  const watch = new ConflictWatch();
  const hour = 3_600_000;
  await watch.look("/machine", hour, () => Promise.resolve("busy"));
  expect(await watch.look("/machine", hour + lookIntervalMs - 1, () => Promise.resolve("free"))).toBe("busy");
  expect(watch.nextLookMs("/machine", 0)).toBe(0);
  expect(await watch.look("/machine", 0, () => Promise.resolve("free"))).toBe("free");
});

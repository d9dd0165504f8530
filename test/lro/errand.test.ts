import { createPipelineRequest } from "@azure/core-rest-pipeline";
import { install } from "@sinonjs/fake-timers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Errand, type Carrier } from "../../src/lro/errand.js";
import { systemClock } from "../../src/time/clock.js";

let time: ReturnType<typeof install>;
beforeEach(() => void (time = install({ toFake: ["setTimeout", "clearTimeout", "Date"] })));
afterEach(() => time.uninstall());

const poll = (url = "https://h/1", abortSignal?: AbortSignal) =>
  createPipelineRequest({ url, ...(abortSignal && { abortSignal }) });
const next = (): Promise<never> => Promise.reject(new Error("nothing is sent here"));

function errandOf<End>(work: (carrier: Carrier) => Promise<End>): Errand<End> {
  const carrier: Carrier = { request: poll(), next, clock: systemClock };
  return new Errand(carrier, systemClock, () => work(carrier));
}

describe("an errand", () => {
  it("that does not wait ends in the poll that begins it", async () => {
    expect(await errandOf(() => Promise.resolve("done")).carry(poll(), next)).toEqual({ end: "done" });
  });

  it("pauses at a long wait, and goes on only when a poll comes after it", async () => {
    const steps: string[] = [];
    const errand = errandOf(async ({ clock }) => {
      steps.push("first");
      await clock.sleep(30_000);
      steps.push("second");
      return "done";
    });
    expect(await errand.carry(poll(), next)).toEqual({ waitMs: 30_000 });
    await time.tickAsync(10_000);
    expect(await errand.carry(poll(), next)).toEqual({ waitMs: 20_000 });
    await time.tickAsync(3_600_000);
    expect(steps).toEqual(["first"]);

    expect(await errand.carry(poll(), next)).toEqual({ end: "done" });
  });

  it("acts by the poll of the moment", async () => {
    const errand = errandOf(async (carrier) => {
      const first = carrier.request.url;
      await carrier.clock.sleep(5_000);
      return [first, carrier.request.url];
    });
    await errand.carry(poll("https://h/first"), next);
    await time.tickAsync(5_000);
    expect(await errand.carry(poll("https://h/second"), next)).toEqual({
      end: ["https://h/first", "https://h/second"],
    });
  });

  it("waits out a moment within the poll", async () => {
    const errand = errandOf(async ({ clock }) => {
      await clock.sleep(5_000);
      await clock.sleep(900);
      return "done";
    });
    await errand.carry(poll(), next);
    await time.tickAsync(4_500);
    const turn = errand.carry(poll(), next);
    await time.tickAsync(1_400);
    expect(await turn).toEqual({ end: "done" });
  });

  it("whose branches wait apart goes on branch by branch", async () => {
    const errand = errandOf(({ clock }) =>
      Promise.all([clock.sleep(5_000).then(() => "short"), clock.sleep(60_000).then(() => "long")]),
    );
    expect(await errand.carry(poll(), next)).toEqual({ waitMs: 5_000 });
    await time.tickAsync(5_000);
    const turn = errand.carry(poll(), next);
    await time.tickAsync(1_000);
    expect(await turn).toEqual({ waitMs: 54_000 });
    await time.tickAsync(54_000);
    expect(await errand.carry(poll(), next)).toEqual({ end: ["short", "long"] });
  });

  it("that waits again at once after a wait pauses again", async () => {
    const errand = errandOf(async ({ clock }) => {
      for (let step = 0; step < 3; step++) await clock.sleep(2_000);
      return "done";
    });
    for (let step = 0; step < 3; step++) {
      expect(await errand.carry(poll(), next)).toEqual({ waitMs: 2_000 });
      await time.tickAsync(2_000);
    }
    expect(await errand.carry(poll(), next)).toEqual({ end: "done" });
  });

  it("rejects with what it rejects with, also in a later poll", async () => {
    const errand = errandOf(async ({ clock }) => {
      await clock.sleep(5_000);
      throw new Error("broken");
    });
    await errand.carry(poll(), next);
    await time.tickAsync(5_000);
    await expect(errand.carry(poll(), next)).rejects.toThrow("broken");
  });

  it("is left by a poll that is aborted in a short wait", async () => {
    const caller = new AbortController();
    const errand = errandOf(async ({ clock }) => {
      await clock.sleep(5_000);
      return "done";
    });
    await errand.carry(poll(), next);
    await time.tickAsync(4_500);
    const turn = errand.carry(poll("https://h/1", caller.signal), next);
    caller.abort();
    await expect(turn).rejects.toMatchObject({ name: "AbortError" });
  });
});

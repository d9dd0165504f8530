import { createPipelineRequest } from "@azure/core-rest-pipeline";
import { install } from "@sinonjs/fake-timers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PollDrivenTask, type SendContext } from "../../src/lro/poll-driven-task.js";
import { systemClock } from "../../src/time/clock.js";

let time: ReturnType<typeof install>;
beforeEach(() => void (time = install({ toFake: ["setTimeout", "clearTimeout", "Date"] })));
afterEach(() => time.uninstall());

const poll = (url = "https://h/1", abortSignal?: AbortSignal) =>
  createPipelineRequest({ url, ...(abortSignal && { abortSignal }) });
const next = (): Promise<never> => Promise.reject(new Error("nothing is sent here"));

function taskOf<End>(work: (context: SendContext) => Promise<End>): PollDrivenTask<End> {
  const context: SendContext = { request: poll(), next, clock: systemClock };
  return new PollDrivenTask(context, systemClock, () => work(context));
}

describe("an task", () => {
  it("that does not wait ends in the poll that begins it", async () => {
    expect(await taskOf(() => Promise.resolve("done")).drive(poll(), next)).toEqual({ end: "done" });
  });

  it("pauses at a long wait, and goes on only when a poll comes after it", async () => {
    const steps: string[] = [];
    const task = taskOf(async ({ clock }) => {
      steps.push("first");
      await clock.sleep(30_000);
      steps.push("second");
      return "done";
    });
    expect(await task.drive(poll(), next)).toEqual({ waitMs: 30_000 });
    await time.tickAsync(10_000);
    expect(await task.drive(poll(), next)).toEqual({ waitMs: 20_000 });
    await time.tickAsync(3_600_000);
    expect(steps).toEqual(["first"]);

    expect(await task.drive(poll(), next)).toEqual({ end: "done" });
  });

  it("acts by the poll of the moment", async () => {
    const task = taskOf(async (context) => {
      const first = context.request.url;
      await context.clock.sleep(5_000);
      return [first, context.request.url];
    });
    await task.drive(poll("https://h/first"), next);
    await time.tickAsync(5_000);
    expect(await task.drive(poll("https://h/second"), next)).toEqual({
      end: ["https://h/first", "https://h/second"],
    });
  });

  it("waits out a moment within the poll", async () => {
    const task = taskOf(async ({ clock }) => {
      await clock.sleep(5_000);
      await clock.sleep(900);
      return "done";
    });
    await task.drive(poll(), next);
    await time.tickAsync(4_500);
    const turn = task.drive(poll(), next);
    await time.tickAsync(1_400);
    expect(await turn).toEqual({ end: "done" });
  });

  it("whose branches wait apart goes on branch by branch", async () => {
    const task = taskOf(({ clock }) =>
      Promise.all([clock.sleep(5_000).then(() => "short"), clock.sleep(60_000).then(() => "long")]),
    );
    expect(await task.drive(poll(), next)).toEqual({ waitMs: 5_000 });
    await time.tickAsync(5_000);
    const turn = task.drive(poll(), next);
    await time.tickAsync(1_000);
    expect(await turn).toEqual({ waitMs: 54_000 });
    await time.tickAsync(54_000);
    expect(await task.drive(poll(), next)).toEqual({ end: ["short", "long"] });
  });

  it("that waits again at once after a wait pauses again", async () => {
    const task = taskOf(async ({ clock }) => {
      for (let step = 0; step < 3; step++) await clock.sleep(2_000);
      return "done";
    });
    for (let step = 0; step < 3; step++) {
      expect(await task.drive(poll(), next)).toEqual({ waitMs: 2_000 });
      await time.tickAsync(2_000);
    }
    expect(await task.drive(poll(), next)).toEqual({ end: "done" });
  });

  it("rejects with what it rejects with, also in a later poll", async () => {
    const task = taskOf(async ({ clock }) => {
      await clock.sleep(5_000);
      throw new Error("broken");
    });
    await task.drive(poll(), next);
    await time.tickAsync(5_000);
    await expect(task.drive(poll(), next)).rejects.toThrow("broken");
  });

  it("is left by a poll that is aborted in a short wait", async () => {
    const caller = new AbortController();
    const task = taskOf(async ({ clock }) => {
      await clock.sleep(5_000);
      return "done";
    });
    await task.drive(poll(), next);
    await time.tickAsync(4_500);
    const turn = task.drive(poll("https://h/1", caller.signal), next);
    caller.abort();
    await expect(turn).rejects.toMatchObject({ name: "AbortError" });
  });
});

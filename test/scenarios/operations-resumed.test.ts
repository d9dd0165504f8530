/** Operations that were begun elsewhere, and those that a caller has left: what the error says for going on. */
import { describe, expect, it } from "vitest";
import { sharedOperations } from "../../src/lro/operations.js";
import { generations } from "../support/clients.js";
import { remedyErrorOf, thrownBy } from "../support/outcome.js";
import { begin, resume, type Saved } from "../support/pollers.js";
import { scene } from "../support/scene.js";

/** As another process, which knows nothing of the operation. */
function forgetAll(): void {
  for (const operation of sharedOperations.inFlight) sharedOperations.end(operation);
}

describe.each(generations)("arm-compute %s: a resumed operation that fails", (generation) => {
  it.each([
    ["azure-async-operation", "StorageAccountTooBusy", true],
    ["location", "StorageAccountTooBusy", true],
    ["azure-async-operation", "InvalidParameter", false],
  ] as const)("by %s of %s says whether to submit it again: %s", (style, code, isPassing) =>
    scene(generation, async (told) => {
      told.arm.longRunning({ on: "PUT virtualMachines", durationMs: 3_000, style });
      told.arm.fail(code, { on: "PUT virtualMachines", as: "operation" });
      const state = await (await begin(told.client(), "create", "web-01")).state();
      forgetAll();
      const error = await remedyErrorOf((await resume(told.client(), "create", "web-01", state)).done());
      expect(error).toMatchObject({ code, outcome: "failed" });
      expect(error.reason.includes("submit it again")).toBe(isPassing);
      expect(error.message.includes("submit it again")).toBe(isPassing);
      if (isPassing) expect(error.retryAfterMs).toBeGreaterThan(0);
      else expect(error.retryAfterMs).toBeUndefined();
      expect(told.arm.exchanges.filter(({ method }) => method === "PUT")).toHaveLength(1);
    }),
  );
});

describe.each(generations)("arm-compute %s: an abort", (generation) => {
  it.each(["azure-async-operation", "location", "body"] as const)(
    "of an operation followed by %s says how to go on",
    (style) =>
      scene(
        generation,
        async (told) => {
          told.arm.longRunning({ on: "PUT virtualMachines", durationMs: 60_000, style });
          told.arm.fail(
            { status: 503, headers: { "retry-after": "20" } },
            { on: style === "body" ? "GET virtualMachines" : "GET operations" },
          );
          const caller = new AbortController();
          const call = begin(told.client(), "create", "web-01", { abortSignal: caller.signal });
          const aborted = thrownBy(call.then((poller) => poller.done({ abortSignal: caller.signal })));
          await told.time.sleep(9_000);
          caller.abort();
          const error = (await aborted) as Error & { resume?: Exclude<Saved, string> };
          expect(error.name).toBe("AbortError");
          expect(Object.keys(error)).not.toContain("resume");
          if (!error.resume) throw new Error("nothing says how to go on");
          const poller = await resume(told.client(), "create", "web-01", error.resume);
          expect((await poller.done())?.name).toBe("web-01");
          expect(told.arm.exchanges.filter(({ method }) => method === "PUT")).toHaveLength(1);
        },
        { left: "some" },
      ),
  );
});

/**
 * Every example runs as a user runs it, against the local ARM, in virtual time; what it prints is its promise.
 */
import { format } from "node:util";
import { readdirSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import type * as EmulatorModule from "azure-remedy/emulator";
import { inVirtualTime, type VirtualTime } from "../support/virtual-time.js";

const stage = vi.hoisted((): { time?: VirtualTime } => ({}));

// Examples make their clients as users do; here each client's requests also tell virtual time that they are on their way.
vi.mock("azure-remedy/emulator", async (importOriginal) => {
  const { staged } = await import("../support/staged-emulator.js");
  return staged(await importOriginal<typeof EmulatorModule>(), () => stage.time);
});

/** What each example prints, in the order of its lines. */
const printed: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  "add-to-a-client": ["web-01 is Succeeded, after 3 submissions"],
  "nightly-start-and-stop": ["3 stopped", /^gone-01: .+/, "web-01 deallocated, web-02 deallocated, db-01 deallocated"],
  "function-with-a-deadline": [
    /^SubscriptionRequestsThrottled: /,
    /would pass the deadline/,
    "come back in 20 minutes",
  ],
  "explain-an-error": [
    /^OperationNotAllowed \(adaptable, precondition\): VM web-01 is not deallocated/,
    /az vm deallocate -g <resource-group> -n web-01/,
    /Send the request again/,
    /az vm start -g <resource-group> -n web-01/,
    /^SkuNotAvailable \(adaptable\): /,
  ],
  "own-rules": [
    "ContosoFreeze: The change freeze holds until Monday 06:00; web-01 cannot be changed before.",
    "{ resource: 'web-01', time: 'Monday 06:00' }",
  ],
  "rehearse-with-the-emulator": [
    /^registerProvider: registered Microsoft\.Compute/,
    /^fallbackSizes: size Standard_D2s_v5/,
    "web-01 is a Standard_D2as_v5",
    /^PUT virtualMachines\/web-01 409/,
  ],
  "resume-in-another-process": [/the operation is still running/, "web-01 is Succeeded", "1 create was sent"],
  "around-any-function": ["transient: again in 1 s, as the service asked", "created with Standard_D2as_v5"],
};

describe("the examples", () => {
  it("are all covered here", () => {
    const files = readdirSync(new URL("../../examples", import.meta.url))
      .filter((name) => name.endsWith(".ts"))
      .map((name) => name.replace(/\.ts$/, ""));
    expect(files.sort()).toEqual(Object.keys(printed).sort());
  });

  it.each(Object.entries(printed))("%s does what it says", async (name, lines) => {
    const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
    try {
      await inVirtualTime(async (time) => {
        stage.time = time;
        await import(`../../examples/${name}.ts`);
      });
      const told = log.mock.calls.map((call) => format(...call));
      expect(told).toHaveLength(lines.length);
      lines.forEach((line, index) =>
        typeof line === "string" ? expect(told[index]).toBe(line) : expect(told[index]).toMatch(line),
      );
    } finally {
      log.mockRestore();
    }
  });
});

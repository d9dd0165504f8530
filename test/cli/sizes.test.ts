/** `sizes` as a process, before the emulator: the table, the exit codes, what could not be read. */
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleProgram, run, type Ended } from "./program-under-test.js";

bundleProgram();

let arm: Emulator;
beforeAll(async () => {
  arm = await startEmulator();
  arm.restrict("Standard_D4as_v5", { location: "westeurope" });
  arm.restrict("Standard_D4s_v5", { location: "westeurope", zones: ["1"] });
  arm.quota("standardDSv4Family", 2, { location: "westeurope" });
});
afterAll(() => arm.stop());

const sizes = (...args: string[]): Promise<Ended> =>
  run(["sizes", ...args, "--subscription", arm.subscriptionId, "--emulator", arm.endpoint]);

describe("sizes", () => {
  it("lists a size and what may replace it, within 80 columns, with why the others are closed", async () => {
    const { stdout, stderr, code } = await sizes("Standard_D4s_v5", "--region", "West Europe", "--similar");
    expect([code, stderr]).toEqual([0, ""]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^size +vCPUs +GB +offered +zones +quota left$/);
    expect(lines[2]).toMatch(/^Standard_D4s_v5 +4 +16 +yes +2,3 +\d+ of \d+$/);
    expect(stdout).toMatch(/Standard_D4as_v5 +4 +16 +no: it is closed to/);
    expect(stdout.replaceAll(/\s+/g, " ")).toContain("2 of 2");
    expect(stdout).not.toContain("Standard_D4ps_v5");
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
  });

  it("says no for a zone that is closed, and for a size that is not there", async () => {
    const closed = await sizes("Standard_D4s_v5", "--region", "westeurope", "--zone", "1");
    expect([closed.code, closed.stdout]).toEqual([1, expect.stringContaining("no: zone 1 is")]);
    const unknown = await sizes("Standard_D4s_v99", "--region", "westeurope");
    expect([unknown.code, unknown.stdout]).toEqual([1, expect.stringContaining("no: westeurope")]);
  });

  it("gives a program the same as JSON, with the placement scores of spot machines", async () => {
    const { stdout, code } = await sizes("Standard_D4s_v5", "--region", "westeurope", "--spot", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      sizes: [
        {
          name: "Standard_D4s_v5",
          isOffered: true,
          zones: ["2", "3"],
          vCPUs: 4,
          quota: { name: "lowPriorityCores" },
          score: "High",
        },
      ],
      unread: [],
    });
  });

  it("does without what may not be read, and says so", async () => {
    arm.fail("AuthorizationFailed", { on: "GET usages", times: 1 });
    const { stdout, code } = await sizes("Standard_D8s_v5", "--region", "westeurope");
    expect([code, stdout]).toEqual([0, expect.stringMatching(/yes .*\?\n\nNot known: 403 AuthorizationFailed/s)]);
  });

  it("is refused where the list itself may not be read, and without a region or subscription", async () => {
    arm.fail("AuthorizationFailed", { on: "GET skus", times: 1 });
    const refused = await sizes("Standard_D8s_v5", "--region", "westeurope");
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("could not be read: 403")]);
    expect(await sizes("Standard_D8s_v5")).toMatchObject({ code: 2 });
    expect(await sizes("--region", "westeurope", "--similar")).toMatchObject({ code: 2 });
    const { code, stderr } = await run(["sizes", "--region", "westeurope"], { env: { AZURE_SUBSCRIPTION_ID: "" } });
    expect([code, stderr]).toEqual([2, expect.stringContaining("--subscription <id>")]);
  });
});

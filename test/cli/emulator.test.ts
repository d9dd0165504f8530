/** `emulator`, `demo` and `throttle` as processes. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bundleProgram, run, start } from "./program-under-test.js";

bundleProgram();

interface Listening {
  readonly endpoint: string;
  readonly subscriptionId: string;
}

describe("emulator", () => {
  it("serves until it is interrupted, strikes as asked, and tells its story", async () => {
    const running = start(["emulator", "--fault", "AllocationFailed", "--vm", "db-01", "--json"]);
    await running.said("listening");
    const { endpoint, subscriptionId } = JSON.parse(running.stdout.split("\n")[0] ?? "") as Listening;
    const machines = `${endpoint}/subscriptions/${subscriptionId}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines`;
    const query = "?api-version=2024-07-01";
    expect((await fetch(`${machines}/db-01${query}`)).status).toBe(200);
    const put = { method: "PUT", headers: { "content-type": "application/json" }, body: '{"location":"westeurope"}' };
    const accepted = await fetch(`${machines}/web-01${query}`, put);
    await fetch(accepted.headers.get("azure-asyncoperation") ?? "");
    const failed = await (await fetch(accepted.headers.get("azure-asyncoperation") ?? "")).json();
    expect(failed).toMatchObject({ status: "Failed", error: { code: "AllocationFailed" } });
    await running.said('"code":"AllocationFailed"');
    running.process.kill("SIGINT");
    const { code, stdout } = await running.ended;
    expect(code).toBe(0);
    expect(stdout).toContain('"name":"virtualMachines/db-01"');
    expect(stdout).not.toContain("authorization");
  });

  it("says what it is and how clients come to it", async () => {
    const running = start(["emulator", "--fault", "VMNotFound", "--on", "GET virtualMachines", "--times", "0"]);
    await running.said("Ctrl-C");
    running.process.kill("SIGTERM");
    const { stdout, code } = await running.ended;
    expect(stdout).toMatch(/Local ARM on http:\/\/127\.0\.0\.1:\d+/);
    expect(stdout).toContain("fault           VMNotFound, always, on GET virtualMachines");
    expect(stdout).toContain("curl -X PUT");
    expect(code).toBe(0);
  });

  it.concurrent.each([
    [["--fault", "NoSuchCode"], 'The catalog has no code "NoSuchCode"'],
    [["--fault", "VMNotFound", "--on", "PUT spaceships"], "the emulator knows no PUT"],
  ])("%j is refused", async (args, words) => {
    const { code, stderr } = await run(["emulator", ...args]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});

describe("demo", () => {
  it("shows both messages and a row for each fault", async () => {
    const { stdout, code } = await run(["demo", "--fault", "InvalidParameter", "EncryptedDiskNotSupported"]);
    expect(code).toBe(0);
    expect(stdout).toContain("400, permanent, azure-remedy: failed after 1 request");
    expect(stdout).toMatch(/The SDK as it ships\n +The Admin Username specified is not allowed\./);
    expect(stdout).toMatch(/With azure-remedy\n +InvalidParameter: Azure does not allow this admin user name\./);
    expect(stdout).toMatch(/^FAULT +SENT +TIME +AS IT SHIPS +SENT +TIME +WITH AZURE-REMEDY$/m);
    expect(stdout).toContain("Succeeded: 0 of 2 with the SDK alone, 0 of 2 with azure-remedy. The other 2 cannot");
  });

  it("--json prints the rows", async () => {
    const { stdout } = await run(["demo", "--json", "--fault", "encrypteddisknotsupported"]);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        code: "EncryptedDiskNotSupported",
        plain: { requests: 1, outcome: "failed", truth: "VM is running" },
        remedied: { requests: 1, outcome: "failed", reason: expect.stringContaining("permanent") as string },
      },
    ]);
  });

  it("names the faults that it has", async () => {
    const { code, stderr } = await run(["demo", "--fault", "Nothing"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("It has: AllocationFailed, ")]);
  });

  it("ends at once when it is interrupted", async () => {
    const running = start(["demo", "--fault", "StorageAccountTooBusy"]);
    await running.said("as it ships");
    running.process.kill("SIGINT");
    expect((await running.ended).code).toBe(130);
  });
});

describe("throttle", () => {
  it("tells levels and windows while callers press, and ends in time", async () => {
    const { stdout, code } = await run(["throttle", "--for", "500ms", "--callers", "10", "--json"]);
    const lines = stdout.trimEnd().split("\n");
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
      callers: 10,
      failed: 0,
      throttle: { scopes: expect.any(Array) as [] },
    });
    expect(code).toBe(0);
  });

  it("draws them for people", async () => {
    const { stdout } = await run(["throttle", "--for", "300ms", "--callers", "5"], {
      cwd: mkdtempSync(join(tmpdir(), "cwd-")),
    });
    expect(stdout).toMatch(/reads of subscription .* at management\.azure\.com/);
  });
});

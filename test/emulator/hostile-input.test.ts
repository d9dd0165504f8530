/** Hostile input ends quickly, with an answer that says what was wrong. */
import { startEmulator, type ChaosOptions, type Emulator } from "azure-remedy/emulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ask, vm } from "./direct.js";

let arm: Emulator;
beforeEach(async () => {
  arm = await startEmulator();
});
afterEach(() => arm.stop());

describe("a body", () => {
  const put = async (text: string): Promise<{ status: number; code: string; message: string; ms: number }> => {
    const began = performance.now();
    const url = `${arm.endpoint}/subscriptions/${arm.subscriptionId}${vm("web-01")}?api-version=2024-07-01`;
    const response = await fetch(url, { method: "PUT", body: text });
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    return { status: response.status, ...error, ms: performance.now() - began };
  };
  const nested = (depth: number): string => `${'{"properties":'.repeat(depth)}1${"}".repeat(depth)}`;
  const aliasBomb = ["a: &a [lol,lol,lol,lol,lol,lol,lol,lol,lol]"]
    .concat(
      Array.from(
        "bcdefghi",
        (name, index) =>
          `${name}: &${name} [${Array(9)
            .fill(`*${"abcdefghi"[index] ?? ""}`)
            .join(",")}]`,
      ),
    )
    .join("\n");

  it.each([
    ["objects in objects", nested(200_000), 400, "maximum depth of 100 has been exceeded"],
    ["arrays in arrays", `{"tags":${"[".repeat(500_000)}`, 400, "maximum depth of 100 has been exceeded"],
    ["aliases of aliases", aliasBomb, 400, "it is not a JSON object"],
    ["a text that is no object", '"hello"', 400, "it is not a JSON object"],
    ["more than 4 MB", `{"tags":{"a":"${"x".repeat(5 * 2 ** 20)}"}}`, 413, "maximum size of 4 MB"],
  ])("of %s is refused", async (_, text, status, words) => {
    const refused = await put(text);
    expect(refused).toMatchObject({ status, message: expect.stringContaining(words) as string });
    expect(refused.ms).toBeLessThan(2000);
    expect(arm.vm("web-01")).toBeUndefined();
    expect((await ask(arm, "PUT", vm("web-01"), { location: "westeurope" })).status).toBe(201);
  });

  it("with braces inside of texts is not deep", async () => {
    const tags = { note: '{[{["\\'.repeat(200) };
    expect((await ask(arm, "PUT", vm("web-01"), { location: "westeurope", tags })).status).toBe(201);
  });
});

it.each([
  [() => arm.lock("rg", "ReadOnly", { note: "x" } as object), /lock has no option "note"; did you mean notes\?/],
  [() => arm.deny("*/read", { arrivesIn: 5 } as object), /deny has no option "arrivesIn"/],
  [() => arm.denyByPolicy({ name: "a", feild: "location" } as never), /denyByPolicy has no option "feild"/],
  [
    () => arm.restrict("Standard_D2s_v5", { zone: "1" } as object),
    /restrict has no option "zone"; did you mean zones\?/,
  ],
  [() => arm.outage({ late: 0 } as object), /outage has no option "late"; did you mean lateMs\?/],
  [() => arm.failInstances("web", { code: "NoSuchCode" }), /catalog has no code "NoSuchCode"/],
])("a control with a wrong word is refused: %s", (set, words) => {
  expect(set).toThrow(words);
});

describe("a mix of chaos", () => {
  const mixed = (fault: object): ChaosOptions => ({ seed: 1, rate: 1, faults: [fault] }) as unknown as ChaosOptions;
  it.each([
    [
      { on: "PUT virtualMachines", explode: true },
      /exactly one of fail, throttle, reset, cutBody, hang, html, latencyMs, not \["explode"\]/,
    ],
    [{ on: "PUT virtualMachines", reset: "before-execution", html: 503 }, /exactly one of .+, not reset and html/],
    [{ on: "PUT virtualMachines", fail: "AllocationFailed", wieght: 3 }, /the chaos fault fail has no option "wieght"/],
    [
      { on: "PUT virtualMachines", reset: "sometimes" },
      /reset must be one of before-execution, after-execution, not sometimes/,
    ],
    [{ on: "PUT virtualMachines", html: 503, weight: -1 }, /weight must be a number of at least 0, not -1/],
    [{ on: "PUT virtualMachine", html: 503 }, /knows no PUT on "virtualMachine"/],
  ])("refuses %j", (fault, words) => {
    expect(() => arm.chaos(mixed(fault))).toThrow(words);
  });

  it("refuses an option that it does not know, and has a mix of its own", async () => {
    expect(() => arm.chaos({ seed: 1, rate: 1, sede: 2 } as unknown as ChaosOptions)).toThrow(
      /chaos has no option "sede"/,
    );
    const chaos = arm.chaos({ seed: 3, rate: 1 });
    for (let count = 0; count < 30; count += 1) {
      await ask(arm, "PUT", vm(`m${count}`), { location: "westeurope" }).catch(() => undefined);
    }
    expect(chaos.hits).toBe(30);
    expect(arm.story.some((line) => line.endsWith("reset"))).toBe(true);
    expect(arm.story.some((line) => line.includes("429"))).toBe(true);
  });
});

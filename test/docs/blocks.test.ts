/**
 * Every ```ts and ```js block of the pages runs as a user would run it, in virtual time, and prints what its page says.
 * The ways to Azure end at the local ARM: `DefaultAzureCredential` is its credential, and a client that is made without
 * options is turned to it. A Redis that blocks ask for is away, as one may be.
 */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format } from "node:util";
import { afterAll, describe, expect, it, vi } from "vitest";
import type * as ComputeModule from "@azure/arm-compute";
import type * as EmulatorModule from "azure-remedy/emulator";
import { inVirtualTime, type VirtualTime } from "../support/virtual-time.js";
import { createThrottle } from "../../src/throttle/local-throttle.js";
import type { Throttle } from "../../src/throttle/throttle.js";
import * as given from "./given.js";
import { blocksIn, fileNameOf, moduleText, outputPattern, root, type Block } from "./pages.js";

const stage = vi.hoisted((): { time?: VirtualTime; throttle?: Throttle } => ({}));

// The throttle that a process shares would tell the listeners of one block what the next one does.
vi.mock("../../src/throttle/default-throttle.js", () => ({
  defaultThrottle: () => (stage.throttle ??= createThrottle()),
}));

vi.mock("azure-remedy/emulator", async (importOriginal) => {
  const { staged } = await import("../support/staged-emulator.js");
  return staged(await importOriginal<typeof EmulatorModule>(), () => stage.time);
});

vi.mock("@azure/identity", () => ({
  DefaultAzureCredential: class {
    getToken = (scopes: string) => given.arm.credential.getToken(scopes);
  },
}));

vi.mock("@azure/arm-compute", async (importOriginal) => {
  const original = await importOriginal<typeof ComputeModule>();
  type Options = ConstructorParameters<typeof original.ComputeManagementClient>[2];
  class ComputeManagementClient extends original.ComputeManagementClient {
    constructor(
      credential: ConstructorParameters<typeof original.ComputeManagementClient>[0],
      subscriptionId: string,
      options?: Options,
    ) {
      super(credential, subscriptionId, options ?? given.arm.clientOptions);
      if (options?.endpoint !== undefined && stage.time)
        this.pipeline.addPolicy(stage.time.wire.policy, { afterPhase: "Sign" });
    }
  }
  return { ...original, ComputeManagementClient };
});

vi.mock("redis", () => {
  const client = {
    isReady: false,
    on: () => client,
    connect: () => Promise.resolve(client),
    eval: fail,
    evalSha: fail,
  };
  return { createClient: () => client };
});
const fail = vi.hoisted(() => () => Promise.reject(new Error("the server is away")));

const folder = mkdtempSync(join(tmpdir(), "pages-"));
symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a block; gives what it printed. */
async function printedBy(block: Block): Promise<string> {
  const printed: string[] = [];
  const spies = (["log", "warn", "error"] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation((...values) => void printed.push(format(...values))),
  );
  const file = join(folder, fileNameOf(block));
  writeFileSync(file, moduleText(block));
  try {
    await inVirtualTime(async (time) => {
      stage.time = time;
      delete stage.throttle;
      await given.enter();
      try {
        await import(/* @vite-ignore */ file);
      } finally {
        await given.leave();
      }
    });
  } finally {
    spies.forEach((spy) => spy.mockRestore());
  }
  return printed
    .join("\n")
    .trimEnd()
    .split("\n")
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}

describe("code of the pages", () => {
  it.each(blocksIn("ts", "js"))("$place", async (block) => {
    const printed = await printedBy(block);
    if (block.output !== undefined) expect(printed).toMatch(outputPattern(block.output));
  });
});

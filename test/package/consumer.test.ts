/**
 * The packed package in a project of its own, in each way that a user may load it: ES modules, CommonJS, TypeScript with
 * each module resolution, and the README's first lines, compiled and run.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { startEmulator } from "azure-remedy/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { entries } from "../../scripts/entries.js";
import { freshProject, manifest, pack, root, run, type FreshProject } from "./packed.js";

let project: FreshProject;
/** Has no `@azure/identity`, so that another can stand there: no machine that runs tests has a login. */
let withoutLogin: FreshProject;
beforeAll(() => {
  const packed = pack();
  project = freshProject(packed, ["@azure/identity", "@types/node", "redis"]);
  withoutLogin = freshProject(packed);
  packed.remove();
}, 60_000);
afterAll(() => {
  project.remove();
  withoutLogin.remove();
});

const write = (name: string, text: string): void => writeFileSync(join(project.folder, name), text);
const node = (...args: string[]): string => run(process.execPath, args, project.folder);
describe("JavaScript", () => {
  it.each(entries)("$specifier is the same by import and by require", ({ specifier }) => {
    write("by-import.mjs", `import * as all from "${specifier}"; console.log(Object.keys(all).sort().join());`);
    write("by-require.cjs", `console.log(Object.keys(require("${specifier}")).sort().join());`);
    const names = node("by-import.mjs").trim();
    expect(names).not.toBe("");
    expect(node("by-require.cjs").trim()).toBe(names);
  });

  it("gives package.json to tools that ask", () => {
    write("version.cjs", 'console.log(require("azure-remedy/package.json").version);');
    expect(node("version.cjs").trim()).toBe(manifest.version);
  });

  it("keeps the files behind its entries to itself", () => {
    write("inside.mjs", 'await import("azure-remedy/dist/catalog/catalog.js");');
    expect(() => node("inside.mjs")).toThrow("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });

  it("runs as a command", () => {
    expect(node(join("node_modules", manifest.name, manifest.bin["azure-remedy"] ?? ""), "--version").trim()).toBe(
      manifest.version,
    );
  });
});

const program = `
import { ComputeManagementClient } from "@azure/arm-compute";
import { isRemedyError, registerProvider, withRemedy, type RemedyOptions } from "azure-remedy";
import { startEmulator, type Emulator } from "azure-remedy/emulator";
import { redisThrottleStore } from "azure-remedy/redis";

const options: RemedyOptions = { maxRetries: 2, remedies: [registerProvider()] };
export async function main(): Promise<string | undefined> {
  const arm: Emulator = await startEmulator();
  const compute: ComputeManagementClient = withRemedy(
    new ComputeManagementClient(arm.credential, arm.subscriptionId, arm.clientOptions),
    options,
  );
  try {
    await compute.virtualMachines.get("rg", "missing");
    return undefined;
  } catch (error: unknown) {
    return isRemedyError(error) ? error.diagnosis.remedy.summary : undefined;
  } finally {
    await arm.stop();
  }
}
export const store = redisThrottleStore;
`;

const strict = {
  strict: true,
  noEmit: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  target: "es2023",
  lib: ["es2023"],
  types: ["node"],
};
/** Two of them also check the declarations of the package, as ES module and CommonJS, and of all it leans on: that is the slow part. */
const resolutions = [
  {
    name: "node16",
    file: "program.mts",
    options: { module: "node16", moduleResolution: "node16", skipLibCheck: false },
  },
  {
    name: "node16 from CommonJS",
    file: "program.cts",
    options: { module: "node16", moduleResolution: "node16", skipLibCheck: false },
  },
  { name: "nodenext", file: "program.mts", options: { module: "nodenext", skipLibCheck: true } },
  { name: "nodenext from CommonJS", file: "program.cts", options: { module: "nodenext", skipLibCheck: true } },
  {
    name: "node and module commonjs",
    file: "program.ts",
    options: { module: "commonjs", moduleResolution: "node", ignoreDeprecations: "6.0", skipLibCheck: true },
  },
  {
    name: "bundler",
    file: "program.ts",
    options: { module: "esnext", moduleResolution: "bundler", skipLibCheck: true },
  },
];
const compile = (name: string, file: string, options: object): string => {
  const config = `tsconfig.${name.replaceAll(" ", "-")}.json`;
  write(config, JSON.stringify({ compilerOptions: { ...strict, ...options }, files: [file] }));
  return run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", config], project.folder);
};

describe("TypeScript", () => {
  it.each(resolutions)(
    "compiles strictly with moduleResolution $name",
    ({ name, file, options }) => {
      write(file, program);
      expect(() => compile(name, file, options)).not.toThrow();
    },
    60_000,
  );
});

describe("the README's first lines", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const firstLines = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
    .map(([, code = ""]) => code)
    .find((code) => code.includes("withRemedy("));
  /** What they leave to the reader. */
  const given = `
    const subscriptionId = process.env["SUBSCRIPTION_ID"] ?? "";
    const vm = { location: "westeurope", hardwareProfile: { vmSize: "Standard_D2s_v5" } };
  `;

  it("compile as they stand", () => {
    write("readme.mts", given + (firstLines ?? ""));
    expect(firstLines).toBeDefined();
    expect(() =>
      compile("readme", "readme.mts", { module: "node16", moduleResolution: "node16", skipLibCheck: true }),
    ).not.toThrow();
  }, 120_000);

  it("create the VM, though Azure is busy at first", async () => {
    await using arm = await startEmulator({ operations: { polls: 0 } });
    const fault = arm.fail("StorageAccountTooBusy", { on: "PUT virtualMachines", as: "answer", retryAfter: 1 });
    const identity = join(withoutLogin.folder, "node_modules/@azure/identity");
    rmSync(identity, { recursive: true, force: true });
    mkdirSync(identity);
    writeFileSync(
      join(identity, "package.json"),
      '{ "name": "@azure/identity", "type": "module", "exports": "./index.js" }',
    );
    writeFileSync(join(identity, "index.js"), loginOfTests);
    writeFileSync(join(withoutLogin.folder, "to-emulator.cjs"), toEmulator);
    writeFileSync(join(withoutLogin.folder, "readme.mjs"), given + (firstLines ?? ""));
    const { hostname, port } = new URL(arm.endpoint);
    await promisify(execFile)(process.execPath, ["--require", "./to-emulator.cjs", "readme.mjs"], {
      cwd: withoutLogin.folder,
      env: { ...process.env, SUBSCRIPTION_ID: arm.subscriptionId, EMULATOR: `${hostname}:${port}` },
    });
    expect(fault.hits).toBe(1);
    expect(arm.vm("web-01")?.provisioningState).toBe("Succeeded");
  }, 60_000);
});

const loginOfTests = `
export class DefaultAzureCredential {
  getToken() { return Promise.resolve({ token: "t", expiresOnTimestamp: Date.now() + 3600000 }); }
}
`;

/** The lines name no host: what they send to Azure arrives at the emulator. */
const toEmulator = `
const http = require("node:http");
const https = require("node:https");
const [hostname, port] = process.env.EMULATOR.split(":");
https.request = (options, answered) => {
  const headers = { ...options.headers, "x-emulator-origin": "https://management.azure.com" };
  return http.request({ ...options, headers, agent: undefined, protocol: "http:", hostname, port }, answered);
};
require("node:module").syncBuiltinESMExports();
`;

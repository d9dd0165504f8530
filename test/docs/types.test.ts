/**
 * Every ```ts and ```js block of the pages, checked in one program as strictly as our own code; and every option, and
 * every field of what users read, is in the tables of the pages, with its default.
 */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import ts from "typescript";
import { afterAll, describe, expect, it } from "vitest";
import { entries } from "../../scripts/entries.js";
import { blocksIn, fileNameOf, moduleText, root, tableRows } from "./pages.js";

const folder = mkdtempSync(join(tmpdir(), "pages-"));
symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
afterAll(() => rmSync(folder, { recursive: true }));

const files = blocksIn("ts", "js").map((block) => {
  const file = join(folder, fileNameOf(block));
  writeFileSync(file, moduleText(block));
  return file;
});

const { config } = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path)) as {
  config: { compilerOptions: object };
};
const { options } = ts.convertCompilerOptionsFromJson(
  { ...config.compilerOptions, allowJs: true, checkJs: true, moduleDetection: "force" },
  root,
);
const program = ts.createProgram([...files, ...entries.map(({ source }) => join(root, source))], {
  ...options,
  typeRoots: [join(root, "node_modules/@types")],
});

it("the code of the pages compiles", () => {
  const mistakes = files.flatMap((file) => {
    const source = program.getSourceFile(file);
    const found = source ? ts.getPreEmitDiagnostics(program, source) : [];
    return found.map(({ start = 0, messageText }) => {
      const line = (source?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
      return `${basename(file)} line ${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
  });
  expect(mistakes).toEqual([]);
}, 120_000);

/** The properties of an exported type, with what their comments say. */
function optionsOf(module: string, type: string): Map<string, string> {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(join(root, module));
  const door = source && checker.getSymbolAtLocation(source);
  const found = door && checker.getExportsOfModule(door).find(({ name }) => name === type);
  if (!found) throw new Error(`${module} exports no ${type}`);
  const symbol = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
  const properties = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol));
  return new Map(
    properties.map((property) => [property.name, ts.displayPartsToString(property.getDocumentationComment(checker))]),
  );
}

/** Rows of a table whose first cell names an option: name and default. */
function documented(page: string, heading: string): Map<string, string> {
  const rows = tableRows(page, heading);
  return new Map(
    rows.flatMap(([names = "", given = ""]) =>
      [...names.matchAll(/`(\w+)(?:\(\))?`/g)].map(([, name = ""]) => [name, given.replaceAll("`", "")] as const),
    ),
  );
}

interface Table {
  readonly page: string;
  readonly heading: string;
  readonly module: string;
  readonly type: string;
  /** What every error has. */
  readonly besides?: readonly string[];
}

const tables: readonly Table[] = [
  { page: "docs/options.md", heading: "withRemedy and remedyPolicy", module: "src/index.ts", type: "RemedyOptions" },
  { page: "docs/options.md", heading: "retryOperation", module: "src/index.ts", type: "RetryOperationOptions" },
  { page: "docs/options.md", heading: "createThrottle", module: "src/index.ts", type: "ThrottleOptions" },
  {
    page: "docs/options.md",
    heading: "redisThrottleStore",
    module: "src/throttle/lease/redis.ts",
    type: "RedisThrottleStoreOptions",
  },
  {
    page: "docs/options.md",
    heading: "registerProvider",
    module: "src/index.ts",
    type: "RegisterProviderOptions",
  },
  { page: "docs/options.md", heading: "deallocateFirst", module: "src/index.ts", type: "DeallocateFirstOptions" },
  {
    page: "docs/options.md",
    heading: "fallbackSizes and fallbackZones",
    module: "src/index.ts",
    type: "FallbackOptions",
  },
  { page: "docs/options.md", heading: "startEmulator", module: "src/emulator/index.ts", type: "EmulatorOptions" },
  {
    page: "docs/opentelemetry.md",
    heading: "Options",
    module: "src/adapters/opentelemetry/index.ts",
    type: "OpenTelemetryOptions",
  },
  { page: "docs/own-rules.md", heading: "Fields of a rule", module: "src/index.ts", type: "RuleDefinition" },
  { page: "docs/errors.md", heading: "Fields", module: "src/index.ts", type: "RemedyError", besides: ["stack"] },
  { page: "docs/errors.md", heading: "The diagnosis", module: "src/index.ts", type: "Diagnosis" },
];

describe.each(tables)("$page on $heading", ({ page, heading, module, type, besides = [] }) => {
  it("names all there is and nothing else", () => {
    const inCode = [...optionsOf(module, type).keys()].filter((name) => !besides.includes(name));
    expect([...documented(page, heading).keys()].sort()).toEqual(inCode.sort());
  });

  it("gives the defaults that the code gives", () => {
    const inCode = [...optionsOf(module, type)].flatMap(([name, comment]) => {
      const value = /Default `?(\d+|\{[^}]*\}|true|false)/.exec(comment)?.[1];
      return value === undefined ? [] : [[name, value] as const];
    });
    const onPage = documented(page, heading);
    for (const [name, value] of inCode) expect([name, onPage.get(name)]).toEqual([name, value]);
  });
});

it("the README names options that there are, with their defaults", () => {
  const inReadme = documented("README.md", "Options");
  const onPage = documented("docs/options.md", "withRemedy and remedyPolicy");
  expect(inReadme.size).toBeGreaterThan(0);
  for (const [name, value] of inReadme) expect(onPage.get(name)?.replace("the package's", "ours")).toBe(value);
});

it("the page on events names every kind", () => {
  const source = program.getSourceFile(join(root, "src/recovery/events.ts"));
  const text = source?.getFullText() ?? "";
  const kinds = new Set([...text.matchAll(/readonly type: "(\w+)"/g)].map(([, kind = ""]) => kind));
  expect([...documented("docs/events.md", "Kinds").keys()].sort()).toEqual([...kinds, "throttle"].sort());
});

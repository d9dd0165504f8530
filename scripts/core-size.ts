/**
 * What the core weighs in a bundle: everything `azure-remedy` exports, minified, peers and dependencies left outside.
 * A room's figure is that of its modules compressed by themselves; together they compress a little better.
 */
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { build, transform, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

export interface CoreSize {
  /** Bytes as downloaded: minified and gzipped. */
  readonly total: number;
  /** Bytes before compression. */
  readonly minified: number;
  /** Gzipped bytes of a program that imports `withRemedy` alone, after tree shaking. */
  readonly withRemedyAlone: number;
  /** Gzipped bytes of `azure-remedy/diagnose`, everything it exports: what its build for browsers loads at once. */
  readonly diagnose: number;
  /** Gzipped bytes by room, the largest first. */
  readonly rooms: ReadonlyMap<string, number>;
}

export async function measureCore(): Promise<CoreSize> {
  const bundled = await bundle('export * from "./src/index.ts"');
  const minified = await withoutSpace(bundled);
  const byRoom = new Map<string, string>();
  for (const [path, code] of modulesOf(bundled)) {
    const room = roomOf(path);
    byRoom.set(room, (byRoom.get(room) ?? "") + (await withoutSpace(code)));
  }
  const rooms = [...byRoom].map(([room, code]) => [room, gzipped(code)] as const);
  return {
    total: gzipped(minified),
    minified: Buffer.byteLength(minified),
    withRemedyAlone: gzipped(await withoutSpace(await bundle('export { withRemedy } from "./src/index.ts"'))),
    diagnose: gzipped(await withoutSpace(await bundle('export * from "./src/diagnose.ts"', "browser", [loadsAtOnce]))),
    rooms: new Map(rooms.sort(([, left], [, right]) => right - left)),
  };
}

/** White space stays for now: with it esbuild says in a comment where each module begins. */
/** The catalog of the build for browsers, without the advice, which it loads later. */
const loadsAtOnce: Plugin = {
  name: "loads-at-once",
  setup: (build) => {
    build.onResolve({ filter: /\/default-catalog\.js$/ }, () => ({
      path: fileURLToPath(new URL("../src/catalog/default-catalog.browser.ts", import.meta.url)),
    }));
    build.onResolve({ filter: /\/advice\.generated\.js$/ }, ({ path }) => ({ path, external: true }));
  },
};

async function bundle(
  contents: string,
  platform: "neutral" | "browser" = "neutral",
  plugins: Plugin[] = [],
): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: "esm",
    platform,
    plugins,
    target: "es2023",
    packages: "external",
    charset: "utf8",
    legalComments: "none",
    minifyIdentifiers: true,
    minifySyntax: true,
  });
  return outputFiles[0]?.text ?? "";
}

function* modulesOf(bundled: string): Generator<[path: string, code: string]> {
  const [, ...parts] = bundled.split(/^\/\/ (src\/\S+)$/m);
  for (let at = 0; at + 1 < parts.length; at += 2) yield [parts[at] ?? "", withoutExports(parts[at + 1] ?? "")];
}

/** The list of exports at the bundle's end names what other modules declare: alone, a part does not parse with it. */
const withoutExports = (code: string): string => code.replace(/\bexport \{[^}]*\};?\s*$/, "");

function roomOf(path: string): string {
  if (/(?:catalog|advice)\.generated\.ts$/.test(path)) return "catalog data";
  const [, room = "", file] = path.split("/");
  return file === undefined ? "options" : room === "catalog" ? "catalog code" : room;
}

async function withoutSpace(code: string): Promise<string> {
  return (await transform(code, { minifyWhitespace: true, charset: "utf8" })).code;
}

const gzipped = (text: string): number => gzipSync(text, { level: 9 }).length;

export function describeSize({ total, minified, withRemedyAlone, diagnose, rooms }: CoreSize): string {
  const line = (name: string, bytes: number): string =>
    `  ${name.padEnd(34)} ${bytes.toLocaleString("en").padStart(9)}`;
  return [
    "bytes, minified and gzipped:",
    ...[...rooms].map(([room, bytes]) => line(room, bytes)),
    line("all exports in one bundle", total),
    line("the same before compression", minified),
    line("withRemedy alone, tree-shaken", withRemedyAlone),
    line("azure-remedy/diagnose, in a browser", diagnose),
  ].join("\n");
}

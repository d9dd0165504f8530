/** The package as users get it: packed from `dist/`, laid out in a folder of its own far from the repository. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

type Target = Readonly<Record<"types" | "default", string>>;

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly main: string;
  readonly types: string;
  readonly typesVersions: { readonly "*": Readonly<Record<string, readonly string[]>> };
  readonly exports: Readonly<Record<string, string | Readonly<Record<"import" | "require", Target>>>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

export const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;

export interface Packed {
  /** Path of the tarball. */
  readonly tarball: string;
  /** Paths inside the package. */
  readonly files: readonly string[];
  remove(): void;
}

/** Packs what `npm run build` made; a test of the package is no test of the sources. */
export function pack(): Packed {
  if (!existsSync(join(root, "dist/index.js"))) throw new Error("dist/ is missing: npm run build, then try again");
  const folder = mkdtempSync(join(tmpdir(), "azure-remedy-pack-"));
  const output = run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root);
  const [packed] = JSON.parse(output) as [{ filename: string; files: { path: string }[] }];
  return {
    tarball: join(folder, packed.filename),
    files: packed.files.map(({ path }) => path),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

export interface FreshProject {
  readonly folder: string;
  remove(): void;
}

/**
 * A fresh project that has the packed package and, linked from here, exactly what its package.json asks for, and `others`:
 * what the package forgot to declare it does not find.
 */
export function freshProject({ tarball }: Packed, others: readonly string[] = []): FreshProject {
  const folder = mkdtempSync(join(tmpdir(), "azure-remedy-user-"));
  const modules = join(folder, "node_modules");
  mkdirSync(modules);
  run("tar", ["-xzf", tarball, "-C", modules], folder);
  renameSync(join(modules, "package"), join(modules, manifest.name));
  for (const name of new Set([
    ...Object.keys(manifest.dependencies),
    ...Object.keys(manifest.peerDependencies),
    ...others,
  ])) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(modules, name), "junction");
  }
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

/** What a command prints. Throws with all it printed when it fails. */
export function run(command: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error([`${command} ${args.join(" ")} failed:`, stdout, stderr].join("\n").trim(), { cause: error });
  }
}

/**
 * The entries of the package (`azure-remedy`, `azure-remedy/redis`, …) and where each begins in `src/`. `entries.json` is the
 * one place that lists them: the build, the API reports, the linters and the tests read it. What package.json and
 * tsconfig.json must say of an entry follows from it, and `npm run entries` writes it there.
 */
import entryList from "../entries.json" with { type: "json" };

export interface Entry {
  /** As package.json's `exports` has it: `.` or `./redis`. */
  readonly subpath: string;
  /** What users import: `azure-remedy/redis`. */
  readonly specifier: string;
  /** Where it begins, from the root: `src/throttle/lease/redis.ts`. */
  readonly source: string;
  /** Its place in `dist/` and in `dist/cjs/`, without an extension: `throttle/lease/redis`. */
  readonly output: string;
}

export const entries: readonly Entry[] = Object.entries(entryList).map(([subpath, source]) => ({
  subpath,
  specifier: subpath.replace(/^\./, "azure-remedy"),
  source,
  output: source.replace(/^src\//, "").replace(/\.ts$/, ""),
}));

/** The entry that has a build for browsers, which loads its texts in two parts. */
const forBrowsers = "./diagnose";

const esm = ({ output }: Entry): string => `./dist/${output}`;
const commonJs = ({ output }: Entry): string => `./dist/cjs/${output}`;

/** The fields of package.json that follow from the entries. */
export function manifestFields(): Record<string, unknown> {
  const [main, ...others] = entries as readonly [Entry, ...Entry[]];
  return {
    // What reads neither `exports` nor their conditions resolves as CommonJS: `moduleResolution: node`, older bundlers.
    main: `${commonJs(main)}.js`,
    types: `${commonJs(main)}.d.ts`,
    typesVersions: {
      "*": Object.fromEntries(others.map((entry) => [entry.subpath.slice(2), [`${commonJs(entry)}.d.ts`]])),
    },
    exports: {
      ...Object.fromEntries(
        entries.map((entry) => [
          entry.subpath,
          {
            import: {
              types: `${esm(entry)}.d.ts`,
              ...(entry.subpath === forBrowsers && { browser: `./dist/browser/${entry.output}.js` }),
              default: `${esm(entry)}.js`,
            },
            require: { types: `${commonJs(entry)}.d.ts`, default: `${commonJs(entry)}.js` },
          },
        ]),
      ),
      "./package.json": "./package.json",
    },
  };
}

/** `compilerOptions.paths`: tests and examples import the package by its public names, as users do. */
export const sourcePaths = (): Record<string, string[]> =>
  Object.fromEntries(entries.map(({ specifier, source }) => [specifier, [`./${source}`]]));

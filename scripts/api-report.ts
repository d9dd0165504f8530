/**
 * The API report: everything a user can import, as one text for each entry, kept in `etc/`. A change of the API shows there
 * as a diff, so that nobody changes it without noticing. `npm run api` writes the reports, a test compares them.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";
import { entries } from "./entries.js";

const root = fileURLToPath(new URL("..", import.meta.url));
export const reportFolder = join(root, "etc");

/** The name of each report, and the declarations it is made from. */
export const reports: ReadonlyMap<string, string> = new Map(
  entries.map(({ specifier, output }) => [specifier.replaceAll("/", "-"), `dist/${output}.d.ts`]),
);

/** The report of an entry as the build in `dist/` has it. */
export function readApi(name: string): string {
  const temporary = mkdtempSync(join(tmpdir(), "api-report-"));
  try {
    const remarks: string[] = [];
    Extractor.invoke(configOf(name, temporary), {
      localBuild: true,
      messageCallback: (message) => {
        message.handled = true;
        if (message.logLevel === ExtractorLogLevel.Warning || message.logLevel === ExtractorLogLevel.Error)
          remarks.push(message.text);
      },
    });
    const text = readFileSync(join(temporary, `${name}.api.md`), "utf8");
    return [
      text.replaceAll(/^ *\/\/ \(undocumented\)\n/gm, ""),
      ...remarks.sort().map((remark) => `- ${remark}\n`),
    ].join("");
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

function configOf(name: string, folder: string): ExtractorConfig {
  const declarations = join(root, reports.get(name) ?? "");
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(root, "package.json"),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: declarations,
      newlineKind: "lf",
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "es2023",
            lib: ["es2023"],
            module: "nodenext",
            strict: true,
            skipLibCheck: true,
            types: ["node"],
          },
          files: [declarations],
        },
      },
      apiReport: { enabled: true, reportFileName: `${name}.api.md`, reportFolder: folder, reportTempFolder: folder },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.Warning },
          "ae-missing-release-tag": { logLevel: ExtractorLogLevel.None },
          "ae-undocumented": { logLevel: ExtractorLogLevel.None },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Warning } },
      },
    },
  });
}

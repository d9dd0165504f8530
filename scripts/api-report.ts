/**
 * The API report: everything a user can import, as one text for each door, kept in `etc/`. A change of the API shows there
 * as a diff, so that nobody changes it without noticing. `npm run api` writes the reports, a test compares them.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";

const root = fileURLToPath(new URL("..", import.meta.url));
export const reportFolder = join(root, "etc");

/** The doors of the package: the report of each, and the declarations it is made from. */
export const doors = {
  "azure-remedy": "dist/index.d.ts",
  "azure-remedy-diagnose": "dist/diagnose.d.ts",
  "azure-remedy-emulator": "dist/emulator/index.d.ts",
  "azure-remedy-fleet": "dist/fleet/index.d.ts",
  "azure-remedy-redis": "dist/throttle/lease/redis.d.ts",
} as const;

/** The report of a door as the build in `dist/` has it. */
export function readApi(door: keyof typeof doors): string {
  const temporary = mkdtempSync(join(tmpdir(), "api-report-"));
  try {
    const remarks: string[] = [];
    Extractor.invoke(configOf(door, temporary), {
      localBuild: true,
      messageCallback: (message) => {
        message.handled = true;
        if (message.logLevel === ExtractorLogLevel.Warning || message.logLevel === ExtractorLogLevel.Error)
          remarks.push(message.text);
      },
    });
    const text = readFileSync(join(temporary, `${door}.api.md`), "utf8");
    return [
      text.replaceAll(/^ *\/\/ \(undocumented\)\n/gm, ""),
      ...remarks.sort().map((remark) => `- ${remark}\n`),
    ].join("");
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

function configOf(door: keyof typeof doors, folder: string): ExtractorConfig {
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(root, "package.json"),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(root, doors[door]),
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
          files: [join(root, doors[door])],
        },
      },
      apiReport: { enabled: true, reportFileName: `${door}.api.md`, reportFolder: folder, reportTempFolder: folder },
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

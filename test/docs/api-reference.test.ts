/** The API reference is made without a warning: every type that an entry shows is exported, every link in a comment leads somewhere. */
import { join } from "node:path";
import { Application, Logger, LogLevel } from "typedoc";
import { expect, it } from "vitest";
import { entries } from "../../scripts/entries.js";
import { root } from "./pages.js";

it("typedoc has nothing to complain about", async () => {
  const app = await Application.bootstrap({
    options: join(root, "typedoc.config.js"),
    entryPoints: entries.map(({ source }) => join(root, source)),
    tsconfig: join(root, "src/tsconfig.json"),
  });
  const complaints: string[] = [];
  app.logger = new (class extends Logger {
    override log(message: string, level: LogLevel): void {
      if (level >= LogLevel.Warn) complaints.push(message);
    }
  })();
  const project = await app.convert();
  if (project) app.validate(project);
  expect(complaints).toEqual([]);
  expect(project?.children).toHaveLength(entries.length);
}, 120_000);

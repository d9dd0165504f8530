/** The API reference is made without a warning: every type that the doors show is exported, every link in a comment leads somewhere. */
import { join } from "node:path";
import { Application, Logger, LogLevel } from "typedoc";
import { expect, it } from "vitest";
import { root } from "./pages.js";

it("typedoc has nothing to complain about", async () => {
  const app = await Application.bootstrap({
    options: join(root, "typedoc.json"),
    entryPoints: ["src/index.ts", "src/emulator/index.ts", "src/fleet/index.ts", "src/throttle/lease/redis.ts"].map(
      (path) => join(root, path),
    ),
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
  expect(project?.children?.map(({ name }) => name).sort()).toEqual([
    "emulator",
    "fleet",
    "index",
    "throttle/lease/redis",
  ]);
}, 120_000);

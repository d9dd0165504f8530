/** The diagnosis as browsers load it: the texts that come in a second file are there once `stepsLoaded` says so. */
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import type * as Diagnose from "../../src/diagnose.js";

const entry = fileURLToPath(new URL("../../dist/browser/diagnose.js", import.meta.url));

it("has steps, the page and the Chinese messages when they have loaded, whatever was asked before", async () => {
  const { diagnose, stepsLoaded } = (await import(entry)) as typeof Diagnose;
  const chinese = {
    error: {
      code: "Whatever",
      message: "操作系统预配虚拟机“plum-4”未完成在分配的时间。 VM 可能仍成功完成预配。 请稍后检查预配状态。",
    },
  };
  const english = { error: { code: "ResourceGroupNotFound", message: "Resource group 'plums' could not be found." } };
  expect(diagnose(english)).toMatchObject({ basis: "message", disposition: "permanent" });
  diagnose(chinese);
  await stepsLoaded;
  const { remedy } = diagnose(english);
  expect(remedy.steps.length).toBeGreaterThan(0);
  expect(remedy.docs).toMatch(/^https:/);
  expect(diagnose(chinese)).toMatchObject({ basis: "message", parameters: { vmName: "plum-4" } });
});

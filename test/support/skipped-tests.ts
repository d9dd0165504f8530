/** A reporter that ends a run with what was skipped, and why: whoever skips a test puts into its name what it needs. */
import type { Reporter, TestModule, TestCase } from "vitest/node";

export class SkippedTests implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const names = new Set(modules.flatMap((module) => [...module.children.allTests("skipped")].map(groupOrTest)));
    for (const name of names) console.log(` Skipped     ${name}`);
  }
}

/** A group that was skipped whole is named once. */
function groupOrTest(test: TestCase): string {
  const { parent } = test;
  const isWhole =
    parent.type === "suite" && [...parent.children.allTests()].every((one) => one.result().state === "skipped");
  return `${test.module.relativeModuleId}: ${isWhole ? parent.fullName : test.fullName}`;
}

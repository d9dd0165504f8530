/** The section that a person reads, and which errors of a text get one. */
import { defaultCatalog, diagnose, rulesOf } from "azure-remedy";
import { describe, expect, it } from "vitest";
import { collectValue } from "../../src/cli/explain/blanks.js";
import type { BlankValues } from "../../src/cli/explain/fill-blanks.js";
import { explain, explanationJson, explanationLines } from "../../src/cli/explain/explanation.js";
import { decidingFailure } from "../../src/cli/text/diagnose-text.js";
import { diagnoseAll } from "../../src/diagnose.js";

const ruleOf = (id: string): ReturnType<typeof rulesOf>[number] | undefined =>
  rulesOf(defaultCatalog).find((rule) => rule.id === id);
const sectionOf = (input: unknown, blanks: BlankValues = new Map(), occurrences = 1): string =>
  explanationLines(explain(diagnose(input), occurrences, { blanks, ruleOf, lang: "en" }), (_, text) => text).join("\n");

const startGaveUp =
  "VM 'web-01' did not start in the allotted time. The VM may still start successfully. Please check the power state later.";
const throttled = "ERROR: (TooManyRequests) Too many requests. Please try again after '7' seconds.";
const wrong = "ERROR: (InvalidParameter) The Admin Username specified is not allowed.";

describe("a section", () => {
  it("tells what happened, within what, what to do, whether a retry helps, how sure, where to read on", () => {
    const root = { code: "VMStartTimedOut", message: startGaveUp };
    const error = { code: "DeploymentFailed", message: "See details.", details: [root] };
    const section = sectionOf({ error }, collectValue("resource-group=rg"));
    expect(section).toMatch(/^VMStartTimedOut {2}indeterminate · timeout/);
    expect(section).toMatch(/said +VM 'web-01' did not start/);
    expect(section).toMatch(/within +DeploymentFailed: See details\./);
    expect(section).toMatch(/do +1\. .*-g rg -n web-01/);
    expect(section).toMatch(/retry +No\. Find out what became of it/);
    expect(section).toMatch(/known by +code and message are known; rule VMStartTimedOut/);
    expect(section).toMatch(/more +https:\/\//);
  });

  it.each([
    ["a wait that the service asks for", throttled, /retry +Yes, after 7 s, as the service asks\./],
    ["no wait asked for", "StorageAccountTooBusy", /retry +Yes, after 5 s, then with growing waits\./],
    ["a caution where it may have run", "read ECONNRESET", /It may have been carried out: check before/],
    ["what to do instead of a remedy that needs a program", "AllocationFailed", /retry +No\. Do the first step/],
    [
      "that it knows the kind only",
      "WidgetQuotaExceeded: No more widgets.",
      /note +Only the kind of this failure is known/,
    ],
    [
      "where to look for an unknown failure",
      "Gibberish, CorrelationId: 0f0f0f0f-1111-2222-3333-444455556666",
      /2\. See what Azure recorded: az monitor activity-log list --correlation-id 0f0f0f0f-1111-2222-3333-444455556666/,
    ],
    ["nothing known", "Gibberish", /known by +nothing is known about it/],
  ])("tells %s", (_, input, expected) => {
    expect(sectionOf(input)).toMatch(expected);
  });

  it("tells the ids that support asks for, and how often it was printed", () => {
    const headers = { "x-ms-request-id": "r-1", "x-ms-correlation-request-id": "c-1" };
    const section = sectionOf({ status: 409, headers, bodyAsText: '{"error":{"code":"X"}}' }, new Map(), 3);
    expect(section).toMatch(/support +request id r-1, correlation id c-1/);
    expect(section).toContain("(3 times)");
  });

  it("is an object for programs, with the blanks filled in", () => {
    const explanation = explain(diagnose("OSProvisioningTimedOut"), 1, {
      blanks: collectValue("resource-group=rg"),
      ruleOf,
      lang: "en",
    });
    expect(JSON.stringify(explanationJson(explanation))).toContain("-g rg");
    expect(explanationJson(explanation)).toMatchObject({ code: "OSProvisioningTimedOut", retry: { helps: false } });
  });
});

describe("the errors of a text", () => {
  const codes = (text: string): unknown[] =>
    diagnoseAll(text).map(({ diagnosis, occurrences }) => [diagnosis.code, occurrences]);

  it("each once, in order, with how often it stood there", () => {
    expect(codes(`${throttled}\n${wrong}\n${throttled}`)).toEqual([
      ["TooManyRequests", 2],
      ["InvalidParameter", 1],
    ]);
  });

  it("printed short and in full it is one", () => {
    expect(
      codes(
        '{"code":"AllocationFailed","message":"Allocation failed."}\nERROR: (AllocationFailed) Allocation failed. Sorry.',
      ),
    ).toEqual([["AllocationFailed", 2]]);
  });

  it("of two machines they are two", () => {
    const gone = (name: string): string => `ERROR: (VMNotFound) VM '${name}' cannot be found.`;
    expect(codes(`${gone("a-01")}\n${gone("b-01")}`)).toHaveLength(2);
  });

  it("that tell nothing are left out beside one that tells something", () => {
    expect(codes(`ERROR: the widget is bent\n${wrong}`)).toEqual([["InvalidParameter", 1]]);
  });

  it("what stands before the first is no error, unless its code is known", () => {
    expect(codes(`the request timed out, going on\n${wrong}`)).toEqual([["InvalidParameter", 1]]);
  });
});

describe("the error that decides", () => {
  it("is the least hopeful", () => {
    expect(decidingFailure(`${throttled}\n${wrong}`, defaultCatalog).code).toBe("InvalidParameter");
    expect(decidingFailure(`${wrong}\n${throttled}`, defaultCatalog).code).toBe("InvalidParameter");
  });

  it("may be one that nothing is known about", () => {
    expect(decidingFailure(`${throttled}\nERROR: the widget is bent`, defaultCatalog).disposition).toBe("permanent");
  });

  it("waits as long as the longest of them asks", () => {
    const longer = throttled.replace("'7'", "'30'");
    expect(decidingFailure(`${throttled}\n${longer}`, defaultCatalog).retryAfterMs).toBe(30_000);
  });
});

/** Links and hosts in advice are those of the cloud that the failure shows. */
import { describe, expect, it } from "vitest";
import { defaultCatalog, diagnose } from "azure-remedy";
import { rulesOf } from "../../src/catalog/catalog.js";

const stepsOf = (code: string, message: string): string =>
  diagnose({ error: { code, message } }).remedy.steps.join("\n");
const publicCloud =
  /management\.azure\.com|login\.microsoftonline\.com|portal\.azure\.com|azure\.status\.microsoft|ProdportalCRP/;

const signs = [
  ["US Government", "PUT https://management.usgovcloudapi.net/subscriptions/1 failed."],
  ["US Government, by its region", "The request to usgovvirginia failed."],
  ["China", "PUT https://management.chinacloudapi.cn/subscriptions/1 failed."],
  ["China, by its login", "POST https://login.partner.microsoftonline.cn/common failed."],
  ["Azure Stack", "PUT https://management.local.azurestack.external/subscriptions/1 failed."],
] as const;

describe.each(signs)("%s", (_, message) => {
  it("no rule names a host of the public cloud", () => {
    const codes = new Set(rulesOf(defaultCatalog).map(({ code }) => code));
    expect([...codes].filter((code) => publicCloud.test(stepsOf(code, message)))).toEqual([]);
  });

  it("some step is left", () => expect(stepsOf("temporarily_unavailable", message)).not.toBe(""));
});

it("hosts that the cloud has are named", () => {
  const scope = "Ask for one resource, for Resource Manager https://management.azure.com/.default";
  expect(stepsOf("invalid_scope", "No.")).toBe(scope);
  expect(stepsOf("invalid_scope", "usgovcloudapi.net")).toBe(scope.replace("azure.com", "usgovcloudapi.net"));
  expect(stepsOf("invalid_scope", "chinacloudapi.cn")).toBe(scope.replace("azure.com", "chinacloudapi.cn"));
});

it("the public cloud keeps its links", () => {
  expect(stepsOf("temporarily_unavailable", "The server is too busy.")).toMatch("https://azure.status.microsoft");
});

it("the filled-in form for a quota is of the public portal", () => {
  const quota = (region: string): string =>
    stepsOf(
      "OperationNotAllowed",
      `Operation could not be completed as it results in exceeding approved standardDv5Family Cores quota. Additional details - Deployment Model: Resource Manager, Location: ${region}, Current Limit: 10, Current Usage: 8, Additional Required: 4, (Minimum) New Limit Required: 12. Submit a request for Quota increase at https://aka.ms/ProdportalCRP/#blade/x by specifying parameters listed in the 'Details' section for deployment to succeed. Please read more about quota limits at https://docs.microsoft.com/x`,
    );
  expect(quota("norwayeast")).toContain("https://aka.ms/ProdportalCRP/#blade/x");
  expect(quota("usgovarizona")).not.toContain("ProdportalCRP");
  expect(quota("usgovarizona")).toContain("az vm list-usage -l usgovarizona");
});

/** What a failure states beside its code: numbers, links, sizes, policies. */
import { expect, it } from "vitest";
import { diagnose } from "../../src/diagnose.js";

const link =
  "https://aka.ms/ProdportalCRP/#blade/Microsoft_Azure_Capacity/UsageAndQuota.ReactView/Parameters/%7B%22quotas%22:[]%7D";

it.each<[what: string, message: string, facts: object]>([
  [
    "a quota of today, with the link that is filled in",
    `Operation could not be completed as it results in exceeding approved standardDv9Family Cores quota. Additional details - Deployment Model: Resource Manager, Location: norwayeast, Current Limit: 10, Current Usage: 8, Additional Required: 4, (Minimum) New Limit Required: 12. Submit a request for Quota increase at ${link}. Please read more.`,
    { region: "norwayeast", limit: "10", usage: "8", required: "4", minimum: "12", portalUrl: link },
  ],
  [
    "a quota of another service",
    "Operation cannot be completed without additional quota.\r\nAdditional details - Location: norwayeast\r\nCurrent Limit (Basic VMs): 0\r\nCurrent Usage: 1\r\nAmount required for this deployment (Basic VMs): 2\r\n(Minimum) New Limit that you should request to enable this deployment: 3.",
    { region: "norwayeast", limit: "0", usage: "1", required: "2", minimum: "3" },
  ],
  [
    "a pool",
    "The operation couldn't be completed as it results in exceeding quota limit of standardDv9Family Cores. Maximum allowed: 10, Current in use: 9, Additional requested: 7.",
    { quota: "standardDv9Family", limit: "10", usage: "9", required: "7" },
  ],
  [
    "a size that is out of stock",
    "The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: Standard_D9s_v9' is currently not available in location 'norwayeast'. Please try another size.",
    { size: "Standard_D9s_v9", region: "norwayeast" },
  ],
  [
    "the exit code of an extension",
    "VM has reported a failure when processing extension 'e1'. Error message: \"Enable failed: command terminated with exit status=127\n[stdout]\n\n[stderr]\nsh: 0: Can't open go.sh\n\"",
    { exitCode: "127", stderr: "sh: 0: Can't open go.sh" },
  ],
])("%s", (_, message, facts) => {
  expect(diagnose({ error: { code: "SomethingElse", message } }).parameters).toMatchObject(facts);
});

const policy = (name: string, expression: object, more: object = {}): object => ({
  type: "PolicyViolation",
  info: { policyAssignmentName: name, evaluationDetails: { evaluatedExpressions: [expression] }, ...more },
});
const denied = (message: string, ...additionalInfo: object[]): ReturnType<typeof diagnose> =>
  diagnose({ error: { code: "RequestDisallowedByPolicy", message, additionalInfo } });

it("a denial names assignment, field, value, what is allowed and the owner's words, each policy", () => {
  const message =
    "Resource 'vm1' was disallowed by policy. Reasons: 'Ask team-net first.'. See error details for policy resource IDs.";
  const { parameters, explanation } = denied(
    message,
    policy(
      "places",
      {
        expression: "location",
        expressionValue: "norwayeast",
        targetValue: ["westeurope", "northeurope"],
        operator: "NotIn",
      },
      { policyDefinitionDisplayName: "Allowed locations" },
    ),
    policy("owners", { expression: "tags.owner", operator: "Exists", targetValue: "false" }),
  );
  expect(parameters).toMatchObject({
    policyAssignment: "places, owners",
    policyField: "location",
    policyValue: "norwayeast",
    policyAllowed: "westeurope, northeurope",
    policyReason: "Ask team-net first.",
  });
  expect(explanation).toContain(
    "assignment 'places' (Allowed locations): location must be one of westeurope, northeurope, and the request has norwayeast; and assignment 'owners': tags.owner must be set",
  );
  expect(explanation).toContain("Ask team-net first.");
});

it.each<[operator: string, result: string, target: unknown, words: string]>([
  ["In", "True", ["a", "b"], "must not be one of a, b"],
  ["Equals", "True", "a", "must not be a"],
  ["Equals", "False", "True", "must be True"],
  ["NotEquals", "True", "a", "must be a"],
  ["Exists", "True", "true", "must not be set"],
  ["NotLike", "True", "vm-*", "must fit vm-*"],
])("a deny by %s that was %s", (operator, result, targetValue, words) => {
  const { explanation } = denied("No.", policy("p", { expression: "f", operator, result, targetValue }));
  expect(explanation).toContain(`f ${words}`);
});

it("a denial without expressions says the parameters of each assignment", () => {
  const places = { listOfAllowedLocations: { value: ["westeurope", "northeurope"] }, effect: { value: "Deny" } };
  const { parameters, explanation } = denied(
    "Resource 'vm1' was disallowed by policy.",
    { type: "PolicyViolation", info: { policyAssignmentName: "places", policyAssignmentParameters: places } },
    {
      type: "PolicyViolation",
      info: { policyAssignmentName: "owners", policyAssignmentParameters: { tagName: { value: "owner" } } },
    },
    { type: "PolicyViolation", info: { policyAssignmentName: "sizes" } },
  );
  expect(parameters).toMatchObject({
    policyAssignment: "places, owners, sizes",
    policyAllowed: "westeurope, northeurope",
  });
  expect(explanation).toContain(
    "assignment 'places', where listOfAllowedLocations is westeurope, northeurope; and assignment 'owners', where tagName is owner; and assignment 'sizes'",
  );
});

it("a denial takes what is allowed from the parameters of its own assignment", () => {
  const withPlaces = (...value: string[]): object => ({
    policyAssignmentParameters: { listOfAllowedLocations: { value } },
  });
  const location = { expression: "location", expressionValue: "westus", operator: "NotIn" };
  const { explanation } = denied(
    "Resource 'vm1' was disallowed by policy.",
    policy("north", location, withPlaces("norwayeast")),
    policy("west", location, withPlaces("norwaywest", "swedensouth")),
  );
  expect(explanation).toContain("assignment 'north': location must be one of norwayeast, and the request has westus");
  expect(explanation).toContain("assignment 'west': location must be one of norwaywest, swedensouth, and the request");
});

it("a denial without details names the assignments of its message", () => {
  const identifiers = '[{"policyAssignment":{"name":"places","id":"/p"},"policyDefinition":{"name":"d","id":"/d"}}]';
  const { explanation } = denied(`Resource 'vm1' was disallowed by policy. Policy identifiers: '${identifiers}'.`);
  expect(explanation).toContain("assignment 'places'");
});

it("ARM's own time-out is known without its code", () => {
  const words = "The gateway did not receive a response from 'Microsoft.Compute' within the specified time period.";
  expect(diagnose(words)).toMatchObject({ category: "timeout" });
});

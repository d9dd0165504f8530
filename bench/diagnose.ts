/**
 * What a diagnosis costs, against what parsing the same body costs, and against a catalog a hundred times as large.
 */
import { defineCatalog, diagnose, rulesOf, defaultCatalog, type Catalog, type RuleDefinition } from "azure-remedy";
import { compare } from "./compare.js";

const bodies = {
  "a synchronous error (150 characters)": {
    error: {
      code: "OperationNotAllowed",
      message: "Operation 'resize' is not allowed on VM 'web-01' since the VM is not deallocated.",
      target: "vm",
    },
  },
  "a failed operation (420 characters)": {
    startTime: "2026-01-05T08:00:00.1234567+00:00",
    endTime: "2026-01-05T08:03:11.7654321+00:00",
    status: "Failed",
    error: {
      code: "VMExtensionProvisioningError",
      message:
        "VM has reported a failure when processing extension 'customScript'. Error message: \"Enable failed: the command ended with exit status 1, see its output on the machine.\".",
    },
    name: "6f0c1a52-5a6e-4d8e-9b1a-0d5c8c3f2b11",
  },
  "a failed deployment (700 characters)": {
    status: "Failed",
    error: {
      code: "DeploymentFailed",
      message: "At least one resource deployment operation failed. Please list deployment operations for details.",
      details: [
        {
          code: "Conflict",
          message: JSON.stringify({
            status: "Failed",
            error: {
              code: "ResourceDeploymentFailure",
              message: "The resource operation completed with terminal provisioning state 'Failed'.",
              details: [
                {
                  code: "OSProvisioningTimedOut",
                  message:
                    "OS Provisioning for VM 'web-01' did not finish in the allotted time. The VM may still finish provisioning successfully. Please check provisioning state later.",
                },
              ],
            },
          }),
        },
      ],
    },
  },
};

for (const [title, body] of Object.entries(bodies)) {
  const bodyAsText = JSON.stringify(body);
  const answer = { status: 200, headers: { "content-type": "application/json" }, bodyAsText };
  await compare(title, {
    rounds: 15,
    calls: 20_000,
    reference: "parsing its JSON twice",
    subjects: {
      "parsing its JSON twice": (): unknown[] => [JSON.parse(bodyAsText), JSON.parse(bodyAsText)],
      "diagnose(body), as an SDK parsed it": () => diagnose(body, { now: 0 }),
      "diagnose(answer), parsing included": () => diagnose(answer, { now: 0 }),
    },
  });
}

/** The same rules under a hundred codes, and a hundred wordings under the same code. */
function hundredfold(): Catalog {
  const rules = rulesOf(defaultCatalog).map(
    ({ id, code, message, disposition, category, explanation, steps, docs }, index): RuleDefinition => ({
      id: `${id}-${index}`.replaceAll(/[^A-Za-z0-9_.-]/g, ""),
      code,
      ...(message !== undefined && { message }),
      disposition,
      category,
      explanation,
      steps,
      docs,
    }),
  );
  const copies = Array.from({ length: 100 }, (_, copy) =>
    rules.map((rule) => ({
      ...rule,
      id: `${rule.id}-${copy}`,
      code: copy % 2 === 0 ? `${rule.code}Copy${copy}` : rule.code,
      ...(rule.message !== undefined && { message: `Edition ${copy}: ${rule.message}` }),
    })),
  )
    .flat()
    .filter((rule) => rule.message !== undefined);
  return defineCatalog(copies);
}

const large = hundredfold();
console.log(`\n${rulesOf(defaultCatalog).length} rules against ${rulesOf(large).length}`);
const drifted = {
  error: {
    code: "OperationNotAllowed",
    message: "The operation 'resize' isn't allowed on VM 'web-01', as the VM is not deallocated yet.",
  },
};
const unknown = {
  error: { code: "WidgetFailed", message: "The widget shop in aisle seven has closed its doors for the day." },
};
for (const [title, input] of Object.entries({ ...bodies, "a drifted wording": drifted, "an unknown code": unknown })) {
  await compare(`${title}, catalog as it is and a hundred times as large`, {
    rounds: 11,
    calls: 2_000,
    reference: "the catalog as it is",
    subjects: {
      "the catalog as it is": () => diagnose(input, { now: 0 }),
      "a hundred times as large": () => diagnose(input, { now: 0, catalog: large }),
    },
  });
}

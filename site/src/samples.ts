/** Errors to try the page with, in the shapes that people meet. */

export interface Sample {
  readonly name: string;
  readonly text: string;
}

const nested = {
  status: "Failed",
  error: {
    code: "DeploymentFailed",
    message: "At least one resource deployment operation failed. Please list deployment operations for details.",
    details: [
      {
        code: "ResourceDeploymentFailure",
        message:
          "The resource write operation failed to complete successfully, because it reached terminal provisioning state 'Failed'.",
        details: [
          {
            code: "AllocationFailed",
            message:
              "Allocation failed. We do not have sufficient capacity for the requested VM size in this region. Read more about improving likelihood of allocation success at http://aka.ms/allocation-guidance",
          },
        ],
      },
    ],
  },
};

export const samples: readonly Sample[] = [
  { name: "Deployment", text: JSON.stringify(nested, undefined, 2) },
  {
    name: "az",
    text: `ERROR: (OperationNotAllowed) Operation could not be completed as it results in exceeding approved standardDSv5Family Cores quota. Additional details - Deployment Model: Resource Manager, Location: westeurope, Current Limit: 10, Current Usage: 8, Additional Required: 4, (Minimum) New Limit Required: 12.
Code: OperationNotAllowed`,
  },
  {
    name: "Terraform",
    text: `azurerm_linux_virtual_machine.web: Creating...
azurerm_network_interface.db: Creating...
╷
│ Error: creating Linux Virtual Machine "web-01" (Resource Group "rg-web"): compute.VirtualMachinesClient#CreateOrUpdate: Failure sending request: StatusCode=409 -- Original Error: Code="SkuNotAvailable" Message="The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: Standard_D4s_v5' is currently not available in location 'westeurope'. Please try another size or deploy to a different location or different zone."
│
│   with azurerm_linux_virtual_machine.web,
╵
╷
│ Error: creating Network Interface "db-nic" (Resource Group "rg-web"): unexpected status 429 (429 Too Many Requests) with error: RetryableErrorDueToAnotherOperation: Operation PutNicOperation on resource db-nic is waiting for another in-progress operation to finish
╵`,
  },
  {
    name: "429",
    text: `Error: (TooManyRequests) The server rejected the request because too many requests have been received for this subscription. Please try again after '17' seconds.
x-ms-request-id: 3f2b7b1e-9a44-4b53-8f0e-1a6f1f6f3c11`,
  },
  {
    name: "Custom script",
    text: `{"code":"VMExtensionProvisioningError","message":"VM has reported a failure when processing extension 'setup' (publisher 'Microsoft.Azure.Extensions' and type 'CustomScript'). Error message: 'Enable failed: failed to execute command: command terminated with exit status=1\\n[stderr]\\nE: Unable to locate package ngnix'. More information on troubleshooting is available at https://aka.ms/VMExtensionCSELinuxTroubleshoot."}`,
  },
];

/** Where VM Inspector is offered: MicrosoftDocs SupportArticles, vm-inspector-azure-virtual-machines (April 2024). */
export const inspectorRegions: readonly string[] = [
  "australiaeast",
  "eastus",
  "eastus2",
  "northeurope",
  "southcentralus",
  "southeastasia",
  "uksouth",
  "westcentralus",
  "westeurope",
  "westus2",
];

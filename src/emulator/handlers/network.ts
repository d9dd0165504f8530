/**
 * The part of the network that VM scripts need: virtual networks and subnets, interfaces, public addresses, security
 * groups.
 */
import type { ArmExchange } from "../exchange.js";
import { dig, digObject, digObjects, digText, type JsonObject } from "../json.js";
import { newResource, present, type Resource } from "../resources.js";
import type { Route } from "../router.js";
import { ArmError } from "../wire.js";
import { routesOf, type PlainResource } from "./plain-resources.js";

const namespace = "Microsoft.Network";
const writeStyle = "azure-async-operation";

const virtualNetworks: PlainResource = {
  namespace,
  type: "virtualNetworks",
  writeStyle,
  complete: (network, exchange) => {
    // Subnets written with their network are still resources of their own.
    for (const subnet of digObjects(network.properties, "subnets")) {
      const id = `${network.id}/subnets/${digText(subnet, "name") ?? ""}`;
      if (!exchange.cloud.resources.find(id)) exchange.cloud.resources.put(newResource(id, network.location, subnet));
    }
  },
  show: (network, exchange) => {
    const subnets = exchange.cloud.resources.childrenOf(network.id).map(present);
    return present({ ...network, properties: { ...network.properties, subnets } });
  },
  checkDelete: (exchange, network) => {
    for (const subnet of exchange.cloud.resources.childrenOf(network.id)) checkUnused(exchange, subnet);
  },
};

const subnets: PlainResource = {
  namespace,
  type: "subnets",
  writeStyle,
  isChildOf: virtualNetworks,
  checkDelete: checkUnused,
};

const networkInterfaces: PlainResource = {
  namespace,
  type: "networkInterfaces",
  writeStyle,
  checkWrite: (exchange, nic) => {
    for (const id of [...subnetsOf(nic), ...addressesOf(nic)]) {
      if (exchange.cloud.resources.find(id)) continue;
      throw new ArmError(
        400,
        "InvalidResourceReference",
        `Resource ${id} referenced by resource ${nic.id} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
      );
    }
  },
  complete: (nic, exchange) => {
    nic.properties["macAddress"] ??= `00-0D-3A-${hexPairs(interfaces(exchange).length + 1)}`;
    nic.properties["ipConfigurations"] = digObjects(nic.properties, "ipConfigurations").map((configuration, index) =>
      withAddress(exchange, nic, configuration, index),
    );
  },
  checkDelete: (_, nic) => {
    const user = digText(nic.properties, "virtualMachine", "id");
    if (user === undefined) return;
    throw new ArmError(
      400,
      "NicInUse",
      `Network Interface ${nic.id} is used by existing resource ${user}. In order to delete the network interface, it must be dissociated from the resource.`,
    );
  },
};

const publicIPAddresses: PlainResource = {
  namespace,
  type: "publicIPAddresses",
  writeStyle,
  complete: (address, exchange) => {
    const others = exchange.cloud.resources.ofType(`${namespace}/publicIPAddresses`).length;
    address.properties["publicIPAllocationMethod"] ??= "Static";
    address.properties["ipAddress"] ??= `203.0.113.${10 + (others % 240)}`;
  },
  checkDelete: (exchange, address) => {
    const user = interfaces(exchange).find((nic) => addressesOf(nic).some((id) => sameId(id, address.id)));
    if (!user) return;
    throw new ArmError(
      400,
      "PublicIPAddressCannotBeDeleted",
      `Public IP address ${address.id} can not be deleted since it is still allocated to resource ${user.id}.`,
    );
  },
};

const networkSecurityGroups: PlainResource = {
  namespace,
  type: "networkSecurityGroups",
  writeStyle,
  complete: (group, exchange) => {
    // Rules written with their group are still resources of their own.
    for (const rule of digObjects(group.properties, "securityRules")) {
      const id = `${group.id}/securityRules/${digText(rule, "name") ?? ""}`;
      if (!exchange.cloud.resources.find(id)) exchange.cloud.resources.put(newResource(id, group.location, rule));
    }
  },
  show: (group, exchange) => {
    const securityRules = exchange.cloud.resources.childrenOf(group.id).map(present);
    const defaultSecurityRules = defaultRules.map((rule) => ({
      id: `${group.id}/defaultSecurityRules/${rule.name}`,
      name: rule.name,
      properties: { provisioningState: "Succeeded", protocol: "*", sourcePortRange: "*", ...rule.properties },
    }));
    return present({ ...group, properties: { ...group.properties, securityRules, defaultSecurityRules } });
  },
};

const securityRules: PlainResource = {
  namespace,
  type: "securityRules",
  writeStyle,
  isChildOf: networkSecurityGroups,
  checkWrite: (exchange, rule, old) => {
    const priority = Number(dig(rule.properties, "priority"));
    if (!(priority >= 100 && priority <= 4096)) {
      throw new ArmError(
        400,
        "SecurityRuleInvalidPriority",
        `Security rule has invalid Priority. Value provided: ${priority} Allowed range 100-4096.`,
      );
    }
    const group = rule.id.slice(0, rule.id.lastIndexOf("/securityRules/"));
    const direction = digText(rule.properties, "direction");
    const other = exchange.cloud.resources
      .childrenOf(group)
      .find(
        (sibling) =>
          sibling.id !== (old ?? rule).id &&
          dig(sibling.properties, "priority") === priority &&
          digText(sibling.properties, "direction") === direction,
      );
    if (!other) return;
    throw new ArmError(
      400,
      "SecurityRuleConflict",
      `Security rule ${rule.name} conflicts with rule ${other.name}. Rules cannot have the same Priority and Direction.`,
    );
  },
};

const defaultRules = [
  defaultRule("AllowVnetInBound", 65_000, "Inbound", "Allow", "VirtualNetwork"),
  defaultRule("AllowAzureLoadBalancerInBound", 65_001, "Inbound", "Allow", "AzureLoadBalancer"),
  defaultRule("DenyAllInBound", 65_500, "Inbound", "Deny", "*"),
  defaultRule("AllowVnetOutBound", 65_000, "Outbound", "Allow", "VirtualNetwork"),
  defaultRule("AllowInternetOutBound", 65_001, "Outbound", "Allow", "*"),
  defaultRule("DenyAllOutBound", 65_500, "Outbound", "Deny", "*"),
];

function defaultRule(name: string, priority: number, direction: string, access: string, source: string) {
  return {
    name,
    properties: {
      priority,
      direction,
      access,
      sourceAddressPrefix: source,
      destinationAddressPrefix: "*",
      destinationPortRange: "*",
    },
  };
}

export const networkRoutes: readonly Route[] = [
  virtualNetworks,
  subnets,
  networkInterfaces,
  publicIPAddresses,
  networkSecurityGroups,
  securityRules,
].flatMap(routesOf);

/** The first free address of the subnet: Azure reserves the first four. */
function withAddress(exchange: ArmExchange, nic: Resource, configuration: JsonObject, index: number): JsonObject {
  const properties = digObject(configuration, "properties");
  const name = digText(configuration, "name") ?? `ipconfig${index + 1}`;
  const prefix = digText(
    exchange.cloud.resources.find(digText(properties, "subnet", "id") ?? ""),
    "properties",
    "addressPrefix",
  );
  const network = /^(\d+\.\d+)\.\d+\.\d+\//.exec(prefix ?? "")?.[1] ?? "10.0";
  const used = interfaces(exchange).length;
  return {
    ...configuration,
    name,
    id: `${nic.id}/ipConfigurations/${name}`,
    properties: {
      privateIPAddress: `${network}.${Math.floor(used / 250)}.${4 + (used % 250)}`,
      privateIPAllocationMethod: "Dynamic",
      primary: index === 0,
      provisioningState: "Succeeded",
      ...properties,
    },
  };
}

function hexPairs(number: number): string {
  return (number.toString(16).toUpperCase().padStart(6, "0").match(/../g) ?? []).join("-");
}

function checkUnused(exchange: ArmExchange, subnet: Resource): void {
  const user = interfaces(exchange).find((nic) => subnetsOf(nic).some((id) => sameId(id, subnet.id)));
  if (!user) return;
  throw new ArmError(
    400,
    "InUseSubnetCannotBeDeleted",
    `Subnet ${subnet.name} is in use by ${user.id} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet.`,
  );
}

function interfaces(exchange: ArmExchange): Resource[] {
  return exchange.cloud.resources.ofType(`${namespace}/networkInterfaces`);
}

function subnetsOf(nic: Resource): string[] {
  return configured(nic, "subnet");
}

function addressesOf(nic: Resource): string[] {
  return configured(nic, "publicIPAddress");
}

function configured(nic: Resource, what: string): string[] {
  return digObjects(nic.properties, "ipConfigurations")
    .map((configuration) => digText(configuration, "properties", what, "id"))
    .filter((id) => id !== undefined);
}

function sameId(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

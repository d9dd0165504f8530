/** Marketplace images, by publisher, offer, SKU and version, and the terms of some of them. */
import type { ArmExchange } from "../exchange.js";
import { normalLocation } from "../locations.js";
import type { Route } from "../router.js";
import { ArmError, type Reply } from "../wire.js";

const publishers = "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}/publishers";
const offers = `${publishers}/{publisher}/artifacttypes/vmimage/offers`;
const skus = `${offers}/{offer}/skus`;
const versions = `${skus}/{sku}/versions`;
const terms =
  "/subscriptions/{subscription}/providers/Microsoft.MarketplaceOrdering/offerTypes/virtualmachine/publishers/{publisher}/offers/{offer}/plans/{plan}/agreements/current";

export const platformImageRoutes: readonly Route[] = [
  { method: "GET", path: publishers, name: "publishers", handle: listPublishers },
  { method: "GET", path: offers, name: "publishers/{publisher}/offers", handle: listOffers },
  { method: "GET", path: skus, name: "publishers/{publisher}/offers/{offer}/skus", handle: listSkus },
  {
    method: "GET",
    path: versions,
    name: "publishers/{publisher}/offers/{offer}/skus/{sku}/versions",
    handle: listVersions,
  },
  {
    method: "GET",
    path: `${versions}/{version}`,
    name: "publishers/{publisher}/offers/{offer}/skus/{sku}/versions/{version}",
    handle: getVersion,
  },
  {
    method: "GET",
    path: terms,
    name: "agreements/current",
    action: "Microsoft.MarketplaceOrdering/offertypes/publishers/offers/plans/agreements/read",
    handle: getTerms,
  },
];

interface Image {
  readonly publisher: string;
  readonly offer: string;
  readonly sku: string;
  readonly versions: readonly string[];
  readonly os: "Linux" | "Windows";
  readonly generation: "V1" | "V2";
  readonly architecture: "x64" | "Arm64";
}

const linux = { os: "Linux", generation: "V2", architecture: "x64" } as const;
const images: readonly Image[] = [
  {
    ...linux,
    publisher: "Canonical",
    offer: "ubuntu-24_04-lts",
    sku: "server",
    versions: ["24.04.202511120", "24.04.202512100"],
  },
  {
    ...linux,
    publisher: "Canonical",
    offer: "ubuntu-24_04-lts",
    sku: "server-gen1",
    versions: ["24.04.202512100"],
    generation: "V1",
  },
  {
    ...linux,
    publisher: "Canonical",
    offer: "ubuntu-24_04-lts",
    sku: "server-arm64",
    versions: ["24.04.202512100"],
    architecture: "Arm64",
  },
  {
    publisher: "MicrosoftWindowsServer",
    offer: "WindowsServer",
    sku: "2022-datacenter-azure-edition",
    versions: ["20348.2966.241205"],
    os: "Windows",
    generation: "V2",
    architecture: "x64",
  },
];

interface Listed {
  readonly location: string;
  readonly name: string;
  readonly id: string;
}

function listed(exchange: ArmExchange, names: readonly string[]): Reply {
  const location = normalLocation(exchange.param("location"));
  const base = exchange.request.url.pathname;
  const body: Listed[] = [...new Set(names)].map((name) => ({ location, name, id: `${base}/${name}` }));
  // These lists are arrays, without `value`.
  return { status: 200, body };
}

function matching(exchange: ArmExchange): Image[] {
  const fits = (key: "publisher" | "offer" | "sku", value: string): boolean =>
    !exchange.has(key) || exchange.param(key).toLowerCase() === value.toLowerCase();
  const found = images.filter(
    ({ publisher, offer, sku }) => fits("publisher", publisher) && fits("offer", offer) && fits("sku", sku),
  );
  if (found.length > 0) return found;
  throw new ArmError(404, "NotFound", "Artifact: VMImage was not found.");
}

function listPublishers(exchange: ArmExchange): Reply {
  return listed(
    exchange,
    images.map(({ publisher }) => publisher),
  );
}

function listOffers(exchange: ArmExchange): Reply {
  return listed(
    exchange,
    matching(exchange).map(({ offer }) => offer),
  );
}

function listSkus(exchange: ArmExchange): Reply {
  return listed(
    exchange,
    matching(exchange).map(({ sku }) => sku),
  );
}

function listVersions(exchange: ArmExchange): Reply {
  return listed(
    exchange,
    matching(exchange).flatMap(({ versions: all }) => all),
  );
}

function getVersion(exchange: ArmExchange): Reply {
  const [image] = matching(exchange);
  const wanted = exchange.param("version");
  const version = wanted === "latest" ? image?.versions.at(-1) : wanted;
  if (!image || version === undefined || !image.versions.includes(version)) {
    throw new ArmError(404, "NotFound", `Artifact: VMImage, version ${wanted} was not found.`);
  }
  return {
    status: 200,
    body: {
      location: normalLocation(exchange.param("location")),
      name: version,
      id: exchange.request.url.pathname,
      properties: {
        osDiskImage: { operatingSystem: image.os, sizeInGb: image.os === "Linux" ? 30 : 127 },
        dataDiskImages: [],
        hyperVGeneration: image.generation,
        architecture: image.architecture,
        automaticOSUpgradeProperties: { automaticOSUpgradeSupported: true },
      },
    },
  };
}

/** Not accepted: accepting is a legal act, which a rehearsal does not need. */
function getTerms(exchange: ArmExchange): Reply {
  const [publisher, product, plan] = ["publisher", "offer", "plan"].map((key) => exchange.param(key));
  return {
    status: 200,
    body: {
      id: exchange.request.url.pathname,
      name: "current",
      type: "Microsoft.MarketplaceOrdering/offertypes",
      properties: {
        publisher,
        product,
        plan,
        licenseTextLink: "https://example.com/license",
        privacyPolicyLink: "https://example.com/privacy",
        marketplaceTermsLink: "https://example.com/terms",
        retrieveDatetime: new Date(exchange.cloud.clock.now()).toISOString(),
        signature: "UNSIGNED",
        accepted: false,
      },
    },
  };
}

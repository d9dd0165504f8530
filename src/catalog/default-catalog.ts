import { CatalogLayer, type Catalog } from "./catalog.js";
import { compiledFamilies, compiledRules } from "./rules.generated.js";

/** The catalog that ships with the package: every documented VM failure, and the many undocumented ones. */
export const defaultCatalog: Catalog = { layers: [new CatalogLayer(compiledRules, compiledFamilies)] };

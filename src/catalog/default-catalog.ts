import { CatalogLayer, type Catalog } from "./catalog.js";
import { readColumns } from "./columns.js";
import { compiledCatalog } from "./catalog.generated.js";

/** The catalog that ships with the package: every documented VM failure, and the many undocumented ones. */
export const defaultCatalog: Catalog = { layers: [new CatalogLayer(() => readColumns(compiledCatalog))] };

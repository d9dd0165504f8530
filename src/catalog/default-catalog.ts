import { CatalogLayer, type Catalog } from "./catalog.js";
import { compiledCatalog } from "./catalog.generated.js";
import { addSteps, readColumns } from "./columns.js";
import { compiledSteps } from "./steps.generated.js";

/** The catalog that ships with the package: every documented VM failure, and the many undocumented ones. */
export const defaultCatalog: Catalog = {
  layers: [
    new CatalogLayer(() => {
      const content = readColumns(compiledCatalog);
      addSteps(content, compiledSteps);
      return content;
    }),
  ],
};

/** Settles when diagnoses have their steps: at once, but for the build for browsers. */
export const stepsLoaded: Promise<void> = Promise.resolve();

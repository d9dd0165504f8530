import { CatalogLayer, type Catalog } from "./catalog.js";
import { compiledCatalog } from "./catalog.generated.js";
import { ColumnContent } from "./columns.js";
import { compiledAdvice } from "./advice.generated.js";

/** The catalog that ships with the package: every documented VM failure, and the many undocumented ones. */
export const defaultCatalog: Catalog = {
  layers: [
    new CatalogLayer(() => {
      const content = new ColumnContent(compiledCatalog);
      content.addAdvice(compiledAdvice);
      return content;
    }),
  ],
};

/** Settles when diagnoses have their steps and their page: at once, except in the browser build. */
export const stepsLoaded: Promise<void> = Promise.resolve();

/**
 * The same catalog for browsers, where every byte is downloaded: what to do is most of its text, and comes in a file of its own
 * that begins to load at once. Until it is there a diagnosis has no steps and no page to read, and a message in
 * Chinese is known by its code or its kind only. The build puts this file in the place of
 * `default-catalog.ts`.
 */
import { CatalogLayer, type Catalog } from "./catalog.js";
import { compiledCatalog } from "./catalog.generated.js";
import { ColumnContent } from "./columns.js";

let content: ColumnContent | undefined;
const read = (): ColumnContent => (content ??= new ColumnContent(compiledCatalog));

const layer = new CatalogLayer(read);

export const defaultCatalog: Catalog = { layers: [layer] };

/** Settles when diagnoses have their steps and their page. Never rejects: without the file they go on without them. */
export const stepsLoaded: Promise<void> = import("./advice.generated.js").then(
  ({ compiledAdvice }) => {
    read().addAdvice(compiledAdvice);
    layer.forget();
  },
  () => undefined,
);

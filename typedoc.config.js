import entries from "./entries.json" with { type: "json" };

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  name: "azure-remedy",
  entryPoints: Object.values(entries),
  tsconfig: "src/tsconfig.json",
  out: "docs/api",
  readme: "none",
  disableSources: true,
  skipErrorChecking: true,
  excludePrivate: true,
  excludeInternal: true,
  treatWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, rewrittenLink: true, notDocumented: false },
};

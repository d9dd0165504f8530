/** The page as one file that works from a folder, without a server: `npm run site` writes `site/dist/index.html`. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";
import entries from "../entries.json" with { type: "json" };

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  root: path("."),
  base: "./",
  resolve: {
    alias: Object.entries(entries).map(([subpath, source]) => ({
      find: new RegExp(`^azure-remedy${subpath.slice(1)}$`),
      replacement: path(`../${source}`),
    })),
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [viteSingleFile()],
  build: { target: "es2023", outDir: path("dist"), emptyOutDir: true, chunkSizeWarningLimit: 1_000 },
});

// Bundles both stories with the bundlers that applications use; run in a folder that has them and the packed package.
const path = require("node:path");
const esbuild = require("esbuild");
const webpack = require("webpack");

const needsRequire = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

async function main() {
  await esbuild.build({ ...esbuildOptions("by-require.cjs"), format: "cjs", outfile: "esbuild/by-require.cjs" });
  await esbuild.build({
    ...esbuildOptions("by-import.mjs"),
    format: "esm",
    outfile: "esbuild/by-import.mjs",
    banner: { js: needsRequire },
  });
  for (const entry of ["by-require.cjs", "by-import.mjs"]) await runWebpack(entry);
}

const esbuildOptions = (entry) => ({ entryPoints: [entry], bundle: true, platform: "node", target: "node20" });

function runWebpack(entry) {
  const options = {
    mode: "production",
    target: "node20",
    entry: `./${entry}`,
    output: { path: path.resolve("webpack"), filename: `${path.parse(entry).name}.cjs` },
    optimization: { minimize: false },
  };
  return new Promise((resolve, reject) => {
    webpack(options, (error, stats) => {
      if (error || stats.hasErrors()) reject(error ?? new Error(stats.toString("errors-only")));
      else resolve();
    });
  });
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

import eslint from "@eslint/js";
import tseslint from "typescript-eslint";

// Imports go one way, low to high. A room may import itself and what stands left of it, so that the heart
// (failure, catalog, decision) is tested without a network and nobody meets an import cycle.
const rooms = [
  "time",
  "failure",
  "catalog",
  "decision",
  "throttle",
  "lro",
  "recovery",
  "remedies",
  "evidence",
  "pipeline",
  "fleet",
  "adapters",
  "emulator",
  "cli",
];
const pureRooms = ["failure", "catalog", "decision"];
const nodeRooms = ["fleet", "emulator", "cli"];

const roomRules = rooms.map((room, position) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          ...rooms.slice(position + 1).map((later) => ({
            regex: `^\\.\\./(\\.\\./)?${later}/`,
            message: `src/${room} stands left of src/${later}: imports go one way (${rooms.join(" → ")}).`,
          })),
          ...(nodeRooms.includes(room)
            ? []
            : [
                {
                  regex: "^node:",
                  message: "The core runs in browsers too: node: imports belong in emulator/ and cli/.",
                },
              ]),
        ],
      },
    ],
    ...(pureRooms.includes(room)
      ? {
          "no-restricted-globals": ["error", "setTimeout", "setInterval", "fetch", "process"],
          "no-restricted-properties": [
            "error",
            { object: "Date", property: "now", message: "Time is an argument in the heart." },
            { object: "Math", property: "random", message: "Chance is an argument in the heart." },
          ],
        }
      : {}),
  },
}));

export default tseslint.config(
  { ignores: ["dist/", ".bench/", "node_modules/", "coverage/", "docs/api/", "**/*.generated.ts"] },
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      eqeqeq: "error",
    },
  },
  ...roomRules,
  { files: ["**/*.js", "**/*.mjs", "**/*.cjs"], ...tseslint.configs.disableTypeChecked },
  {
    files: ["**/*.cjs"],
    languageOptions: {
      sourceType: "commonjs",
      globals: { require: "readonly", process: "readonly", console: "readonly", setTimeout: "readonly" },
    },
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
);

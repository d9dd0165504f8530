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
  "remedies",
  "recovery",
  "evidence",
  "pipeline",
  "fleet",
  "adapters",
  "emulator",
  "cli",
];
const pureRooms = ["failure", "catalog", "decision"];
/** Rooms inside the throttle, low to high, and the files of its door that put them together. */
const throttleRooms = ["lease", "bucket", "scope", "polling", "queue"];
const throttleDoor = ["local-throttle", "default-throttle", "options", "snapshot", "listeners"];
const nodeRooms = ["fleet", "adapters", "emulator", "cli"];

/** What a room may not import: the rooms to its right and, in the core, Node's own modules. */
const roomPatterns = (room) => [
  ...rooms.slice(rooms.indexOf(room) + 1).map((later) => ({
    regex: `^\\.\\./(\\.\\./)?${later}/`,
    message: `src/${room} stands left of src/${later}: imports go one way (${rooms.join(" → ")}).`,
  })),
  ...(nodeRooms.includes(room)
    ? []
    : [{ regex: "^node:", message: "The core runs in browsers too: node: imports belong in emulator/ and cli/." }]),
];

const throttleRoomRules = throttleRooms.map((room, position) => ({
  files: [`src/throttle/${room}/**/*.ts`],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          ...roomPatterns("throttle"),
          {
            regex: `^\\.\\./(${[...throttleDoor, ...throttleRooms.slice(position + 1).map((later) => `${later}/.*`)].join("|")})(\\.js)?$`,
            message: `Inside the throttle imports go one way: ${throttleRooms.join(" → ")} → the door.`,
          },
        ],
      },
    ],
  },
}));

const roomRules = rooms.map((room) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    "no-restricted-imports": ["error", { patterns: roomPatterns(room) }],
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
  {
    ignores: [
      "dist/",
      ".bench/",
      "node_modules/",
      "coverage/",
      "docs/api/",
      "examples/functions/",
      "**/*.generated.ts",
      "test/matrix/functions/vms.ts",
    ],
  },
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
  ...throttleRoomRules,
  { files: ["**/*.js", "**/*.mjs", "**/*.cjs"], ...tseslint.configs.disableTypeChecked },
  {
    files: ["**/*.cjs"],
    languageOptions: {
      sourceType: "commonjs",
      globals: {
        require: "readonly",
        process: "readonly",
        console: "readonly",
        setTimeout: "readonly",
        test: "readonly",
        exports: "writable",
      },
    },
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
);

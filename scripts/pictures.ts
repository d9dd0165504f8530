/**
 * `npm run pictures`: what the command line looks like at 80 and 120 columns, as SVG files in docs/images. Each command runs
 * in a real terminal of that width; util-linux `script` gives one.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { terminalSvg } from "./pictures/terminal-svg.js";

const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const pictures = [
  { name: "vms", args: "vms start --emulator 300 --chaos 0.05", from: "✗" },
  { name: "demo", args: "demo --fault StorageAccountTooBusy ECONNRESET", from: "SENT" },
];

for (const { name, args, from } of pictures) {
  for (const columns of [80, 120]) {
    const stream = inTerminal(`node "${program}" ${args}`, columns);
    const file = fileURLToPath(new URL(`../docs/images/${name}-${columns}.svg`, import.meta.url));
    writeFileSync(file, await terminalSvg(stream, columns, `npx azure-remedy ${args}`, from));
    console.log(file);
  }
}

function inTerminal(command: string, columns: number): string {
  const script = `stty cols ${columns} rows 50; ${command}`;
  const { stdout, error } = spawnSync("script", ["-qfec", script, "/dev/null"], {
    encoding: "utf8",
    env: { ...process.env, TERM: "xterm-256color" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (error) throw error;
  return stdout;
}

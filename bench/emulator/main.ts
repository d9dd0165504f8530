/**
 * What a rehearsal with many machines costs: `npm run bench:emulator`, or `-- 300` for another count than 3,000.
 * CPU seconds are those of this process, client and emulator together; wall-clock seconds depend on what else the machine does.
 */
import { Agent, request } from "node:http";
import { startEmulator } from "../../src/emulator/index.js";

interface Answered {
  readonly operation: string | undefined;
  readonly text: string;
}

const count = Number(process.argv[2] ?? 3000);
const names = Array.from({ length: count }, (_, index) => `vm-${index}`);
const arm = await startEmulator({ throttling: false, operations: { durationMs: 1000, polls: 0 }, historyLimit: 1000 });
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const machines = `/subscriptions/${arm.subscriptionId}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines`;

function ask(method: string, path: string, body?: object): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request(`${arm.endpoint}${path}`, { method, agent }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => {
        const operation = response.headers["azure-asyncoperation"];
        resolve({ operation: typeof operation === "string" ? operation : undefined, text });
      });
    });
    sent.on("error", reject);
    sent.end(body && JSON.stringify(body));
  });
}

async function follow({ operation }: Answered): Promise<void> {
  if (operation === undefined) throw new Error("The request began no operation.");
  const { pathname, search } = new URL(operation);
  while ((await ask("GET", pathname + search)).text.includes("InProgress")) {
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function measured(what: string, work: () => unknown): Promise<void> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  const cpuSeconds = ((user + system) / 1e6).toFixed(1);
  console.log(`| ${what} | ${cpuSeconds} | ${((performance.now() - began) / 1000).toFixed(1)} |`);
}

console.log(`${count} machines\n\n| what | CPU s | wall s |\n| --- | ---: | ---: |`);
await measured("added", () => names.forEach((name) => arm.addVm({ name, powerState: "deallocated" })));
await measured("started and followed", async () => {
  const query = "?api-version=2024-07-01";
  await Promise.all(names.map(async (name) => follow(await ask("POST", `${machines}/${name}/start${query}`))));
});
await measured("created with disks and followed", async () => {
  const body = { location: "westeurope", properties: { storageProfile: { imageReference: { offer: "ubuntu" } } } };
  const query = "?api-version=2024-07-01";
  await Promise.all(names.map(async (name) => follow(await ask("PUT", `${machines}/new-${name}${query}`, body))));
});
await measured("listed, with their instance views", async () => {
  let next: string | undefined = `${machines}?api-version=2024-07-01&$expand=instanceView`;
  while (next !== undefined) {
    const page = JSON.parse((await ask("GET", next)).text) as { nextLink?: string };
    next = page.nextLink === undefined ? undefined : new URL(page.nextLink).pathname + new URL(page.nextLink).search;
  }
});
const running = arm.state.vms.filter(({ powerState }) => powerState === "running").length;
console.log(`\n${running} running, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MB`);
agent.destroy();
await arm.stop();

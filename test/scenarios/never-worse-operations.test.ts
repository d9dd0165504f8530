/** Long-running operations as services answer them: what the SDK alone makes of it, ours makes too, in the same requests. */
import { ComputeManagementClient as Compute24 } from "@azure/arm-compute";
import { ComputeManagementClient as Compute22 } from "arm-compute-22";
import { withRemedy } from "azure-remedy";
import { describe, expect, it } from "vitest";
import { generations, withoutChance } from "../support/clients.js";
import type { Generation } from "../support/scene.js";
import { credential, scripted, type Script, type ScriptedAnswer } from "../support/side-by-side.js";
import { inVirtualTime } from "../support/virtual-time.js";

const host = "https://management.azure.com";
const vm = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-01";
const operations = "/subscriptions/s/providers/Microsoft.Compute/locations/westeurope/operations";
const machine = { name: "web-01", location: "westeurope", properties: { provisioningState: "Succeeded" } };

type Verb = "create" | "start" | "runCommand" | "remove";

async function call(client: Compute22 | Compute24, verb: Verb): Promise<unknown> {
  const command = { commandId: "RunShellScript", script: ["date"] };
  const body = { location: "westeurope" };
  if (client instanceof Compute24) {
    const { virtualMachines: vms } = client;
    switch (verb) {
      case "create":
        return vms.createOrUpdate("rg", "web-01", body);
      case "start":
        return vms.start("rg", "web-01");
      case "runCommand":
        return vms.runCommand("rg", "web-01", command);
      case "remove":
        return vms.delete("rg", "web-01");
    }
  }
  const { virtualMachines: vms } = client;
  switch (verb) {
    case "create":
      return vms.beginCreateOrUpdateAndWait("rg", "web-01", body);
    case "start":
      return vms.beginStartAndWait("rg", "web-01");
    case "runCommand":
      return vms.beginRunCommandAndWait("rg", "web-01", command);
    case "remove":
      return vms.beginDeleteAndWait("rg", "web-01");
  }
}

interface Played {
  readonly sends: readonly string[];
  readonly seconds: number;
  readonly end: unknown;
}

/** One call of one side: what was sent, how long it took, and how it ended. */
function play(generation: Generation, isOurs: boolean, verb: Verb, script: Script): Promise<Played> {
  return inVirtualTime(async (time) => {
    const httpClient = scripted(script);
    const Compute = generation === "22" ? Compute22 : Compute24;
    const client = new Compute(credential, "s", { httpClient });
    if (isOurs) withRemedy(client, withoutChance());
    const end = await call(client, verb).catch((error: unknown) => error);
    const sends = httpClient.sends.map((line) => line.replace(/[?&]api-version=[^&]*/, "").replace(host, ""));
    return { sends, seconds: Math.round(time.elapsedMs() / 1_000), end };
  });
}

const accepted = (headers: Record<string, string>): ScriptedAnswer => ({ status: 202, headers });
const status = (word: string, headers: Record<string, string> = {}): ScriptedAnswer => ({
  status: 200,
  body: { status: word },
  headers,
});

/** Answers in turn. */
const turns =
  (...answers: readonly ScriptedAnswer[]): Script =>
  (_, send) =>
    answers[send] ?? { status: 500, body: "nothing is left to say" };

const asynchronous = (url: string): ScriptedAnswer => ({
  status: 201,
  headers: { "azure-asyncoperation": url },
  body: { ...machine, properties: { provisioningState: "Creating" } },
});

describe.each(generations)("with arm-compute %s, as with the SDK alone", (generation) => {
  it.each<[string, Verb, Script]>([
    [
      "an operation that names a new URL is followed there",
      "create",
      turns(
        asynchronous(`${host}${operations}/one`),
        status("InProgress", { "azure-asyncoperation": `${host}${operations}/two` }),
        status("InProgress", { "azure-asyncoperation": `${host}${operations}/three` }),
        status("Succeeded"),
        { status: 200, body: machine },
      ),
    ],
    [
      "so is one that is followed by Location",
      "runCommand",
      turns(accepted({ location: `${host}${operations}/one` }), accepted({ location: `${host}${operations}/two` }), {
        status: 200,
        body: { value: [{ message: "done" }] },
      }),
    ],
    [
      "a URL with the default port and in other letters",
      "create",
      turns(
        asynchronous(`https://Management.Azure.com:443${operations.toUpperCase()}/ONE`),
        status("InProgress"),
        status("Succeeded"),
        { status: 200, body: machine },
      ),
    ],
    [
      "a relative URL",
      "create",
      turns(asynchronous(`${operations}/one`), status("InProgress"), status("Succeeded"), {
        status: 200,
        body: machine,
      }),
    ],
    [
      "the interval that the service asks for",
      "create",
      turns(
        {
          ...asynchronous(`${host}${operations}/one`),
          headers: { "azure-asyncoperation": `${host}${operations}/one`, "retry-after": "7" },
        },
        status("InProgress", { "retry-after": "5" }),
        status("InProgress"),
        status("Succeeded"),
        { status: 200, body: machine },
      ),
    ],
    [
      "a deletion that ends without a body",
      "remove",
      turns(accepted({ location: `${host}${operations}/one` }), accepted({ location: `${host}${operations}/one` }), {
        status: 204,
      }),
    ],
  ])("%s", async (_, verb, script) => {
    const alone = await play(generation, false, verb, script);
    expect(alone.end).not.toBeInstanceOf(Error);
    const ours = await play(generation, true, verb, script);
    expect(ours.end).toEqual(alone.end);
    expect(ours.sends).toEqual(alone.sends);
    expect(ours.seconds).toBeLessThanOrEqual(alone.seconds);
  });

  it("a resubmission's relative URL is followed", async () => {
    const script = turns(
      asynchronous(`${host}${operations}/one`),
      { status: 200, body: { status: "Failed", error: { code: "StorageAccountTooBusy", message: "m" } } },
      asynchronous(`${operations}/two`),
      status("InProgress"),
      status("Succeeded"),
      { status: 200, body: machine },
    );
    const ours = await play(generation, true, "create", script);
    expect(ours.end).toMatchObject({ name: "web-01" });
    expect(ours.sends).toEqual([
      `PUT ${vm}`,
      `GET ${operations}/one`,
      `PUT ${vm}`,
      `GET ${operations}/two`,
      `GET ${operations}/two`,
      `GET ${vm}`,
    ]);
  });

  it("200 at a Location that says InProgress is running, where the SDK alone takes it for the result", async () => {
    const script = turns(
      accepted({ location: `${host}${operations}/one` }),
      status("InProgress"),
      status("InProgress", { "retry-after": "4" }),
      { status: 200, body: { value: [{ message: "done" }] } },
    );
    expect((await play(generation, false, "runCommand", script)).sends).toHaveLength(2);
    const ours = await play(generation, true, "runCommand", script);
    expect(ours.end).toMatchObject({ value: [{ message: "done" }] });
    expect(ours.sends).toHaveLength(4);
  });

  it("Canceled in the resource itself is told at once", async () => {
    const state = (word: string): ScriptedAnswer => ({
      status: 200,
      body: { ...machine, properties: { provisioningState: word } },
    });
    const script = turns({ ...state("Creating"), status: 201 }, state("Creating"), state("Canceled"));
    const alone = await play(generation, false, "create", script);
    const ours = await play(generation, true, "create", script);
    expect(ours.end).toMatchObject({ name: "RestError", outcome: "failed", reason: "the operation was canceled" });
    expect(ours.sends).toEqual(alone.sends);
    expect(ours.seconds).toBeLessThanOrEqual(alone.seconds);
  });
});

/** What services of core-lro's own tests answer that is none of the protocol's: ours may do better, and never worse. */
const odd: readonly [string, Verb, Script][] = [
  [
    "a poll without a status",
    "create",
    turns(asynchronous(`${host}${operations}/one`), { status: 200, body: {} }, { status: 200, body: machine }),
  ],
  [
    "a poll without a body",
    "start",
    turns(accepted({ "azure-asyncoperation": `${host}${operations}/one` }), { status: 200 }),
  ],
  [
    "a poll whose body is no JSON",
    "create",
    turns(
      asynchronous(`${host}${operations}/one`),
      { status: 200, body: '{ "status": "Succ' },
      { status: 200, body: machine },
    ),
  ],
  [
    "a status in other letters",
    "create",
    turns(asynchronous(`${host}${operations}/one`), status("inprogress"), status("SUCCEEDED"), {
      status: 200,
      body: machine,
    }),
  ],
  [
    "a status that nobody knows",
    "create",
    turns(asynchronous(`${host}${operations}/one`), status("Dreaming"), status("Succeeded"), {
      status: 200,
      body: machine,
    }),
  ],
  [
    "an interval that is no number",
    "create",
    turns(
      asynchronous(`${host}${operations}/one`),
      status("InProgress", { "retry-after": "/bar" }),
      status("Succeeded"),
      { status: 200, body: machine },
    ),
  ],
  ["a creation without a state", "create", turns({ status: 201, body: { name: "web-01" } })],
  ["a creation that is done at once", "create", turns({ status: 200, body: machine })],
  ["a creation whose body is no JSON", "create", turns({ status: 200, body: '{ "name": ' })],
  ["a deletion that is done at once", "remove", turns({ status: 204 })],
  ["a deletion without a URL to follow", "remove", turns({ status: 202 })],
  ["an action without a URL to follow", "start", turns({ status: 202 })],
  [
    "a result at the end of an action",
    "runCommand",
    turns(
      accepted({ "azure-asyncoperation": `${host}${operations}/one`, location: `${host}${operations}/result` }),
      status("Succeeded"),
      { status: 200, body: { value: [] } },
    ),
  ],
  ["a 400 at once", "create", turns({ status: 400, body: { error: { code: "BadParameter", message: "m" } } })],
  [
    "a 400 at a poll",
    "create",
    turns(asynchronous(`${host}${operations}/one`), {
      status: 400,
      body: { error: { code: "BadParameter", message: "m" } },
    }),
  ],
  [
    "a 400 at a Location",
    "remove",
    turns(accepted({ location: `${host}${operations}/one` }), {
      status: 400,
      body: { error: { code: "BadParameter", message: "m" } },
    }),
  ],
  [
    "a 400 whose body is no JSON",
    "start",
    turns(accepted({ location: `${host}${operations}/one` }), { status: 400, body: "{" }),
  ],
];

describe.each(generations)("with arm-compute %s, no worse than the SDK alone", (generation) => {
  it.each(odd)("%s", async (_, verb, script) => {
    const alone = await play(generation, false, verb, script);
    const ours = await play(generation, true, verb, script);
    if (!(alone.end instanceof Error)) {
      expect(ours).toEqual(alone);
      return;
    }
    expect(ours.end).toBeInstanceOf(Error);
    expect((ours.end as Error).name).toBe(alone.end.name);
    const { statusCode } = alone.end as { statusCode?: number };
    if (statusCode !== undefined) expect(ours.end).toMatchObject({ statusCode });
    expect(ours.sends.slice(0, alone.sends.length)).toEqual(alone.sends);
  });
});

/**
 * What a virtual machine or scale set reports about itself: its provisioning and power state, its agent, and each
 * extension with exit code and error output.
 */
import type { Diagnosis } from "../../catalog/diagnosis.js";
import { defineEvidence } from "../define-evidence.js";
import { at, dateAt, itemsAt, sameName, shorten, textAt, numberAt } from "../document.js";
import type { DefinedEvidence, Found, LookContext } from "../source.js";
import { machineIdOf, scaleSetIdOf } from "../subject.js";
import { usualDurations, type MachineWork } from "../usual-durations.js";

/** The boot log reads with the same version, so that one request serves both sources. */
export const machineQuery = { $expand: "instanceView", "api-version": "2024-07-01" } as const;

/** How many instances of a set are read: more would exceed the set's budget of ten such reads a minute. */
const mostInstances = 3;

/**
 * Instance view of a machine, or of a scale set with its failed instances. One request for a machine, two for a set; no
 * delay; Reader is enough.
 */
export function instanceView(): DefinedEvidence {
  return defineEvidence({
    name: "instanceView",
    requests: 2,
    fits: (diagnosis, { url }) => concernsMachine(diagnosis) && (machineIdOf(url) ?? scaleSetIdOf(url)) !== undefined,
    look: (context) => (machineIdOf(context.call.url) === undefined ? lookAtSet(context) : lookAtMachine(context)),
  });
}

const categories = ["guest-os", "extension", "conflict", "timeout", "image", "platform", "other"];

function concernsMachine({ category, code = "", disposition }: Diagnosis): boolean {
  if (/^(?:OSProvisioning|VMExtension|VMAgent|VMStart|VMRedeploy)/i.test(code)) return true;
  return categories.includes(category) && disposition !== "adaptable";
}

async function lookAtMachine({ get, call, diagnosis }: LookContext): Promise<Found[]> {
  const { status, body } = await get(machineIdOf(call.url) ?? "", machineQuery);
  if (status === 404) return [{ says: "There is no such virtual machine.", confidence: "medium" }];
  const view = at(body, "properties", "instanceView");
  const state = textAt(body, "properties", "provisioningState");
  return describeInstance(view, state, diagnosis);
}

/** The findings in one instance view, most telling first. */
function describeInstance(view: unknown, provisioningState: string | undefined, diagnosis: Diagnosis): Found[] {
  const extensions = itemsAt(view, "extensions").flatMap(failedExtension);
  const [first] = extensions;
  if (first) extensions[0] = { ...first, means: meansExtension(first.data, diagnosis) };
  const statuses = failedStatuses(view, diagnosis);
  const isSilent = statuses.length === 0 && diagnosis.category === "conflict";
  const atWork = isSilent ? extensionsAtWork(view) : [];
  return [...extensions, ...atWork, ...agentOf(view), ...statuses, ...running(view, provisioningState)];
}

/** An extension may be at work though the machine's own state does not show it. */
function extensionsAtWork(view: unknown): Found[] {
  return itemsAt(view, "extensions")
    .filter(isAtWork)
    .map((extension) => ({
      says: `Extension ${textAt(extension, "name") ?? ""} is at work; ${usualDurations.extension}.`,
      confidence: "high",
      data: { extension: textAt(extension, "name"), usual: usualDurations.extension },
    }));
}

const isAtWork = (extension: unknown): boolean =>
  itemsAt(extension, "statuses").some((status) =>
    ["transitioning", "creating", "updating"].includes(stateOf(status).state),
  );

interface ExtensionData {
  readonly extension: string;
  readonly type: string | undefined;
  readonly exitCode: number | undefined;
  readonly errorOutput: string | undefined;
}

function failedExtension(extension: unknown): (Found & { data: ExtensionData })[] {
  const failed = itemsAt(extension, "statuses").find((status) => stateOf(status).state === "failed");
  if (failed === undefined) return [];
  const name = textAt(extension, "name") ?? "";
  const type = textAt(extension, "type");
  const { detail } = stateOf(failed);
  const exitCode = detail !== undefined && /^-?\d+$/.test(detail) ? Number(detail) : undefined;
  const errorOutput = itemsAt(extension, "substatuses")
    .filter((status) => /\/StdErr\//i.test(textAt(status, "code") ?? ""))
    .map((status) => textAt(status, "message"))
    .find((message) => message !== undefined);
  const words = errorOutput ?? textAt(failed, "message") ?? textAt(failed, "displayStatus") ?? "it gives no reason";
  const ended = exitCode === undefined ? "failed" : `ended with exit code ${exitCode}`;
  return [
    {
      says: `Extension ${name}${type === undefined ? "" : ` (${type})`} ${ended}: ${shorten(words)}`,
      at: dateAt(failed, "time"),
      confidence: "high",
      data: { extension: name, type, exitCode, errorOutput: errorOutput && shorten(errorOutput, 1_000) },
    },
  ];
}

function meansExtension({ extension, exitCode, errorOutput }: ExtensionData, { category }: Diagnosis): Found["means"] {
  if (category !== "extension" && category !== "timeout" && category !== "other") return {};
  const ended = exitCode === undefined ? "failed" : `ended with exit code ${exitCode}`;
  return {
    disposition: "permanent",
    category: "extension",
    explanation: `Extension ${extension} ${ended}${errorOutput === undefined ? "" : `: ${shorten(errorOutput, 160)}`}`,
    steps: [
      "Correct what its error output names, then send the request again.",
      "Its whole output: /var/log/azure on Linux, C:\\WindowsAzure\\Logs\\Plugins on Windows.",
    ],
    automatic: null,
  };
}

function agentOf(view: unknown): Found[] {
  const agent = at(view, "vmAgent");
  const status = itemsAt(agent, "statuses")[0];
  const display = textAt(status, "displayStatus") ?? "";
  if (status === undefined || sameName(display, "Ready")) return [];
  const message = textAt(status, "message") ?? "";
  return [
    {
      says: `The VM agent is ${display.toLowerCase() || "in an unknown state"}: ${shorten(message || "no reason given")} ${meaningOfAgent(message)}`.trim(),
      at: dateAt(status, "time"),
      confidence: "medium",
      data: { version: textAt(agent, "vmAgentVersion"), message },
    },
  ];
}

/** The agent's messages, as WALinuxAgent#652 explains them. */
function meaningOfAgent(message: string): string {
  if (/not yet populated/i.test(message)) return "(still starting, or it cannot reach the host)";
  if (/unresponsive/i.test(message)) return "(it had reported, and is silent now)";
  if (/not found/i.test(message)) return "(it has never reported)";
  return "";
}

function failedStatuses(view: unknown, { code }: Diagnosis): Found[] {
  return itemsAt(view, "statuses").flatMap((status): Found[] => {
    const { kind, state, detail } = stateOf(status);
    if (kind !== "provisioningstate") return [];
    // What the response already said is no finding.
    if (state === "failed" && sameName(detail, code)) return [];
    if (state === "failed") {
      const message = textAt(status, "message") ?? textAt(status, "displayStatus") ?? "";
      const root = detail === undefined ? undefined : { error: { code: detail, message } };
      return [
        {
          says: `Provisioning failed${detail === undefined ? "" : ` with ${detail}`}: ${shorten(message || "no reason given")}`,
          at: dateAt(status, "time"),
          confidence: "medium",
          data: { code: detail, message },
          ...(root && { root }),
        },
      ];
    }
    return ["creating", "updating", "deleting", "migrating"].includes(state) ? [busyWith(status, view)] : [];
  });
}

/** What is at work on the machine, since when, and for how long such work goes on. */
function busyWith(status: unknown, view: unknown): Found {
  const { state } = stateOf(status);
  const since = dateAt(status, "time");
  const { kind, name } = workOn(view, state);
  const usual = usualDurations[kind];
  return {
    says: `The machine has been ${state}${since ? ` since ${since.toISOString()}` : ""}: ${name} is at work${usual === undefined ? "" : `; ${usual}`}.`,
    at: since,
    confidence: "high",
    data: { provisioningState: state, work: kind, since: since?.toISOString(), usual },
  };
}

/** An operation shows in the power state, or in an extension that is changing; else only its kind is known. */
function workOn(view: unknown, state: string): { readonly kind: MachineWork; readonly name: string } {
  const extension = itemsAt(view, "extensions").find(isAtWork);
  if (extension !== undefined) return { kind: "extension", name: `extension ${textAt(extension, "name") ?? ""}` };
  const power = itemsAt(view, "statuses")
    .map(stateOf)
    .find(({ kind }) => kind === "powerstate")?.state;
  if (power === "starting" && state !== "creating") return { kind: "start", name: "a start" };
  if (power === "stopping") return { kind: "stop", name: "a power-off" };
  if (power === "deallocating") return { kind: "stop", name: "a deallocation" };
  if (state === "creating") return { kind: "create", name: "its create" };
  return state === "deleting" ? { kind: "delete", name: "its delete" } : { kind: "update", name: "another operation" };
}

/** A failed machine that runs is billed and holds the logs. */
function running(view: unknown, provisioningState: string | undefined): Found[] {
  const runs = itemsAt(view, "statuses").some((status) => {
    const { kind, state } = stateOf(status);
    return kind === "powerstate" && state === "running";
  });
  if (!runs || !sameName(provisioningState, "Failed")) return [];
  return [
    {
      says: "The machine failed and yet it runs: it is billed, and its logs are there to read. Do not delete it first.",
      confidence: "medium",
    },
  ];
}

interface StatusCode {
  /** `provisioningstate`, `powerstate`, `componentstatus` */
  readonly kind: string;
  readonly state: string;
  /** The error code or exit code in the third part. */
  readonly detail: string | undefined;
}

/** `ProvisioningState/failed/9`, split into its parts; case varies. */
function stateOf(status: unknown): StatusCode {
  const [kind = "", state = "", detail] = (textAt(status, "code") ?? "").split("/");
  return { kind: kind.toLowerCase(), state: state.toLowerCase(), detail: detail === "" ? undefined : detail };
}

async function lookAtSet({ get, call, diagnosis }: LookContext): Promise<Found[]> {
  const set = scaleSetIdOf(call.url) ?? "";
  const summary = await get(`${set}/instanceView`, { "api-version": "2024-07-01" });
  if (summary.status === 404) return [{ says: "There is no such scale set.", confidence: "medium" }];
  const counts = itemsAt(summary.body, "virtualMachine", "statusesSummary").map((status) => ({
    code: textAt(status, "code") ?? "",
    count: numberAt(status, "count") ?? 0,
  }));
  const failed = counts.filter(({ code }) => /^ProvisioningState\/failed/i.test(code));
  const extensions = itemsAt(summary.body, "extensions").flatMap(failedInSet);
  const count = failed.reduce((sum, item) => sum + item.count, 0);
  if (count === 0) return extensions;
  const found: Found[] = [
    {
      says: `${count} of the set's instances failed: ${failed.map((item) => `${item.code} (${item.count})`).join(", ")}.`,
      confidence: "medium",
      data: { counts },
    },
    ...extensions,
  ];
  const instances = await get(`${set}/virtualMachines`, { $expand: "instanceView", "api-version": "2024-07-01" });
  const broken = itemsAt(instances.body, "value").filter((instance) =>
    sameName(textAt(instance, "properties", "provisioningState"), "Failed"),
  );
  for (const instance of broken.slice(0, mostInstances)) {
    const name = textAt(instance, "name") ?? textAt(instance, "instanceId") ?? "";
    const view = at(instance, "properties", "instanceView");
    found.push(
      ...describeInstance(view, undefined, diagnosis).map(({ root, ...item }) => ({
        ...item,
        says: `Instance ${name}: ${item.says}`,
        // That an instance may still come up says nothing of the set's operation, which has failed.
        ...(root !== undefined && { means: { explanation: `Instance ${name}: ${item.says}` } }),
      })),
    );
  }
  return found;
}

function failedInSet(extension: unknown): Found[] {
  const failed = itemsAt(extension, "statusesSummary").filter((status) => stateOf(status).state === "failed");
  const count = failed.reduce<number>((sum, status) => sum + (numberAt(status, "count") ?? 0), 0);
  if (count === 0) return [];
  const name = textAt(extension, "name") ?? "";
  return [{ says: `Extension ${name} failed on ${count} of the set's instances.`, confidence: "medium" }];
}

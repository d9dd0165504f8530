/**
 * Results that report a failure in a 200: a bulk action lists its machines, a run command its exit code, an instance
 * view the states of extensions, a scale set how many of its instances failed. The request succeeded, but not what was
 * asked for. Shapes from the REST specifications of Compute, BulkActions and ComputeSchedule.
 */
import { lastWords } from "./facts.js";
import { type RawNode, addBelow, rawNode } from "./raw-node.js";
import { maxItems } from "./read-limits.js";
import { isFailedWord } from "./structure.js";

/** The values of `failOn`. */
export const resultKinds = ["bulk", "runCommand", "instanceView", "scaleSet", "imageBuilder", "inspector"] as const;

/**
 * What a result reports on: a bulk or scheduled action, a run command, an instance view with its extensions, a scale set, the last
 * run of an image template, VM Inspector.
 */
export type ResultKind = (typeof resultKinds)[number];

/** A recognized result, with what failed in it. */
export interface Result {
  readonly kind: ResultKind;
  /** Absent if nothing in it failed. */
  readonly tree?: RawNode;
}

/** The result in a body; undefined for a body of another kind. */
export function readResult(body: object): Result | undefined {
  const fields = body as Fields;
  if (fieldsOf(fields["error"])) return undefined;
  const properties = fieldsOf(fields["properties"]) ?? fields;
  return (
    readBulk(fields) ??
    readInspector(fields) ??
    readScaleSet(fields) ??
    readRunCommandOutput(fields) ??
    readInstances(fields) ??
    readRunCommand(fieldsOf(properties["instanceView"]) ?? fields) ??
    readInstanceView(fieldsOf(properties["instanceView"]) ?? fields) ??
    readImageBuilder(properties)
  );
}

/**
 * The kind of result in the body of a successful response, if something failed in it; undefined for any other body.
 * Pure.
 *
 * @param body the parsed body of a 2xx
 */
export function failureInResult(body: unknown): ResultKind | undefined {
  const fields = fieldsOf(body);
  if (!fields) return undefined;
  if (isFailedWord(fields["resultStatus"])) return "inspector";
  const result = readResult(fields);
  return result?.tree && result.kind;
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;

function itemsOf(value: unknown): readonly Fields[] | undefined {
  return Array.isArray(value) ? value.slice(0, maxItems).flatMap<Fields>((item) => fieldsOf(item) ?? []) : undefined;
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** The services' examples write the word null if there is no error. */
const codeOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" && value !== "null" ? value : undefined;

function resultOf(kind: ResultKind, failed: readonly RawNode[]): Result {
  const [first] = failed;
  if (!first) return { kind };
  if (failed.length === 1) return { kind, tree: first };
  const tree = rawNode(undefined, "");
  for (const node of failed) addBelow(tree, node);
  return { kind, tree };
}

/** BulkActions and ComputeSchedule: an entry for each machine, refused at once or failed later. */
function readBulk({ results }: Fields): Result | undefined {
  const items = itemsOf(results);
  if (!items?.some((item) => "operation" in item || "errorCode" in item || "operationErrors" in item)) return undefined;
  return resultOf("bulk", items.flatMap(failuresOfMachine));
}

function failuresOfMachine(item: Fields): RawNode[] {
  const operation = fieldsOf(item["operation"]);
  const target = textOf(item["resourceId"]) || textOf(operation?.["resourceId"]);
  const errors: Fields[] = [
    item,
    ...(itemsOf(item["operationErrors"]) ?? []),
    { errorCode: item["requestErrorCode"], errorDetails: item["requestErrorDetails"] },
    fieldsOf(operation?.["resourceOperationError"]) ?? {},
  ];
  const nodes = errors.flatMap((error) => {
    const code = codeOf(error["errorCode"]);
    return code === undefined ? [] : [rawNode(code, codeOf(error["errorDetails"]) ?? "")];
  });
  const state = textOf(operation?.["state"]);
  if (nodes.length === 0 && (isFailedWord(state) || state === "Blocked")) nodes.push(rawNode(state, ""));
  if (target !== "") for (const node of nodes) node.target = target;
  return nodes;
}

function readInspector({ resultStatus, errorDetail }: Fields): Result | undefined {
  if (typeof resultStatus !== "string") return undefined;
  if (isFailedWord(resultStatus))
    return fieldsOf(errorDetail) ? undefined : resultOf("inspector", [rawNode(resultStatus, "")]);
  return { kind: "inspector" };
}

/** How many instances of a scale set are in which state. */
function readScaleSet({ virtualMachine, extensions }: Fields): Result | undefined {
  const summary = itemsOf(fieldsOf(virtualMachine)?.["statusesSummary"]);
  if (!summary) return undefined;
  const ofExtensions = (itemsOf(extensions) ?? []).map((extension) => ({
    name: textOf(extension["name"]),
    statuses: itemsOf(extension["statusesSummary"]) ?? [],
  }));
  return resultOf("scaleSet", [
    ...summary.flatMap((status) => failedCount(status, "of the scale set failed")),
    ...ofExtensions.flatMap(({ name, statuses }) =>
      statuses.flatMap((status) => failedCount(status, `report that extension '${name}' failed`)),
    ),
  ]);
}

function failedCount(status: Fields, what: string): RawNode[] {
  const failed = failedState(status);
  if (!failed) return [];
  const { count } = status;
  const node = rawNode(failed.code, `${typeof count === "number" ? count : "Some"} instances ${what}.`);
  node.facts = { ...(typeof count === "number" && { count: String(count) }), ...failed.facts };
  return [node];
}

/**
 * `ProvisioningState/failed/<code or exit code>`, `ComponentStatus/<step>/failed/<the same>`, in any case; undefined for a
 * state that is no failure.
 */
function failedState({ code }: Fields): { code: string | undefined; facts: Record<string, string> } | undefined {
  const [area = "", ...states] = textOf(code).split("/", 5);
  if (!/^(?:provisioningstate|componentstatus)$/i.test(area)) return undefined;
  const failedAt = states.slice(0, 2).findIndex(isFailedWord);
  if (failedAt < 0) return undefined;
  const cause = states[failedAt + 1];
  if (cause === undefined || isFailedWord(cause)) return { code: undefined, facts: {} };
  return /^-?\d{1,10}$/.test(cause) ? { code: undefined, facts: { exitCode: cause } } : { code: cause, facts: {} };
}

/**
 * The response of the run-command action: on Windows a status for each stream, on Linux one with both streams. No exit
 * code.
 */
function readRunCommandOutput({ value, output, properties }: Fields): Result | undefined {
  const inOperation = fieldsOf(output) ?? fieldsOf(fieldsOf(properties)?.["output"]);
  const statuses = itemsOf(value) ?? itemsOf(inOperation?.["value"]);
  if (!statuses?.some(({ code, message }) => isStreamStatus(textOf(code), textOf(message)))) return undefined;
  const failed = statuses.flatMap((status) => failuresOfOutput(status));
  return resultOf("runCommand", failed.slice(0, 1));
}

const isStreamStatus = (code: string, message: string): boolean =>
  /^ComponentStatus\/Std(?:Out|Err)\//i.test(code) ||
  (/^ProvisioningState\//i.test(code) && (message.includes("[stdout]") || message.includes("[stderr]")));

function failuresOfOutput(status: Fields): RawNode[] {
  const code = textOf(status["code"]);
  const message = textOf(status["message"]);
  const failed = failedState(status);
  const isErrors = /\/StdErr\//i.test(code);
  const stderr = isErrors ? message.trim() : stderrIn(message);
  if (!failed && !looksLikeErrors(stderr)) return [];
  return [scriptNode(failed?.facts["exitCode"], stderr || message)];
}

/** Many programs write progress and warnings to stderr. */
const looksLikeErrors = (stderr: string): boolean =>
  /\b(?:error|errors|failed|failure|fatal|exception|denied|cannot|can't|could not|unable to|not found|no such file|not recognized|unrecognized|invalid|CategoryInfo)\b|^E: /im.test(
    stderr,
  );

/** A managed run command: its instance view says how the script ended. */
function readRunCommand(view: Fields): Result | undefined {
  const { executionState, exitCode } = view;
  if (typeof executionState !== "string") return undefined;
  const isRunning = /^(?:pending|running|unknown)$/i.test(executionState);
  const failed = /^(?:failed|timedout|canceled|cancelled)$/i.test(executionState);
  const exited = typeof exitCode === "number" && exitCode !== 0;
  if (isRunning || (!failed && !exited)) return { kind: "runCommand" };
  const words = textOf(view["error"]).trim() || textOf(view["executionMessage"]).trim();
  if (/^timedout$/i.test(executionState))
    return resultOf("runCommand", [scriptNode(undefined, words, "was ended, since it ran longer than its timeout")]);
  if (/^cancell?ed$/i.test(executionState))
    return resultOf("runCommand", [scriptNode(undefined, words, "was canceled")]);
  return resultOf("runCommand", [scriptNode(exited ? String(exitCode) : undefined, words)]);
}

/** A script has no code of the service: the message says what happened, with the end of its stderr. */
function scriptNode(exitCode: string | undefined, stderr: string, how?: string): RawNode {
  const ended = how ?? (exitCode === undefined ? "reported errors" : `ended with exit code ${exitCode}`);
  const node = rawNode(undefined, `The script in the guest ${ended}.${stderr === "" ? "" : ` ${stderr}`}`);
  node.facts = { ...(exitCode !== undefined && { exitCode }), ...(stderr !== "" && { stderr: lastWords(stderr) }) };
  return node;
}

function stderrIn(message: string): string {
  const at = message.lastIndexOf("[stderr]");
  return at < 0 ? "" : message.slice(at + "[stderr]".length).trim();
}

/** The instance view of a machine or of one extension, whatever the provisioning state above it says. */
function readInstanceView(view: Fields): Result | undefined {
  const statuses = itemsOf(view["statuses"]);
  const extensions = itemsOf(view["extensions"]);
  if (!statuses?.some(({ code }) => textOf(code).includes("/")) && !extensions?.some((one) => "statuses" in one))
    return undefined;
  return resultOf("instanceView", [view, ...(extensions ?? [])].flatMap(failuresOfOwner));
}

/** The failed states of a machine or an extension; behind good ones the steps of the extension that name an error. */
function failuresOfOwner(owner: Fields): RawNode[] {
  const failed = (itemsOf(owner["statuses"]) ?? []).flatMap((status) => failuresOfStatus(status, owner));
  if (failed.length > 0) return failed;
  const steps = (itemsOf(owner["substatuses"]) ?? []).filter(({ code }) => textOf(code).split("/").length > 3);
  return steps.flatMap((step) => failuresOfStatus(step, owner));
}

function failuresOfStatus(status: Fields, owner: Fields): RawNode[] {
  const failed = failedState(status);
  if (!failed) return [];
  const stderr = stderrOf(owner) || stderrIn(textOf(status["message"]));
  const name = textOf(owner["name"]);
  const { exitCode } = failed.facts;
  const said = textOf(status["message"]) || textOf(status["displayStatus"]);
  const words = exitCode === undefined ? said : `Extension '${name}' ended with exit code ${exitCode}. ${said}`.trim();
  const node = rawNode(failed.code, stderr !== "" && !words.includes(stderr) ? `${words} ${stderr}`.trim() : words);
  node.facts = {
    ...failed.facts,
    ...(name !== "" && { extensionName: name }),
    ...(stderr !== "" && { stderr: lastWords(stderr) }),
  };
  return [node];
}

/** The streams of an extension are sub-statuses. */
function stderrOf(owner: Fields): string {
  const status = itemsOf(owner["substatuses"])?.find(({ code }) => /^ComponentStatus\/StdErr\//i.test(textOf(code)));
  return textOf(status?.["message"]).trim();
}

/** Instances of a scale set, each with its own instance view, while the set says Succeeded. */
function readInstances({ value }: Fields): Result | undefined {
  const views = itemsOf(value)?.flatMap((instance) => {
    const properties = fieldsOf(instance["properties"]);
    const view = fieldsOf(properties?.["instanceView"]);
    return view ? [{ view, id: textOf(instance["id"]) || textOf(instance["instanceId"]) }] : [];
  });
  if (!views || views.length === 0) return undefined;
  const failed = views.flatMap(({ view, id }) => {
    const tree = (readRunCommand(view) ?? readInstanceView(view))?.tree;
    if (tree && id !== "") tree.target ??= id;
    return tree ?? [];
  });
  return resultOf("scaleSet", failed);
}

/** Image Builder: the template exists, but its last run failed. */
function readImageBuilder({ lastRunStatus }: Fields): Result | undefined {
  const run = fieldsOf(lastRunStatus);
  if (typeof run?.["runState"] !== "string") return undefined;
  const state = run["runState"];
  if (!isFailedWord(state) && state !== "PartiallySucceeded") return { kind: "imageBuilder" };
  return resultOf("imageBuilder", [rawNode(undefined, textOf(run["message"]) || `The image build ended as ${state}.`)]);
}

/**
 * The expressions of an ARM template: `[concat(parameters('name'), '-nic')]`. It has the functions that VM templates
 * use; a missing one is refused by name. The work is limited, since variables that double each other would otherwise
 * fill the memory from a template of a few lines.
 */
import { digText, isJsonObject, type JsonObject } from "../json.js";
import { ArmError } from "../wire.js";

export interface TemplateScope {
  readonly subscriptionId: string;
  readonly tenantId: string;
  /** Undefined in a subscription deployment. */
  readonly resourceGroup: { readonly id: string; readonly name: string; readonly location: string } | undefined;
  readonly deploymentName: string;
  readonly parameters: JsonObject;
  /** Not yet evaluated. */
  readonly variables: JsonObject;
  /** How much evaluation may still produce. Shared by all expressions of a template. */
  readonly budget: Budget;
}

/** Characters that the expressions of one template may produce: Resource Manager's limit for a whole template. */
export class Budget {
  #left = 4 * 2 ** 20;

  take(characters: number): void {
    this.#left -= characters;
    if (this.#left < 0) throw invalidTemplate("the expressions of the template produce more than 4 MB.");
  }
}

/** Nested calls in one expression, and variables that refer to variables. */
const deepest = 100;

export function invalidTemplate(problem: string): ArmError {
  return new ArmError(400, "InvalidTemplate", `Deployment template validation failed: ${problem}`);
}

/** The value with all its expressions evaluated. */
export function evaluate(value: unknown, scope: TemplateScope, depth = 0): unknown {
  if (typeof value === "string") {
    scope.budget.take(value.length + 1);
    if (value.startsWith("[[")) return value.slice(1);
    return /^\[.*\]$/s.test(value) ? new Expression(value.slice(1, -1), scope, depth).value() : value;
  }
  scope.budget.take(1);
  if (Array.isArray(value)) return value.map((item) => evaluate(item, scope, depth));
  if (!isJsonObject(value)) return value;
  const isInner = digText(value, "expressionEvaluationOptions", "scope")?.toLowerCase() === "inner";
  // A nested deployment of inner scope evaluates its template itself.
  const entries = Object.entries(value).map(([key, item]) =>
    isInner && key === "template" ? [key, item] : [key, evaluate(item, scope, depth)],
  );
  return Object.fromEntries(entries) as JsonObject;
}

type TemplateFunction = (args: readonly unknown[], scope: TemplateScope, depth: number) => unknown;

const functions: Readonly<Record<string, TemplateFunction>> = {
  parameters: ([name], { parameters }) => named(parameters, "parameter", name),
  variables: ([name], scope, depth) => evaluate(named(scope.variables, "variable", name), scope, depth + 1),
  concat: (parts) => (Array.isArray(parts[0]) ? parts.flat() : parts.map(text).join("")),
  format: ([template, ...values]) =>
    String(template).replace(/\{(\d+)\}/g, (_, index: string) => text(values[Number(index)])),
  toLower: ([text]) => String(text).toLowerCase(),
  toUpper: ([text]) => String(text).toUpperCase(),
  string: ([value]) => text(value),
  int: ([value]) => Number(value),
  add: ([one, other]) => Number(one) + Number(other),
  equals: ([one, other]) => JSON.stringify(one) === JSON.stringify(other),
  not: ([value]) => !value,
  if: ([condition, yes, no]) => (condition ? yes : no),
  createArray: (items) => items,
  resourceGroup: (_, { resourceGroup }) => resourceGroup ?? outside("resourceGroup"),
  subscription: (_, { subscriptionId, tenantId }) => ({
    id: `/subscriptions/${subscriptionId}`,
    subscriptionId,
    tenantId,
  }),
  deployment: (_, { deploymentName }) => ({ name: deploymentName }),
  resourceId: (args, scope) => resourceId(args.map(String), scope),
  subscriptionResourceId: ([type, ...names], { subscriptionId }) =>
    `/subscriptions/${subscriptionId}${typed(String(type), names.map(String))}`,
};

function named(values: JsonObject, kind: string, name: unknown): unknown {
  const key = Object.keys(values).find((candidate) => candidate.toLowerCase() === String(name).toLowerCase());
  if (key === undefined) throw invalidTemplate(`the template ${kind} '${String(name)}' is not found.`);
  return values[key];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}

function outside(name: string): never {
  throw invalidTemplate(`the template function '${name}' is not expected at this location.`);
}

/** `[subscriptionId, [resourceGroup,]] type, name, …` */
function resourceId(args: readonly string[], scope: TemplateScope): string {
  const at = args.findIndex((argument) => argument.includes("/"));
  const [type = "", ...names] = args.slice(Math.max(at, 0));
  const [subscriptionId = scope.subscriptionId, group] =
    at === 2 ? args : [scope.subscriptionId, at === 1 ? args[0] : scope.resourceGroup?.name];
  const place = group === undefined ? "" : `/resourceGroups/${group}`;
  return `/subscriptions/${subscriptionId}${place}${typed(type, names)}`;
}

/** `/providers/Ns/type/name/childType/childName` */
export function typed(type: string, names: readonly string[]): string {
  const [namespace = "", ...types] = type.split("/");
  const path = types.map((segment, index) => `${segment}/${names[index] ?? ""}`).join("/");
  return `/providers/${namespace}/${path}`;
}

/** A recursive-descent parser that evaluates as it reads. */
class Expression {
  #position = 0;

  constructor(
    private readonly text: string,
    private readonly scope: TemplateScope,
    private depth: number,
  ) {}

  value(): unknown {
    const value = this.#term();
    if (this.#position < this.text.length) throw this.#unreadable();
    return value;
  }

  #term(): unknown {
    this.depth += 1;
    if (this.depth > deepest) throw invalidTemplate(`an expression is nested deeper than ${deepest} levels.`);
    let value = this.#literal() ?? this.#call();
    for (;;) {
      const [, property, index] = this.#take(/\s*\.\s*(\w+)|\s*\[\s*(\d+|'[^']*')\s*\]/y) ?? [];
      if (property === undefined && index === undefined) break;
      const key = property ?? (index ?? "").replaceAll("'", "");
      value = isJsonObject(value) || Array.isArray(value) ? (value as Record<string, unknown>)[key] : undefined;
    }
    this.depth -= 1;
    return value;
  }

  #literal(): string | number | undefined {
    const [, text, digits] = this.#take(/\s*(?:'((?:[^']|'')*)'|(-?\d+))\s*/y) ?? [];
    if (text !== undefined) return text.replaceAll("''", "'");
    return digits === undefined ? undefined : Number(digits);
  }

  #call(): unknown {
    const name = this.#take(/\s*(\w+)\s*\(\s*/y)?.[1];
    if (name === undefined) throw this.#unreadable();
    const args: unknown[] = [];
    while (!this.#take(/\s*\)\s*/y)) {
      if (args.length > 0 && !this.#take(/\s*,\s*/y)) throw this.#unreadable();
      args.push(this.#term());
    }
    const known = Object.keys(functions).find((candidate) => candidate.toLowerCase() === name.toLowerCase());
    const run = known === undefined ? undefined : functions[known];
    if (!run) throw invalidTemplate(`the emulator does not know the template function '${name}'.`);
    const value = run(args, this.scope, this.depth);
    this.scope.budget.take(typeof value === "string" ? value.length : 1);
    return value;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.text);
    if (!found) return undefined;
    this.#position = pattern.lastIndex;
    return found;
  }

  #unreadable(): ArmError {
    return invalidTemplate(`the expression '${this.text.slice(0, 80)}' at position ${this.#position} is not valid.`);
  }
}

/**
 * Facts that a failure states beside its code, by parameter name: the exit code of a script, the numbers of a quota and
 * the link to raise it, the size that is out of stock, the policy that denied and what it allows.
 */
import { mark } from "./marks.js";
import { oneLine } from "./strip-decoration.js";

export type Facts = Record<string, string>;

/** What texts of rules and families may name in braces besides the placeholders of a message. */
export const factNames: ReadonlySet<string> = new Set(
  (
    "exitCode stderr extensionName count quota region limit usage required minimum portalUrl size zone " +
    "policyAssignment policyField policyValue policyAllowed policyReason violations logUrl"
  ).split(" "),
);

/** The facts in a message. @param marks those of the message */
export function factsInMessage(message: string, marks: number): Facts {
  const has = (its: number, word: string): boolean => (marks & its) !== 0 && message.includes(word);
  return {
    ...(has(mark.quota, "uota") && factsOfQuota(message)),
    ...(has(mark.exitCode, "exit") && factsOfScript(message)),
    ...((marks & mark.stock) !== 0 && /vailable in location|high demand in/.test(message) && factsOfStock(message)),
    ...(has(mark.policy, "olicyAssignment") && factsOfIdentifiers(message)),
    ...(has(mark.buildLog, "packerlogs") && pick(message, buildLog)),
  };
}

const buildLog = { logUrl: /(\S{1,600}\/packerlogs\/[^\s"']{1,400}?)(?=[.,;]?(?:\s|["']|$))/ };

function pick(message: string, patterns: Readonly<Record<string, RegExp>>): Facts {
  const found: Facts = {};
  for (const [name, pattern] of Object.entries(patterns)) {
    const value = pattern.exec(message)?.[1];
    if (value !== undefined) found[name] = value;
  }
  return found;
}

const quotaPatterns = {
  quota: /exceeding (?:approved )?(?:quota limits? of )?([A-Za-z][\w ]{1,60}?)(?: [Cc]ores| vCPUs)?(?: quota|[.,;]|$)/,
  region: /\b(?:Location: ?|(?:in|for) location )'?([\w ]{3,40}?)'? ?(?:[,.\r\n]|$)/,
  limit: /(?:Current Limit|Maximum allowed|Current limit)(?: \([^()]{1,60}\))?: ?(\d{1,9})/,
  usage: /(?:Current Usage|Current in use|Current usage)(?: \([^()]{1,60}\))?: ?(\d{1,9})/,
  required: /(?:Additional [Rr]equired|Additional [Rr]equested|Amount required[^:]{0,80}): ?(\d{1,9})/,
  minimum: /New Limit (?:Required|that you should request[^:]{0,80}): ?(\d{1,9})/,
  portalUrl: /(https:\/\/(?:aka\.ms\/ProdportalCRP|portal\.azure\.(?:com|us|cn))[^\s"'<>]{10,2000})/,
};

/** Numbers and pool of a quota, and the link that opens the request for more with all fields filled in. */
function factsOfQuota(message: string): Facts {
  const facts = pick(message, quotaPatterns);
  if (facts["portalUrl"] !== undefined) facts["portalUrl"] = facts["portalUrl"].replace(/[.,;)\]]+$/, "");
  return facts;
}

/** What a program in the guest left behind. */
function factsOfScript(message: string): Facts {
  const exitCode = /\bexit(?:ed|ing)?(?: with)?(?: exit)? ?(?:code|status)? ?(?:of|is|was|=|:)? ?(-?\d{1,10})\b/i.exec(
    message,
  )?.[1];
  if (exitCode === undefined || !/script|extension|command|handler|\[std/i.test(message)) return {};
  const at = message.lastIndexOf("[stderr]");
  const stderr = at < 0 ? "" : lastWords(message.slice(at + "[stderr]".length));
  return { exitCode, ...(stderr !== "" && { stderr }) };
}

/** The end of an output on one line, which says what went wrong. */
export function lastWords(output: string): string {
  const lines = output.trim().split("\n").slice(-3).join("\n");
  return oneLine(lines.replace(/["'\s]{0,8}(?:More information on troubleshooting[^]{0,400})?$/, "")).slice(-400);
}

function factsOfStock(message: string): Facts {
  const [, quoted, bare, busy] =
    /vailable in location (?:['"]([\w ]{3,40})['"]|(\w{3,40}))|high demand in (?:the )?([\w ]{3,40}?) region/.exec(
      message,
    ) ?? [];
  const region = quoted ?? bare ?? busy;
  return {
    ...pick(message, {
      size: /(?:Capacity Restrictions: ?|[Ss]ize '?|SKU '?)((?:Standard|Basic)_\w{1,40})/,
      zone: /zones? '?(\d(?:, ?\d){0,5})'?/,
    }),
    ...(region !== undefined && { region }),
  };
}

/** The identifiers that ARM prints in the message of a denial. */
function factsOfIdentifiers(message: string): Facts {
  const names = [
    ...message.matchAll(/olicyAssignment\\{0,7}":\s{0,8}\{\s{0,8}\\{0,7}"name\\{0,7}":\s{0,8}\\{0,7}"([^"\\]{1,200})/g),
  ];
  const unique = [...new Set(names.map(([, name = ""]) => name))];
  const reason = reasonIn(message);
  if (unique.length === 0) return reason === undefined ? {} : { policyReason: reason };
  const violations = `assignment ${unique.map((name) => `'${name}'`).join(" and ")}${reason === undefined ? "" : ` (${reason})`}`;
  return { policyAssignment: unique.join(", "), violations, ...(reason !== undefined && { policyReason: reason }) };
}

/** What the owner of a policy wrote for those it affects. */
function reasonIn(message: string): string | undefined {
  return /\bReasons?: '([^]{1,500}?)'(?:\.|,|$| See | Policy )/.exec(message)?.[1];
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;

interface Violation {
  readonly assignment: string;
  readonly field?: string;
  readonly value?: string;
  readonly allowed?: string;
  readonly rule: string;
}

/** `additionalInfo` of a denial: each policy and what it requires, in the words of its assignment. */
export function factsOfPolicy(additionalInfo: unknown, message: string): Facts | undefined {
  if (!Array.isArray(additionalInfo)) return undefined;
  const violations = additionalInfo.slice(0, 16).flatMap((entry: unknown) => {
    const info = isFields(entry) && entry["type"] === "PolicyViolation" ? entry["info"] : undefined;
    return isFields(info) ? violationsOf(info) : [];
  });
  const [first] = violations;
  if (!first) return undefined;
  const reason = reasonIn(message);
  const all = [...new Set(violations.map(({ rule }) => rule))].join("; and ");
  return {
    policyAssignment: [...new Set(violations.map(({ assignment }) => assignment))].join(", "),
    ...(first.field !== undefined && { policyField: first.field }),
    ...(first.value !== undefined && { policyValue: first.value }),
    ...(first.allowed !== undefined && { policyAllowed: first.allowed }),
    ...(reason !== undefined && { policyReason: reason }),
    violations: reason === undefined ? all : `${all}. Its owner writes: ${reason}`,
  };
}

function violationsOf(info: Fields): Violation[] {
  const name = textOf(info["policyAssignmentDisplayName"]) || textOf(info["policyDefinitionDisplayName"]);
  const assignment = textOf(info["policyAssignmentName"]) || textOf(info["policyAssignmentId"]);
  const called = `assignment '${assignment}'${name === "" || name === assignment ? "" : ` (${name})`}`;
  const details = isFields(info["evaluationDetails"]) ? info["evaluationDetails"]["evaluatedExpressions"] : undefined;
  const expressions = (Array.isArray(details) ? details.slice(0, 16) : []).filter(
    (one: unknown): one is Fields => isFields(one) && one["expression"] !== "type",
  );
  const found = expressions.flatMap((expression) => {
    const field = textOf(expression["expression"]) || textOf(expression["path"]);
    return field === "" ? [] : [violationOf(expression, field, called, assignment, info)];
  });
  return found.length > 0 ? found : [violationOfParameters(called, assignment, info)];
}

/** Without the evaluated expressions, only the assignment's parameters show what it requires. */
function violationOfParameters(called: string, assignment: string, info: Fields): Violation {
  const parameters = isFields(info["policyAssignmentParameters"]) ? info["policyAssignmentParameters"] : {};
  const allowed = listOf(allowedByParameters(info));
  const set = Object.entries(parameters)
    .slice(0, 8)
    .flatMap(([name, parameter]) =>
      name.toLowerCase() === "effect" || !isFields(parameter) ? [] : [`${name} is ${listOf(parameter["value"])}`],
    );
  return {
    assignment,
    ...(allowed !== "" && { allowed }),
    rule: set.length === 0 ? called : `${called}, where ${set.join(" and ")}`,
  };
}

function violationOf(expression: Fields, field: string, called: string, assignment: string, info: Fields): Violation {
  const { operator, result, expressionValue } = expression;
  const target = expression["targetValue"] ?? allowedByParameters(info);
  const wants = requirement(textOf(operator), listOf(target), /^false$/i.test(String(result)));
  const value = expressionValue === undefined ? undefined : listOf(expressionValue);
  return {
    assignment,
    field,
    ...(value !== undefined && { value }),
    ...(wants.allowed !== undefined && { allowed: wants.allowed }),
    rule: `${called}: ${field} ${wants.words}${value === undefined ? "" : `, and the request has ${value || "nothing"}`}`,
  };
}

/** A deny names the condition that it met; its opposite would pass. */
function requirement(operator: string, target: string, isNot: boolean): { words: string; allowed?: string } {
  switch (operator.toLowerCase()) {
    case "notin":
      return { words: `must be one of ${target}`, allowed: target };
    case "in":
      return isNot ? { words: `must be one of ${target}`, allowed: target } : { words: `must not be one of ${target}` };
    case "equals":
      return isNot ? { words: `must be ${target}`, allowed: target } : { words: `must not be ${target}` };
    case "notequals":
      return isNot ? { words: `must not be ${target}` } : { words: `must be ${target}`, allowed: target };
    case "exists":
      return /^false$/i.test(target) !== isNot ? { words: "must be set" } : { words: "must not be set" };
    case "notlike":
    case "notmatch":
    case "notcontains":
      return { words: `must fit ${target}`, allowed: target };
    default:
      return { words: target === "" ? "is not allowed" : `must not fit ${operator} ${target}` };
  }
}

function allowedByParameters(info: Fields): unknown {
  const parameters = info["policyAssignmentParameters"];
  if (!isFields(parameters)) return undefined;
  const name = Object.keys(parameters).find((key) => /allowed/i.test(key));
  const parameter = name === undefined ? undefined : parameters[name];
  return isFields(parameter) ? parameter["value"] : undefined;
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** Values for people: a list with commas, the rest as JSON. */
function listOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.slice(0, 24).map(listOf).join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The tools: each reads its input, calls the library, and returns the result twice, as data and as text. */
import type { fromJsonSchema, McpServer } from "@modelcontextprotocol/server";
import { rulesOf } from "../../catalog/catalog.js";
import { defaultCatalog } from "../../catalog/default-catalog.js";
import type { Diagnosis } from "../../catalog/diagnosis.js";
import type { Family, Rule } from "../../catalog/rule.js";
import { searchCatalog } from "../../catalog/search.js";
import { suggestionsFor } from "../../catalog/suggestions.js";
import { decide, type Situation } from "../../decision/decide.js";
import { diagnose, diagnoseAll } from "../../diagnose.js";
import { explain, explanationJson } from "../explain/explanation.js";
import { answer } from "./answer.js";
import * as schemas from "./schemas.js";

const readOnly = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

export function registerTools(server: McpServer, schema: typeof fromJsonSchema): void {
  server.registerTool(
    "explain_error",
    {
      title: "Explain an Azure error",
      description:
        "Says for every Azure failure in a text what happened, why, what to do (with commands), and whether and when a retry helps.",
      inputSchema: schema<{ text: string }>(schemas.explainInput),
      outputSchema: schema(schemas.explainOutput),
      annotations: readOnly,
    },
    ({ text }) => answer(() => ({ failures: explainText(text) })),
  );
  server.registerTool(
    "should_retry",
    {
      title: "Decide what to do about a failure",
      description:
        "Takes a failure from explain_error and the situation of the call, and decides whether to send it again and when, to read the resource first, to run a remedy, or to stop.",
      inputSchema: schema<{ diagnosis: GivenDiagnosis; situation?: Situation }>(schemas.retryInput),
      outputSchema: schema(schemas.retryOutput),
      annotations: readOnly,
    },
    ({ diagnosis, situation = {} }) => answer(() => ({ ...decide(completed(diagnosis), situation) })),
  );
  server.registerTool(
    "find_rule",
    {
      title: "Search the catalog of Azure errors",
      description: "Finds what is known about an error code, a message, a category or a disposition.",
      inputSchema: schema<{ query: string; limit?: number }>(schemas.findInput),
      outputSchema: schema(schemas.findOutput),
      annotations: readOnly,
    },
    ({ query, limit = 20 }) => answer(() => findRules(query, limit)),
  );
}

function explainText(text: string): object[] {
  const end = text.slice(-schemas.longestText);
  const word = end.trim();
  const code = rulesOf(defaultCatalog).find((rule) => rule.code.toLowerCase() === word.toLowerCase())?.code;
  const found = /^[1-5]\d\d$/.test(word)
    ? [{ diagnosis: diagnose({ status: Number(word), bodyAsText: "" }), occurrences: 1 }]
    : diagnoseAll(code ?? end);
  return found.map(({ diagnosis, occurrences }) =>
    explanationJson(explain(diagnosis, occurrences, { blanks: new Map(), ruleOf: () => undefined, lang: "en" })),
  );
}

/** What an agent returns of a diagnosis: what the schema requires, plus whatever else it kept. */
type GivenDiagnosis = Pick<Diagnosis, "disposition" | "category"> & Partial<Diagnosis>;

function completed(diagnosis: GivenDiagnosis): Diagnosis {
  return {
    message: "",
    basis: "none",
    parameters: {},
    chain: [],
    others: [],
    explanation: "",
    execution: "unknown",
    ...diagnosis,
    remedy: { summary: "", steps: [], docs: "", ...diagnosis.remedy },
  };
}

function findRules(query: string, limit: number): Record<string, unknown> {
  const found = searchCatalog(defaultCatalog, query);
  const names = rulesOf(defaultCatalog).map(({ code }) => code);
  return {
    rules: found.slice(0, limit).map(ruleJson),
    total: found.length,
    ...(found.length === 0 && { suggestions: suggestionsFor(query, [...new Set(names)]) }),
  };
}

function ruleJson(knowledge: Rule | Family): object {
  const { id, disposition, category, explanation, steps, docs } = knowledge;
  return {
    id,
    ...("code" in knowledge && {
      code: knowledge.code,
      ...(knowledge.message !== undefined && { message: knowledge.message }),
    }),
    disposition,
    category,
    explanation,
    steps,
    docs,
  };
}

/** Input and output of the tools as JSON Schema: clients show it, and the server checks both sides. */
import { categories, dispositions } from "../../catalog/rule.js";

type Schema = Readonly<Record<string, unknown>>;

const text = (description: string): Schema => ({ type: "string", description });
const count = (description: string): Schema => ({ type: "number", minimum: 0, description });
const flag = (description: string): Schema => ({ type: "boolean", description });
const list = (items: Schema, description: string): Schema => ({ type: "array", items, description });
const object = (properties: Readonly<Record<string, Schema>>, required: readonly string[]): Schema => ({
  type: "object",
  properties,
  required,
});

const disposition: Schema = {
  enum: dispositions,
  description:
    "transient: the same request will pass in minutes; indeterminate: it may still complete, read the resource; adaptable: a changed request would pass; permanent: only a person or a code change helps",
};
const category: Schema = { enum: categories };

/** The longest text to read; a longer one is a whole log, of which the end matters. */
export const longestText = 400_000;

export const explainInput = object(
  {
    text: {
      ...text(
        "The failure as a tool printed it: a JSON body, CLI or Terraform output, a log, a stack trace, or a code alone",
      ),
      minLength: 1,
    },
  },
  ["text"],
);

const failure = object(
  {
    code: text("The root failure's code, if it has one"),
    message: text("What the service said, secrets removed"),
    status: count("HTTP status"),
    disposition,
    category,
    basis: {
      enum: ["message", "code", "pattern", "status", "none"],
      description: "What the diagnosis is based on, from surest to least sure",
    },
    explanation: text("What happened, in one sentence"),
    remedy: object(
      {
        summary: text("What to do, in one line"),
        steps: list({ type: "string" }, "What to do, with commands"),
        automatic: text("The remedy of the azure-remedy library that would do this"),
        docs: text("A page with more detail"),
      },
      ["summary", "steps", "docs"],
    ),
    retry: object(
      {
        helps: flag("Whether sending the same request again helps"),
        afterMs: count("Milliseconds to wait before sending again"),
        words: text("The same as a sentence"),
      },
      ["helps", "words"],
    ),
    execution: text("Whether the service may have executed the request: none, unknown or done"),
    retryAfterMs: count("The wait that the service asked for, in milliseconds"),
    chain: list({ type: "object" }, "From the outermost error to the root"),
    others: list({ type: "object" }, "Further roots of the same failure"),
    occurrences: count("How often it occurs in the text"),
    requestId: text("For Azure support"),
    correlationId: text("For Azure support"),
  },
  ["message", "disposition", "category", "basis", "explanation", "remedy", "retry", "occurrences"],
);

export const explainOutput = object({ failures: list(failure, "Every failure in the text, in order") }, ["failures"]);

export const retryInput = object(
  {
    diagnosis: {
      ...object({ disposition, category }, ["disposition", "category"]),
      description: "A failure as explain_error returned it",
    },
    situation: {
      ...object(
        {
          method: text("HTTP method of the failed request; default GET"),
          url: text("Its URL, which shows what a POST does"),
          idempotent: flag("Whether repeating it is harmless; if omitted, method and URL decide"),
          attempt: count("How often it has been sent, this failure included; default 1"),
          elapsedMs: count("Milliseconds since it was first sent"),
          remainingMs: count("Milliseconds left until a deadline"),
          maxRetries: count("Default 8"),
          readable: flag("Whether the state of the resource can be read to learn the outcome"),
          hostAnswered: flag("Whether the host answered before; false where it never did"),
          remedies: list({ type: "string" }, "Names of the remedies that may be run"),
        },
        [],
      ),
      description: "The situation of the call",
    },
  },
  ["diagnosis"],
);

export const retryOutput = object(
  {
    action: {
      enum: ["retry", "readBack", "apply", "fail"],
      description:
        "retry: send it again; readBack: read the resource first; apply: run the remedy, then send again; fail: stop",
    },
    delayMs: count("Milliseconds to wait before it"),
    counts: flag("False for a wait for throttling, which does not count as a retry"),
    remedy: text("The remedy to run"),
    outcome: { enum: ["failed", "unknown"], description: "unknown: it may have taken effect" },
    retryAfterMs: count("Milliseconds after which another try makes sense"),
    reason: text("Why"),
  },
  ["action", "reason"],
);

export const findInput = object(
  {
    query: text("Words to look for, all of them: a code, a part of a message, a category, a disposition"),
    limit: { type: "integer", minimum: 1, maximum: 100, description: "The most rules to return; default 20" },
  },
  ["query"],
);

export const findOutput = object(
  {
    rules: list(
      object(
        {
          id: text("Name of the rule"),
          code: text("The error code; a family of codes has none"),
          message: text("The wording, with placeholders"),
          disposition,
          category,
          explanation: text("What happened"),
          steps: list({ type: "string" }, "What to do"),
          docs: text("A page with more detail"),
        },
        ["id", "disposition", "category", "explanation", "steps", "docs"],
      ),
      "The rules found, in the order of the catalog",
    ),
    total: count("How many match"),
    suggestions: list({ type: "string" }, "Codes that look like the query, when nothing was found"),
  },
  ["rules", "total"],
);

const subscription = text("Id of the subscription; default the one that the server was started with");

export const investigateInput = object(
  {
    id: {
      ...text("Id of the resource or the deployment (/subscriptions/…), or a correlation id"),
      minLength: 1,
    },
    subscription,
    hours: {
      type: "number",
      minimum: 0.1,
      maximum: 2_160,
      description: "How far back the activity log is read; default 6",
    },
  },
  ["id"],
);

export const investigateOutput = object(
  {
    subject: text("Id of what was looked at"),
    failed: {
      ...object(
        {
          at: text("When, in ISO 8601"),
          seenIn: text("Where the failure was seen"),
          code: text("Its code"),
          message: text("What the service said, secrets removed"),
        },
        ["seenIn"],
      ),
      description: "The failure that was found; absent when none is to be seen",
    },
    root: {
      ...object({ code: text("Code of the root failure"), disposition, category, explanation: text("What happened") }, [
        "disposition",
        "category",
        "explanation",
      ]),
      description: "Its diagnosis, with what was found taken into account; may be given to should_retry",
    },
    findings: list(
      object(
        {
          source: text("What was read"),
          says: text("What was found, or why it could not be read"),
          at: text("When, in ISO 8601"),
          confidence: text("How much it says about this failure; none: nothing, or it could not be read"),
        },
        ["source", "says", "confidence"],
      ),
      "What was found around it",
    ),
    unread: list({ type: "string" }, "What could not be read of the subject itself"),
  },
  ["subject", "findings", "unread"],
);

export const sizesInput = object(
  {
    region: { ...text("The region, such as westeurope"), minLength: 1 },
    size: text("The size that is wanted, such as Standard_D4s_v5; default all of the region, some hundreds"),
    zone: text("Only what this zone has counts as offered"),
    similar: flag("Also sizes that may replace `size`, the most alike first"),
    spot: flag("For spot machines, with their placement scores"),
    subscription,
  },
  ["region"],
);

export const sizesOutput = object(
  {
    sizes: list(
      object(
        {
          name: text("Name of the size"),
          isOffered: flag("Whether the subscription can create it there; says nothing about free hardware"),
          reason: text("Why it is not offered"),
          zones: list({ type: "string" }, "Zones in which the subscription can create it"),
          vCPUs: count("vCPUs"),
          memoryGB: count("Memory in GB"),
          quota: object({ name: text("Name of the quota"), left: { type: "number" }, limit: { type: "number" } }, [
            "name",
            "left",
            "limit",
          ]),
          score: text("Placement score: High, Medium, Low, DataNotFoundOrStale or RestrictedSkuNotAvailable"),
        },
        ["name", "isOffered", "zones"],
      ),
      "The size that was asked for first, then the most alike; or all by name",
    ),
    unread: list({ type: "string" }, "What could not be read, and is missing in the list"),
  },
  ["sizes", "unread"],
);

/** What a fault does to an exchange, built from the options of `arm.fail`, `arm.reset` and the others. */
import { STATUS_CODES } from "node:http";
import { checkNames } from "../option-check.js";
import type { Rule } from "../catalog/rule.js";
import type { FaultContext } from "./fault-context.js";
import { checkIsAnswer, findRule, isTransportCode, statusOf, usualManner, type UsualManner } from "./fault-catalog.js";
import { digObject, digText, type JsonObject } from "./json.js";
import type { OperationFailure } from "./operations.js";
import { checkNumber } from "./options.js";
import { fillPlaceholders } from "./placeholders.js";
import { computeThrottled, subscriptionThrottled } from "./throttle-bodies.js";
import { serverSideBreak, wordsOfClientFailure, type ServerSideBreak } from "./transport-faults.js";
import type { HeaderValues, Reply } from "./wire.js";

/** Whether the service executes the request before the fault applies. */
export type Moment = "before-execution" | "after-execution";

export type Effect =
  | { readonly kind: "answer"; readonly moment: Moment; readonly reply: (context: FaultContext) => Reply }
  | { readonly kind: "operation"; readonly failure: (context: FaultContext) => OperationFailure }
  | { readonly kind: "break"; readonly how: ServerSideBreak; readonly moment: Moment }
  | { readonly kind: "latency"; readonly ms: number }
  /** The client's own error: nothing is sent. Only for clients made with `arm.clientOptions` or `arm.connect`. */
  | { readonly kind: "unsent"; readonly code: string; readonly message: string };

/**
 * A catalog code (`"AllocationFailed"`), a rule by its id, a transport code (`"EAI_AGAIN"`), or a complete response.
 */
export type FaultCode = string | { readonly rule: string } | ExplicitFault;
export interface ExplicitFault {
  /** Default 400. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Sent unchanged; for a failed operation, its `error` (or the body itself, if it has none) becomes the operation's
   * error.
   */
  readonly body?: unknown;
}

/** Seconds, a point in time (sent as HTTP date), or the header as it should be sent. */
export type RetryAfter = number | Date | string;

export interface FailOptions {
  /**
   * `answer`: the request is refused. `operation`: it is accepted and its operation ends Failed. `canceled`: the
   * operation ends Canceled, with the error. The default depends on the code: provisioning and allocation failures come
   * as operations.
   */
  readonly as?: "answer" | "operation" | "canceled";
  /** For a response: whether the service executes the request anyway. Default `before-execution`. */
  readonly after?: Moment;
  /** For an operation: the work completes later although the operation failed. Default false. */
  readonly completesAnyway?: boolean;
  /** Values for the placeholders of the catalog's message. Default: names from the request. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Replaces the catalog's. */
  readonly message?: string;
  /** Replaces the catalog's. */
  readonly status?: number;
  /** Merged into the error object: `{ details: [...], innererror: {...} }`. */
  readonly error?: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
  readonly retryAfter?: RetryAfter;
}

export const failNames = Object.keys({
  as: true,
  after: true,
  completesAnyway: true,
  parameters: true,
  message: true,
  status: true,
  error: true,
  headers: true,
  retryAfter: true,
} satisfies Record<keyof FailOptions, true>);

export interface ThrottleFaultOptions {
  /** Seconds to wait. Default 1. */
  readonly retryAfter?: number;
  /**
   * Where the wait is stated: in the `Retry-After` header (and the text), as an HTTP date, only in the text, or
   * nowhere. Default `header`.
   */
  readonly hint?: "header" | "date" | "text" | "none";
  /**
   * The body of Resource Manager, or that of Compute: no `error` envelope, the code hidden in `details`. Default `arm`.
   */
  readonly from?: "arm" | "compute";
}

/** The effect of a failure. `canBeOperation` says whether its target ever begins an operation. */
export function failEffect(fault: FaultCode, options: FailOptions, canBeOperation: boolean): Effect {
  if (typeof fault === "object") checkNames("fail", fault, "rule" in fault ? ["rule"] : ["status", "headers", "body"]);
  if (typeof fault === "object" && !("rule" in fault)) {
    return answerOrOperation(explicitAnswer(fault, options), options, "answer", canBeOperation);
  }
  const below = typeof fault === "string" ? transportEffect(fault, options) : undefined;
  if (below) return below;
  const rule = findRule(fault);
  checkIsAnswer(rule);
  const usual = options.status === undefined ? usualManner(rule) : "answer";
  return answerOrOperation(catalogAnswer(rule, options), options, usual, canBeOperation);
}

function answerOrOperation(answer: Answer, options: FailOptions, usual: UsualManner, canBeOperation: boolean): Effect {
  const as = options.as ?? (canBeOperation ? usual : "answer");
  if (as === "answer") {
    if (options.completesAnyway) throw new TypeError('completesAnyway needs as: "operation" (or "canceled").');
    return { kind: "answer", moment: options.after ?? "before-execution", reply: answer };
  }
  if (options.after) throw new TypeError(`after does not fit as: "${as}", whose request is always accepted.`);
  if (!canBeOperation) {
    throw new TypeError(`as: "${as}" does not fit: what the fault is planted on never begins an operation.`);
  }
  return {
    kind: "operation",
    failure: (context) => {
      const { status, body } = answer(context);
      return {
        status: as === "canceled" ? "Canceled" : "Failed",
        error: errorIn(body),
        httpStatus: status,
        completesAnyway: options.completesAnyway ?? false,
      };
    },
  };
}

/** A code below HTTP breaks the connection, or fails in the client before it sends. */
function transportEffect(code: string, options: FailOptions): Effect | undefined {
  const broken = serverSideBreak(code);
  if (broken) return breakEffect(broken, options.after ?? "before-execution");
  if (!isTransportCode(code)) return undefined;
  const words = options.message ?? wordsOfClientFailure(code) ?? findRule(code).explanation;
  return { kind: "unsent", code, message: words };
}

export function breakEffect(how: ServerSideBreak, moment: Moment): Effect {
  // Half a response can only be cut from a whole one: the service has executed the request by then.
  return { kind: "break", how, moment: how === "cut" || how === "stalled" ? "after-execution" : moment };
}

export function latencyEffect(ms: number): Effect {
  checkNumber("ms", ms, 0);
  return { kind: "latency", ms };
}

/** The page of a gateway on the way, instead of Resource Manager's JSON. */
export function pageEffect(status: number, moment: Moment, retryAfter: RetryAfter | undefined): Effect {
  checkNumber("status", status, 200, 599);
  const title = `${status} ${STATUS_CODES[status] ?? "Unknown"}`;
  const content = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>Microsoft-Azure-Application-Gateway/v2</center>\r\n</body>\r\n</html>\r\n`;
  return {
    kind: "answer",
    moment,
    reply: () => ({
      status,
      headers: retryAfterHeaders(retryAfter),
      page: { contentType: "text/html", content },
    }),
  };
}

export function throttleEffect({ retryAfter = 1, hint = "header", from = "arm" }: ThrottleFaultOptions): Effect {
  checkNumber("retryAfter", retryAfter, 0);
  return {
    kind: "answer",
    moment: "before-execution",
    reply: ({ request, cloud }) => {
      const now = cloud.clock.now();
      const said = hint === "header" ? retryAfter : hint === "date" ? new Date(now + retryAfter * 1000) : undefined;
      const seconds = hint === "header" || hint === "text" ? retryAfter : undefined;
      const { method, principal } = request;
      const { subscriptionId } = cloud.options;
      return {
        status: 429,
        headers: retryAfterHeaders(said),
        body:
          from === "compute"
            ? computeThrottled(now, retryAfter, "HighCostGetSubscription")
            : subscriptionThrottled({ method, subscriptionId, principal, seconds }),
      };
    },
  };
}

type Answer = (context: FaultContext) => Reply;

function catalogAnswer(rule: Rule, options: FailOptions): Answer {
  const template = options.message ?? rule.message ?? rule.explanation;
  return (context) => {
    const message = fillPlaceholders(template, context, options.parameters ?? {});
    const body = { error: { code: rule.code, message, ...options.error } };
    return { status: options.status ?? statusOf(rule), headers: headersOf(options), body };
  };
}

function explicitAnswer(fault: ExplicitFault, options: FailOptions): Answer {
  const status = options.status ?? fault.status ?? 400;
  checkNumber("status", status, 200, 599);
  return () => ({ status, headers: { ...fault.headers, ...headersOf(options) }, body: fault.body });
}

function headersOf(options: FailOptions): HeaderValues {
  return { ...options.headers, ...retryAfterHeaders(options.retryAfter) };
}

function retryAfterHeaders(retryAfter: RetryAfter | undefined): HeaderValues {
  if (retryAfter === undefined) return {};
  return { "retry-after": retryAfter instanceof Date ? retryAfter.toUTCString() : String(retryAfter) };
}

/** The error object of a body, enveloped or not. */
function errorIn(body: unknown): JsonObject | undefined {
  const enveloped = digObject(body, "error");
  if (Object.keys(enveloped).length > 0) return enveloped;
  return digText(body, "code") === undefined ? undefined : (body as JsonObject);
}

/** Why items failed, each reason once: three hundred machines that lack one quota are one thing to do. */
import { SharedAdvice } from "./cause-advice.js";
import type { FailureInShort } from "./failure-in-short.js";
import type { Disposition } from "../catalog/rule.js";
import { diagnose } from "../diagnose.js";
import type { RemedyEvent } from "../recovery/events.js";
import { isRemedyError } from "../recovery/remedy-error.js";

/** One cause, and the items that it stopped. */
export interface Cause {
  /** The code of the failure, if it has one. */
  readonly code?: string;
  readonly disposition: Disposition;
  readonly count: number;
  /** One sentence: what happened. It names a machine only if all items name the same one. */
  readonly explanation: string;
  /** What to do, once for all of them. */
  readonly steps: readonly string[];
  /** Keys of the items, or what is known of the resource, in the order in which they failed. */
  readonly keys: readonly string[];
}

/** Collects failures by cause. */
export class CauseTally {
  readonly #groups = new Map<string, { readonly advice: SharedAdvice; readonly keys: string[] }>();

  add(failure: FailureInShort, key: string): void {
    const { code, disposition, rule } = failure;
    const reason = [code?.toLowerCase(), disposition, rule?.id ?? failure.explanation].join("|");
    const group = this.#groups.get(reason);
    if (!group) this.#groups.set(reason, { advice: new SharedAdvice(failure), keys: [key] });
    else {
      group.advice.add(failure);
      group.keys.push(key);
    }
  }

  /** Most frequent first. */
  get causes(): Cause[] {
    return [...this.#groups.values()]
      .map(({ advice, keys }) => causeOf(advice, keys))
      .sort((a, b) => b.count - a.count);
  }
}

function causeOf(advice: SharedAdvice, keys: readonly string[]): Cause {
  const { code, disposition } = advice.first;
  return {
    ...(code !== undefined && { code }),
    disposition,
    count: keys.length,
    ...advice.filled,
    keys: [...keys],
  };
}

/** What a thrown value means, as a cause. */
export function failureInShort(error: unknown): FailureInShort {
  const diagnosis = isRemedyError(error) ? error.diagnosis : diagnose(error);
  const { code, disposition, explanation, rule, parameters, remedy } = diagnosis;
  return { code, disposition, explanation, rule, parameters, steps: remedy.steps };
}

/**
 * Groups failures by cause, with the advice once for each.
 * @param failures errors that were thrown, or events of `onEvent`, of which only `failed` counts
 * @returns the causes, most frequent first
 */
export function summarize(failures: Iterable<unknown>): { causes: Cause[] } {
  const tally = new CauseTally();
  for (const failure of failures) {
    if (!isEvent(failure)) tally.add(failureInShort(failure), keyOf(failure));
    else if (failure.type === "failed") {
      const { code, disposition, explanation, rule } = failure.failure;
      tally.add(
        { code, disposition, explanation, rule: rule === undefined ? undefined : { id: rule } },
        keyOf(failure),
      );
    }
  }
  return { causes: tally.causes };
}

function isEvent(value: unknown): value is RemedyEvent {
  return typeof value === "object" && value !== null && !(value instanceof Error) && "type" in value && "at" in value;
}

/** The resource of a failure, if the failure names one. */
function keyOf(failure: unknown): string {
  if (typeof failure !== "object" || failure === null) return "unknown";
  const { key, resource, request } = failure as {
    key?: unknown;
    resource?: unknown;
    request?: { url?: unknown };
  };
  if (typeof key === "string") return key;
  if (typeof resource === "string") return resource;
  return typeof request?.url === "string" ? pathOf(request.url) : "unknown";
}

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : url;
}

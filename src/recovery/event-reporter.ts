/** Gives events to the log, the listener and the run that the call belongs to. */
import { presentable, presentableText } from "../failure/secrets/presentable.js";
import { log } from "../log.js";
import type { ThrottleListener } from "../throttle/events.js";
import type { CallOrFaultEvent, EventFailure, EventSubject, RemedyEvent, RemedyEventListener } from "./events.js";
import { currentWorkItem } from "./work-item.js";

/**
 * Sends events to the log and the listener. If a listener throws or rejects, that is logged each time, and the call is
 * not affected.
 */
export class EventReporter {
  constructor(readonly listener: ((event: RemedyEvent) => unknown) | undefined) {}

  /** @param call the traced call that it happens in */
  emit(given: CallOrFaultEvent, call?: { onEvent(event: RemedyEvent): void }): void {
    const event = presentable(given);
    const line = lineOf(event);
    if (event.type === "failed" || event.type === "fault") log.warning(line);
    else log.info(line);
    if (this.listener) hand(event, this.listener);
    currentWorkItem()?.onEvent(event);
    call?.onEvent(event);
  }

  /** Reports a fault that does not end the call. */
  fault(where: string, error: unknown, at: number): void {
    this.emit({ type: "fault", at, where, message: messageOf(error) });
  }
}

function hand(event: RemedyEvent, listener: (event: RemedyEvent) => unknown): void {
  try {
    // A listener may be async, whatever its type says.
    const returned = listener(event);
    if (isThenable(returned)) {
      Promise.resolve(returned).catch((error: unknown) => {
        log.warning(`onEvent rejected: ${messageOf(error)}`);
      });
    }
  } catch (error) {
    log.warning(`onEvent threw: ${messageOf(error)}`);
  }
}

const throttleListeners = new WeakMap<RemedyEventListener, ThrottleListener>();

/** The same for the same `onEvent`, so that a throttle calls a listener once, however many clients share both. */
export function throttleListenerOf(onEvent: RemedyEventListener): ThrottleListener {
  const known = throttleListeners.get(onEvent);
  if (known) return known;
  const listener: ThrottleListener = (event) => hand(event, onEvent);
  throttleListeners.set(onEvent, listener);
  return listener;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** The message of an error from other code, secrets removed. */
export function messageOf(error: unknown): string {
  try {
    return presentableText(error instanceof Error ? error.message : String(error));
  } catch {
    return "an error that cannot be printed";
  }
}

function lineOf(event: CallOrFaultEvent): string {
  switch (event.type) {
    case "circuit":
      return `circuit of ${event.host}: ${event.state}`;
    case "fault":
      return `fault in ${event.where}: ${event.message}`;
    case "retry":
      return `${where(event)} attempt ${event.attempt} failed (${brief(event.failure)}); ${event.reason}`;
    case "resubmit":
      return `${where(event)} submission ${event.submission} failed (${brief(event.failure)}); ${event.reason}`;
    case "readBack":
      return `${where(event)} (${brief(event.failure)}); ${event.reason}${event.lastSeen ? `; last seen ${event.lastSeen}` : ""}`;
    case "remedy":
      return `${where(event)} remedy ${event.remedy} ${event.phase}${event.change ? `: ${event.change}` : ""}`;
    case "evidence":
      return `${where(event)} looked around (${brief(event.failure)}); ${event.findings.map(({ source, says }) => `${source}: ${says}`).join(" | ")}`;
    case "observed":
      return `${where(event)} attempt ${event.attempt} failed (${brief(event.failure)}); would ${event.decision.action}: ${event.reason}`;
    case "recovered":
      return `${where(event)} succeeded after ${event.attempts} attempts; ${event.reason}`;
    case "failed":
      return `${where(event)} given up after ${event.attempts} attempt(s) (${brief(event.failure)}); ${event.reason}`;
  }
}

const where = ({ request, name = "" }: EventSubject): string => (request ? `${request.method} ${request.url}` : name);

function brief({ code, status, disposition, category }: EventFailure): string {
  return [status, code, `${disposition} ${category}`].filter((part) => part !== undefined).join(" ");
}

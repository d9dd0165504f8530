/**
 * Injected faults: where each applies, how often, and which one applies to the current request. First injected, first
 * applied.
 */
import { print } from "../option-check.js";
import type { FaultContext } from "./fault-context.js";
import type { Effect } from "./fault-effects.js";
import type { OperationFailure } from "./operations.js";
import { nameSegments, type RouteAddress } from "./route-address.js";
import type { ObservedRequest } from "./story.js";
import { parseTarget, targetMatches, type Target } from "./fault-matcher.js";

/**
 * "METHOD resourceType[/name][/action]": "PUT virtualMachines", "PUT virtualMachines/web-01", "POST virtualMachines/start",
 * "PUT virtualMachines/extensions", "GET operations", "* virtualMachines" (all below it), "*" (everything); several of
 * them; or a predicate.
 */
export type FaultTarget = string | readonly string[] | ((request: ObservedRequest) => boolean);

export interface FaultPlacement {
  readonly on: FaultTarget;
  /** How often it applies. Default 1; `Infinity` for always. */
  readonly times?: number;
  /** A further condition. */
  readonly when?: (request: ObservedRequest) => boolean;
}

/** An injected fault. */
export interface PlantedFault {
  /** How often it has applied. */
  readonly hits: number;
  /** How often it will still apply. */
  readonly remaining: number;
  remove(): void;
}

/** What happens to one request. */
export interface Strike {
  readonly latencyMs: number;
  /** Never an `operation` or `latency` effect. */
  readonly effect: Effect | undefined;
  /** Takes the failure for the operation that the request begins, if one was injected. */
  readonly takeFailure: () => OperationFailure | undefined;
}

interface Plan {
  /** The client's own failures apply before anything is sent; all others where the request arrives. */
  readonly strikesClient: boolean;
  readonly matches: (
    request: ObservedRequest,
    route: RouteAddress | undefined,
    params: Readonly<Record<string, string>>,
  ) => boolean;
  /** Chooses for each request; undefined lets it pass. */
  readonly choose: (
    request: ObservedRequest,
    route: RouteAddress | undefined,
    params: Readonly<Record<string, string>>,
  ) => Effect | undefined;
  remaining: number;
  hits: number;
}

export class Faults {
  #plans: Plan[] = [];

  constructor(private readonly routes: readonly RouteAddress[]) {}

  /** Whether any request that the target matches begins an operation. A predicate may match any. */
  canBeOperation(on: FaultTarget): boolean {
    const targets = this.#targetsOf(on);
    if (!targets) return true;
    const longRunning = this.routes.filter((route) => route.longRunning);
    return longRunning.some((route) =>
      targets.some((target) => targetMatches(target, route.method, nameSegments(route))),
    );
  }

  plant(placement: FaultPlacement, choose: Effect | Plan["choose"]): PlantedFault {
    const { times = 1, when } = placement;
    if (times !== Infinity && (!Number.isInteger(times) || times < 1)) {
      throw new RangeError(`times must be a whole number of at least 1, or Infinity, not ${times}.`);
    }
    const placed = this.matcher(placement.on);
    const plan: Plan = {
      strikesClient: typeof choose !== "function" && choose.kind === "unsent",
      matches: (request, route, params) => placed(request, route, params) && (when?.(request) ?? true),
      choose: typeof choose === "function" ? choose : () => choose,
      remaining: times,
      hits: 0,
    };
    this.#plans.push(plan);
    return {
      get hits() {
        return plan.hits;
      },
      get remaining() {
        return plan.remaining;
      },
      remove: () => void (this.#plans = this.#plans.filter((other) => other !== plan)),
    };
  }

  /** Whether the target matches a request. Throws for a target that can match none. */
  matcher(on: FaultTarget): Plan["matches"] {
    if (typeof on === "function") return (request) => on(request);
    const targets = this.#targetsOf(on) ?? [];
    return (request, route, params) => {
      const name = route ? nameSegments(route, params) : [];
      return targets.some((target) => targetMatches(target, request.method, name));
    };
  }

  clear(): void {
    this.#plans = [];
  }

  /** The fault for a request that has arrived. */
  strike(context: FaultContext, route: RouteAddress): Strike {
    let latencyMs = 0;
    let struck: { plan: Plan; effect: Effect } | undefined;
    for (const plan of this.#live(false)) {
      if (!plan.matches(context.request, route, context.params)) continue;
      const effect = plan.choose(context.request, route, context.params);
      if (!effect || (effect.kind === "operation" && !route.longRunning)) continue;
      if (effect.kind === "latency") {
        latencyMs += effect.ms;
        use(plan);
      } else struck ??= { plan, effect };
    }
    // A failure of the operation applies only if the request is accepted: until then it stays injected.
    if (struck?.effect.kind === "operation") {
      return { latencyMs, effect: undefined, takeFailure: taker(struck, context) };
    }
    if (struck) use(struck.plan);
    return { latencyMs, effect: struck?.effect, takeFailure: () => undefined };
  }

  /** Whether any injected fault is the client's own. */
  get strikeClients(): boolean {
    return this.#live(true).length > 0;
  }

  /** The client's own failure for a request about to be sent. */
  strikeUnsent(
    context: FaultContext,
    route: RouteAddress | undefined,
  ): Extract<Effect, { kind: "unsent" }> | undefined {
    const plan = this.#live(true).find((candidate) => candidate.matches(context.request, route, context.params));
    const effect = plan?.choose(context.request, route, context.params);
    if (!plan || effect?.kind !== "unsent") return undefined;
    use(plan);
    return effect;
  }

  #live(strikesClient: boolean): Plan[] {
    this.#plans = this.#plans.filter((plan) => plan.remaining > 0);
    return this.#plans.filter((plan) => plan.strikesClient === strikesClient);
  }

  #targetsOf(on: FaultTarget): Target[] | undefined {
    if (typeof on === "function") return undefined;
    return [on].flat().map((text: unknown) => {
      if (typeof text === "string") return parseTarget(text, this.routes);
      throw new TypeError(
        `on must be text like "PUT virtualMachines", a list of such, or a function, not ${print(text)}.`,
      );
    });
  }
}

function taker({ plan, effect }: { plan: Plan; effect: Effect }, context: FaultContext): Strike["takeFailure"] {
  return () => {
    if (effect.kind !== "operation" || plan.remaining <= 0) return undefined;
    use(plan);
    return effect.failure(context);
  };
}

function use(plan: Plan): void {
  plan.remaining -= 1;
  plan.hits += 1;
}

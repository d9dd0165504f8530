/** The metrics. Their attributes are few: nothing in them grows with the number of resources. */
import type { Attributes, Counter, Histogram, MeterProvider, ObservableGauge, UpDownCounter } from "@opentelemetry/api";
import type { Throttle } from "../../throttle/throttle.js";
import type { ScopeSnapshot, ThrottleSnapshot } from "../../throttle/snapshot.js";
import { own } from "./names.js";

export interface Instruments {
  readonly attempts: Counter;
  readonly waits: Histogram;
  readonly decisions: Counter;
  readonly operations: UpDownCounter;
}

/** From half a second to the half hour that a call may last. */
const waitBoundaries = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800];

export function makeInstruments(provider: MeterProvider, scopeName: string, throttles: Throttles): Instruments {
  const meter = provider.getMeter(scopeName);
  const level = meter.createObservableGauge("azure_remedy.throttle.level", {
    unit: "{request}",
    description: "Requests left in a throttling scope, as far as is known.",
  });
  const queue = meter.createObservableGauge("azure_remedy.throttle.queue", {
    unit: "{request}",
    description: "Requests that wait for a throttling scope.",
  });
  meter.addBatchObservableCallback((result) => throttles.observe(result, level, queue), [level, queue]);
  return {
    attempts: meter.createCounter("azure_remedy.attempts", {
      unit: "{attempt}",
      description: "Requests sent: first sends, retries, polls, and those sent on behalf of a call.",
    }),
    waits: meter.createHistogram("azure_remedy.wait.duration", {
      unit: "s",
      description: "Waits in the queue of the throttle, and before another send or reading.",
      advice: { explicitBucketBoundaries: waitBoundaries },
    }),
    decisions: meter.createCounter("azure_remedy.decisions", {
      unit: "{decision}",
      description: "Failures diagnosed, by what was decided about them.",
    }),
    operations: meter.createUpDownCounter("azure_remedy.operations.active", {
      unit: "{operation}",
      description: "Long-running operations in flight.",
    }),
  };
}

interface Looked extends Throttle {
  snapshot?(): ThrottleSnapshot;
}

/** The throttles whose levels are looked at when metrics are collected. None is kept alive. */
export class Throttles {
  readonly #known = new Set<WeakRef<Looked>>();

  add(throttle: Throttle): void {
    for (const known of this.#known) if (known.deref() === throttle) return;
    this.#known.add(new WeakRef<Looked>(throttle));
  }

  observe(
    result: { observe(metric: ObservableGauge, value: number, attributes?: Attributes): void },
    level: ObservableGauge,
    queue: ObservableGauge,
  ): void {
    for (const [scope, { levels, waiting }] of this.#scopes()) {
      if (levels.length > 0) result.observe(level, Math.min(...levels), { [own.scope]: scope });
      result.observe(queue, waiting, { [own.scope]: scope });
    }
  }

  /** The scopes of all throttles by their names; the limits of single resources would be a series for each. */
  #scopes(): Map<string, { levels: number[]; waiting: number }> {
    const scopes = new Map<string, { levels: number[]; waiting: number }>();
    for (const known of this.#known) {
      const throttle = known.deref();
      if (!throttle) this.#known.delete(known);
      for (const { scope, resource, level, waiting } of throttle?.snapshot?.().scopes ?? noScopes) {
        if (resource !== undefined) continue;
        const sum = scopes.get(scope) ?? { levels: [], waiting: 0 };
        if (level !== undefined) sum.levels.push(level);
        sum.waiting += waiting;
        scopes.set(scope, sum);
      }
    }
    return scopes;
  }
}

const noScopes: readonly ScopeSnapshot[] = [];

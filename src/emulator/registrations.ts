/** Which resource provider namespaces the subscription has registered. Registering takes a while, as in Azure. */
import type { Clock } from "../time/clock.js";
import { running } from "./operations.js";
import type { OperationPace } from "./options.js";

export type RegistrationState = "Registered" | "Registering" | "NotRegistered" | "Unregistered";

interface Registration {
  readonly namespace: string;
  state: RegistrationState;
  wait: Generator<undefined, void, boolean> | undefined;
}

const emulatedNamespaces = [
  "Microsoft.Compute",
  "Microsoft.Network",
  "Microsoft.Resources",
  "Microsoft.Storage",
  "Microsoft.ResourceHealth",
  "Microsoft.PolicyInsights",
  "Microsoft.Insights",
];

export class Registrations {
  readonly #byName = new Map<string, Registration>();

  constructor(
    unregistered: readonly string[],
    private readonly pace: OperationPace,
    private readonly clock: Clock,
  ) {
    for (const namespace of emulatedNamespaces) this.set(namespace, "Registered");
    for (const namespace of unregistered) this.set(namespace, "NotRegistered");
  }

  /** The namespaces by name, with their state. */
  get all(): readonly { readonly namespace: string; readonly state: RegistrationState }[] {
    return [...this.#byName.values()].map(({ namespace, state }) => ({ namespace, state }));
  }

  /** Undefined for a namespace that does not exist. */
  find(namespace: string): { readonly namespace: string; readonly state: RegistrationState } | undefined {
    return this.#byName.get(namespace.toLowerCase());
  }

  set(namespace: string, state: RegistrationState): void {
    const known = this.#byName.get(namespace.toLowerCase());
    this.#byName.set(namespace.toLowerCase(), { namespace: known?.namespace ?? namespace, state, wait: undefined });
  }

  register(namespace: string): void {
    const registration = this.#byName.get(namespace.toLowerCase());
    if (!registration || registration.state === "Registered" || registration.state === "Registering") return;
    registration.state = "Registering";
    registration.wait = running(this.pace, this.clock);
    registration.wait.next(false);
  }

  /** Applies the effects of the time that has passed. */
  pass(): void {
    for (const registration of this.#byName.values()) advance(registration, false);
  }

  /** The state was read. */
  lookedAt(namespace: string): void {
    const registration = this.#byName.get(namespace.toLowerCase());
    if (registration) advance(registration, true);
  }
}

function advance(registration: Registration, looked: boolean): void {
  if (!registration.wait?.next(looked).done) return;
  registration.wait = undefined;
  registration.state = "Registered";
}

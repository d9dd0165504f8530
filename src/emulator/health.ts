/** Resource health and service events. Both are late, as in Azure. */
import type { Clock } from "../time/clock.js";
import { displayName } from "./locations.js";

export interface OutageOptions {
  /** As the portal names it. Default `Virtual Machines`. */
  readonly service?: string;
  /** `West Europe` or `westeurope`. Default the emulator's region. */
  readonly location?: string;
  readonly title?: string;
  /** May contain HTML, as the service's do. */
  readonly summary?: string;
  /** Milliseconds from the start until the event is published. Default 600000. */
  readonly lateMs?: number;
  /** Default `ServiceIssue`. */
  readonly type?: "ServiceIssue" | "PlannedMaintenance" | "HealthAdvisory";
}

/** A declared outage. */
export interface Outage {
  /** The tracking id of its event. */
  readonly trackingId: string;
  /** Ends the outage: the event becomes `Resolved`. */
  resolve(): void;
}

export interface ServiceEvent {
  readonly trackingId: string;
  readonly type: string;
  readonly service: string;
  readonly region: string;
  readonly title: string;
  readonly summary: string;
  readonly startedAt: number;
  readonly visibleAt: number;
  resolvedAt: number | undefined;
}

export type AvailabilityState = "Available" | "Unavailable" | "Degraded" | "Unknown";

export interface HealthOptions {
  readonly state: AvailabilityState;
  readonly title?: string;
  readonly summary?: string;
  /** Default `Unplanned`. */
  readonly reason?: "Unplanned" | "Planned" | "UserInitiated";
}

export interface ResourceHealth extends HealthOptions {
  readonly since: number;
}

export class Health {
  /** By id of the resource in lower case. */
  readonly resources = new Map<string, ResourceHealth>();
  readonly #events: ServiceEvent[] = [];

  constructor(
    private readonly location: string,
    private readonly clock: Clock,
  ) {}

  declare(options: OutageOptions): Outage {
    const { service = "Virtual Machines", location = this.location, lateMs = 600_000, type = "ServiceIssue" } = options;
    const startedAt = this.clock.now();
    const region = displayName(location);
    const event: ServiceEvent = {
      trackingId: trackingId(this.#events.length),
      type,
      service,
      region,
      title: options.title ?? `${service} - ${region} - Investigating`,
      summary:
        options.summary ??
        `<p>Customers using ${service} in ${region} may see failures of service management operations.</p>`,
      startedAt,
      visibleAt: startedAt + lateMs,
      resolvedAt: undefined,
    };
    this.#events.push(event);
    return { trackingId: event.trackingId, resolve: () => void (event.resolvedAt ??= this.clock.now()) };
  }

  /** The events published by now, newest first. */
  get events(): readonly ServiceEvent[] {
    const now = this.clock.now();
    return this.#events.filter(({ visibleAt }) => visibleAt <= now).reverse();
  }
}

/** Such as `VNK1-3TZ`. */
function trackingId(count: number): string {
  const code = (count + 1).toString(36).toUpperCase().padStart(3, "0");
  return `EM${code.slice(0, 2)}-${code}`;
}

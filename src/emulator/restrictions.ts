/** Sizes that a subscription may not use in a region, or in some of its zones. */
import { normalLocation, zonesOfRegion } from "./locations.js";

export type RestrictionReason = "NotAvailableForSubscription" | "QuotaId";

export interface Restriction {
  readonly size: string;
  /** Default every region. */
  readonly location?: string;
  /** Default the whole region. */
  readonly zones?: readonly string[];
  readonly reason: RestrictionReason;
}

/** The restrictions of a new subscription. */
const usual: readonly Restriction[] = [
  { size: "Standard_NC4as_T4_v3", reason: "NotAvailableForSubscription" },
  { size: "Standard_DC4as_v5", reason: "QuotaId" },
  { size: "Standard_L8s_v3", zones: ["2"], reason: "NotAvailableForSubscription" },
];

export class Restrictions {
  #all: readonly Restriction[] = usual;

  add(restriction: Restriction): () => void {
    this.#all = [...this.#all, restriction];
    return () => void (this.#all = this.#all.filter((other) => other !== restriction));
  }

  of(size: string, location: string): readonly Restriction[] {
    return this.#all.filter(
      (restriction) =>
        restriction.size.toLowerCase() === size.toLowerCase() &&
        (restriction.location === undefined || normalLocation(restriction.location) === normalLocation(location)),
    );
  }

  /** Whether a machine of the size may be created there. A regional one may, as long as some zone is left. */
  allows(size: string, location: string, zone: string | undefined): boolean {
    const restrictions = this.of(size, location);
    if (restrictions.some(({ zones }) => zones === undefined)) return false;
    const closed = new Set(restrictions.flatMap(({ zones = [] }) => zones));
    return zone === undefined ? zonesOfRegion.some((open) => !closed.has(open)) : !closed.has(zone);
  }
}

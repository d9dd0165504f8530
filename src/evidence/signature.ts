/** A known line of a guest's console. Written as YAML in `policies/guest/` and compiled. */
import type { Category, Disposition } from "../catalog/rule.js";

export interface Signature {
  /** Stable and unique: `cloud-init.no-dhcp-lease`. */
  readonly id: string;
  /** Any of these in one line, case-sensitive; `*` for anything within the line. */
  readonly fragments: readonly string[];
  /** A fragment that an earlier line must contain. */
  readonly before?: string;
  /** Matches only as the last non-empty line. */
  readonly last?: boolean;
  readonly explanation: string;
  readonly steps: readonly string[];
  readonly category: Category;
  /** Default `permanent`. */
  readonly disposition?: Disposition;
  readonly confidence: "low" | "medium" | "high";
  readonly docs: string;
}

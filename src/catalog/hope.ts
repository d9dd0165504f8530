import { dispositions, type Disposition } from "./rule.js";

/** Of two dispositions the one that leaves less to hope for: permanent before adaptable before indeterminate before transient. */
export function leastHopeful(left: Disposition, right: Disposition): Disposition {
  return dispositions.indexOf(left) >= dispositions.indexOf(right) ? left : right;
}

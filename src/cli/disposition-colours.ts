import type { Disposition } from "../catalog/rule.js";
import type { Style } from "./terminal.js";

/** From what resolves on its own to what needs a person. */
export const dispositionColours: Readonly<Record<Disposition, Style>> = {
  transient: "green",
  indeterminate: "yellow",
  adaptable: "cyan",
  permanent: "red",
};

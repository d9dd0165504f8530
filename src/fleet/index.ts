/** `azure-remedy/fleet`: one function over many machines, with a journal. Node.js only. */
export { runFleet, type FleetContext, type FleetResult, type FleetRun, type FleetSummary } from "./run-fleet.js";
export type { FleetEvent, FleetOptions, FleetProgress, FleetStatus } from "./options.js";
export type { ItemSource } from "./fair-order.js";
export { summarize, type Cause } from "./causes.js";
export { fileJournal, type FileJournalOptions } from "./journal/file-journal.js";
export { JournalInUseError, type JournalStore, type OpenJournal } from "./journal/store.js";

export type { Disposition } from "../catalog/rule.js";
export type { RemedyEvent } from "../recovery/events.js";
export type { Deadline } from "../recovery/settings.js";
export type { Clock } from "../time/clock.js";

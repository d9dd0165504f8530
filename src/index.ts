// Every export by name.

// The policy
export { withRemedy, type ClientWithPipeline } from "./pipeline/with-remedy.js";
export { remedyPolicy, remedyPolicyName } from "./pipeline/policy.js";
export { resultKinds, type ResultKind } from "./failure/results.js";
export type { Mode, RemedyOptions } from "./pipeline/options.js";
export type { Deadline, FailedResponses } from "./recovery/settings.js";
export {
  RemedyError,
  isRemedyError,
  type Attempt,
  type RemedyErrorJson,
  type RemedyErrorOptions,
} from "./recovery/remedy-error.js";
export type {
  BlobRequest,
  Confidence,
  Evidence,
  EvidenceSource,
  FailedCall,
  Finding,
  Investigate,
  LookRequest,
  LookResponse,
  Surroundings,
} from "./recovery/evidence.js";
export type {
  CallEvent,
  EventFailure,
  EventRequest,
  EventSubject,
  RemedyEvent,
  RemedyEventListener,
} from "./recovery/events.js";
export type { AttemptEnd, CallEnd, CallTelemetry, Telemetry, WaitCause } from "./recovery/telemetry.js";
export type { ResumeInfo } from "./lro/resume.js";

// Diagnosing and deciding
export * from "./diagnose.js";
export {
  defineCatalog,
  type CatalogDefinition,
  type FamilyDefinition,
  type RuleDefinition,
} from "./catalog/define-catalog.js";
export { decide, type Budget, type Decision, type Situation } from "./decision/decide.js";

export { retryOperation, type OperationAttempt, type RetryOperationOptions } from "./pipeline/retry-operation.js";

// Remedies
export { registerProvider, type RegisterProviderOptions } from "./remedies/register-provider.js";
export { deallocateFirst, startFirst, type DeallocateFirstOptions } from "./remedies/power.js";
export { fallbackSizes, fallbackZones, type FallbackOptions } from "./remedies/fallback.js";
export { CapacityMemory, type Offer, type Refusal } from "./remedies/capacity-memory.js";
export { refreshEtag } from "./remedies/refresh-etag.js";
export { defineRemedy } from "./remedies/define-remedy.js";
export type {
  FailedRequest,
  LookAfter,
  Remedy,
  RemedyCall,
  RemedyContext,
  RemedyOutcome,
  RemedyResponse,
  OperationSuccess,
} from "./remedies/remedy.js";

// Throttling
export { createThrottle, type CreatedThrottle } from "./throttle/local-throttle.js";
export type { ThrottleOptions } from "./throttle/options.js";
export { memoryThrottleStore } from "./throttle/lease/memory-store.js";
export {
  ThrottleDeadlineError,
  type AdmissionOptions,
  type HeaderReader,
  type Permit,
  type Throttle,
  type ThrottledRequest,
  type ThrottleReply,
} from "./throttle/throttle.js";
export type { ThrottleEvent, ThrottleListener } from "./throttle/events.js";
export type { ScopeName } from "./throttle/scope-name.js";
export type { PriorLimits, RateLimit, RequestClass } from "./throttle/limits.js";
export type { ScopeSnapshot, ThrottleSnapshot } from "./throttle/snapshot.js";
export type { Lease, LeaseAsk, ThrottleStore } from "./throttle/lease/store.js";

// Time
export type { AbortSignalLike, Clock, Random } from "./time/clock.js";

/** Read-only evidence about a failure, for `evidence` of `withRemedy`. */
export { defineEvidence } from "./define-evidence.js";
export { standardEvidence } from "./standard.js";
export { activityLog, type ActivityLogOptions } from "./sources/activity-log.js";
export { bootLog } from "./sources/boot-log.js";
export { deploymentOperations } from "./sources/deployment-operations.js";
export { health } from "./sources/health.js";
export { instanceView } from "./sources/instance-view.js";
export { locks } from "./sources/locks.js";
export { marketplaceTerms } from "./sources/marketplace-terms.js";
export { permissions } from "./sources/permissions.js";
export { policy } from "./sources/policy.js";
export { reservations } from "./sources/reservations.js";
export { runCommands } from "./sources/run-commands.js";
export { skus } from "./sources/skus.js";
export { usages } from "./sources/usages.js";
export { vmInspector, type VmInspectorOptions } from "./sources/vm-inspector.js";
export type { InspectionOptions, UploadContainer } from "./inspector/run-inspection.js";
export type { Answer, DefinedEvidence, EvidenceDefinition, Found, LookContext, Meaning, Query } from "./source.js";
export type {
  BlobRequest,
  Confidence,
  EvidenceSource,
  FailedCall,
  Finding,
  LookResponse,
} from "../recovery/evidence.js";

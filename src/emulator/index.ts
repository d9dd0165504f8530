/** A local ARM for tests and rehearsals. Node only. */
export { startEmulator, type Emulator } from "./emulator.js";
export type { BucketSize } from "./buckets.js";
export { everydayChaos, type ChaosFault, type ChaosOptions } from "./chaos.js";
export type { EmulatorClientOptions } from "./client.js";
export type { CloudControls, Condition } from "./cloud-controls.js";
export type { ExtensionFailure } from "./extension-failure.js";
export type { IllnessName } from "./illnesses.js";
export type { BreakOptions, FaultControls } from "./fault-controls.js";
export type {
  ExplicitFault,
  FailOptions,
  FaultCode,
  Moment,
  RetryAfter,
  ThrottleFaultOptions,
} from "./fault-effects.js";
export type { FaultPlacement, FaultTarget, PlantedFault } from "./faults.js";
export type { PowerState } from "./machine.js";
export type { AvailabilityState, HealthOptions, Outage, OutageOptions } from "./health.js";
export type { LockLevel } from "./locks.js";
export type { PolicyRule } from "./policies.js";
export type { Shortage } from "./capacity.js";
export type { Restriction, RestrictionReason } from "./restrictions.js";
export type {
  CapacityOptions,
  ComputeBucket,
  ComputeGroup,
  DeploymentErrors,
  EmulatorOptions,
  OperationPace,
  PollingStyle,
  RunCommandInput,
  RunCommandOutput,
  ThrottlingOptions,
} from "./options.js";
export type { RegistrationState } from "./registrations.js";
export type { EmulatorState, OperationState, VmSetup, VmState } from "./state.js";
export type { Exchange, ExchangeOutcome, Execution, ObservedRequest } from "./story.js";
export type { EmulatorCredential } from "./tokens.js";
export type { JsonObject } from "./json.js";
export type { AbortSignalLike, Clock } from "../time/clock.js";

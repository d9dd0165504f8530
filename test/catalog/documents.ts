/**
 * The rows of the two documents by code, in order: a code and how many rows in a row it has. What the rows say stands in
 * `policies/`; this says that none is missing.
 */
type Rows = readonly (readonly [code: string, rows: number])[];

const vmManagement: Rows = [
  ["AcquireDiskLeaseFailed", 1],
  ["AllocationFailed", 2],
  ["ArtifactNotFound", 2],
  ["ArtifactVersionNotFound", 2],
  ["AttachDiskWhileBeingDetached", 1],
  ["BadRequest", 5],
  ["CertificateImproperlyFormatted", 2],
  ["Conflict", 1],
  ["ConflictingUserInput", 3],
  ["ContainerAlreadyOnLease", 1],
  ["CrossSubscriptionMoveWithKeyVaultResources", 1],
  ["DiagnosticsOperationInternalError", 1],
  ["DiskBlobAlreadyInUseByAnotherDisk", 1],
  ["DiskBlobNotFound", 2],
  ["DiskEncryptionKeySecretMissingTags", 1],
  ["DiskEncryptionKeySecretUnwrapFailed", 1],
  ["DiskImageNotReady", 1],
  ["DiskPreparationError", 1],
  ["DiskProcessingError", 1],
  ["ImageBlobNotFound", 2],
  ["IncorrectDiskBlobType", 2],
  ["IncorrectImageBlobType", 2],
  ["InternalOperationError", 3],
  ["InvalidAccountType", 1],
  ["InvalidParameter", 29],
  ["MissingMoveDependentResources", 1],
  ["MoveResourcesHaveInvalidState", 1],
  ["MoveResourcesHavePendingOperations", 1],
  ["MoveResourcesNotFound", 1],
  ["NetworkingInternalOperationError", 3],
  ["NotFound", 4],
  ["NotSupported", 1],
  ["OperationNotAllowed", 35],
  ["OSProvisioningClientError", 4],
  ["OSProvisioningInternalError", 1],
  ["OSProvisioningTimedOut", 3],
  ["OverConstrainedAllocationRequest", 1],
  ["ResourceUpdateBlockedOnPlatformUpdate", 1],
  ["StorageAccountLimitation", 2],
  ["StorageAccountLocationMismatch", 1],
  ["StorageAccountNotFound", 1],
  ["StorageAccountNotRecognized", 1],
  ["StorageAccountOperationInternalError", 1],
  ["StorageAccountSubscriptionMismatch", 1],
  ["StorageAccountTooBusy", 1],
  ["StorageAccountTypeNotSupported", 2],
  ["SubscriptionNotAuthorizedForImage", 1],
  ["TargetDiskBlobAlreadyExists", 4],
  ["TooManyVMRedeploymentRequests", 1],
  ["VHDSizeInvalid", 1],
  ["VMAgentStatusCommunicationError", 1],
  ["VMArtifactRepositoryInternalError", 2],
  ["VMExtensionHandlerNonTransientError", 1],
  ["VMExtensionManagementInternalError", 2],
  ["VMExtensionProvisioningError", 2],
  ["VMExtensionProvisioningTimeout", 1],
  ["VMMarketplaceInvalidInput", 3],
  ["VMNotFound", 1],
  ["VMRedeploymentFailed", 1],
  ["VMRedeploymentTimedOut", 1],
  ["VMStartTimedOut", 1],
];

const vmInspector: Rows = [
  ["IncorrectPatternUploadSASUri", 1],
  ["IncorrectPermissionUploadSasUri", 1],
  ["IncorrectSasUriFormat", 1],
  ["IncorrectSignedResourceValueForUploadSasUri", 1],
  ["InvalidBlobUploadSASUri", 6],
  ["InvalidParameter", 2],
  ["InvalidUploadSasUri", 1],
  ["UploadSasUriExpired", 1],
  ["DiskInspectForbiddenError", 1],
  ["DiagnosticOperationNotFound", 1],
  ["DiagnosticsMetadataNotFound", 1],
  ["DiskInspectionMetadataNotFound", 1],
  ["StorageAccountNotFoundInARM", 1],
  ["StorageConfigurationNotFound", 1],
  ["VirtualMachineNotFoundInARM", 1],
  ["EncryptedDiskNotSupported", 1],
  ["ForbiddenError", 1],
  ["InvalidDiskStatus", 1],
  ["ResourceNotSupported", 5],
  ["UnableToCheckAccess", 1],
  ["UnmanagedDiskNotSupported", 1],
  ["TooManyRequestsError", 1],
  ["DiskInspectInternalServerError", 1],
  ["InternalServerError", 6],
];

/** Rows that a later edition of the first page added, and the solutions below the second page's table. */
const later: Rows = [
  ["DataDisksForceDetached", 1],
  ["OperationNotAllowed", 1],
];

export interface DocumentRow {
  readonly document: string;
  readonly row: number;
  /** Absent for a solution, which the page lists without a code. */
  readonly code?: string;
}

const number = (document: string, rows: Rows): DocumentRow[] =>
  rows
    .flatMap(([code, count]) => Array.from({ length: count }, () => code))
    .map((code, index) => ({ document, row: index + 1, code }));

export const documentRows: readonly DocumentRow[] = [
  ...number("vm-management", vmManagement),
  ...number("vm-inspector", vmInspector),
  ...number("vm-management-newer", later),
  ...[1, 2, 3].map((row) => ({ document: "vm-inspector-solutions", row })),
];

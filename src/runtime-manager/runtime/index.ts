/**
 * The vocabulary of the core: lists, the types that follow from them, what the core needs of a
 * database, and the verbs of what is only records. Nothing here runs a browser, so whoever reads or
 * writes records imports this alone.
 */
export { absentable } from '../absentable.ts';
export {
  generateApiKey,
  type ApiKey,
  type ApiKeyGrant,
  type NewApiKey,
} from '../api-keys/api-key.ts';
export { ApiKeys } from '../api-keys/api-keys.ts';
export type { ApiKeyStore } from '../api-keys/api-key-store.ts';
export {
  AUDIT_ORIGINS,
  AUDIT_OUTCOMES,
  auditOutcomeOf,
  type AuditEntry,
  type NewAuditEntry,
  type AuditOrigin,
} from '../audit/audit-entry.ts';
export type { AuditFilter, AuditStore, WaitingAuditEntry } from '../audit/audit-store.ts';
export { BROWSER_FLAVORS, type BrowserFlavor } from '../browser/flavor.ts';
export { CAPTCHA_KINDS, CAPTCHA_STATUSES } from '../captchas/kinds.ts';
export { HOLDERS, REASON_MAX as CONTROL_REASON_MAX } from '../control/control.ts';
export { isRule } from '../egress/destination-rules.ts';
export { RuntimeError, type RuntimeErrorCode } from '../errors.ts';
export {
  PACKAGE_FORMATS,
  type Extension,
  type ExtensionWarning,
  type LoadedExtension,
} from '../extensions/extension.ts';
export type {
  ExtensionStore,
  ExtensionUser,
  StoredExtension,
} from '../extensions/extension-store.ts';
export {
  FILE_FAILURE_CODES,
  FILE_FAILURES,
  FILE_SOURCES,
  FILE_STATES,
  type FileFailure,
  type NewFile,
  type StorageNamespace,
  type StoredContent,
  type StoredFile,
} from '../files/file.ts';
export { assertContent } from '../files/file-errors.ts';
export {
  PLAIN_RECORDING,
  RECORDING_STATES,
  recordingStatus,
  VARIANT_FAILURES,
  type ClaimedVariant,
  type NewRecordingMark,
  type NewRecordingPart,
  type Recording,
  type RecordingMark,
  type RecordingOptions,
  type RecordingPart,
  type RecordingTab,
  type RecordingVariant,
  type StoredVideo,
} from '../recording/recording.ts';
export type { RecordingStore } from '../recording/recording-store.ts';
export {
  filePathProblem,
  filePrefixProblem,
  numberedPath,
  safeFileName,
} from '../files/file-path.ts';
export type { SharedFile } from '../files/files.ts';
export { isMediaType, UNKNOWN_TYPE } from '../files/media-type.ts';
export type { FileRecords } from '../files/file-check.ts';
export type {
  FileEntry,
  FileRange,
  FileStore,
  NamespaceScope,
  StorageTotals,
  StorageUsage,
} from '../files/file-store.ts';
export { BINDING_TYPES } from '../operations/calls/kinds.ts';
export {
  INTERRUPTED,
  isOver,
  OPERATION_ERROR_CODES,
  OPERATION_MODES,
  OPERATION_STATUSES,
  STEP_STATUSES,
  type Operation,
  type OperationError,
  type OperationProgress,
  type OperationResult,
  type StepResult,
} from '../operations/operation.ts';
export type { OperationStore } from '../operations/operation-store.ts';
export { PERSONA_ID_MAX } from '../humanize/persona-id.ts';
export { JAIL_LEVELS, JAIL_MODES, type JailLevel, type JailMode } from '../machine/jail/levels.ts';
export {
  VERSION_KINDS,
  type Fingerprint,
  type NewVersion,
  type Profile,
  type ProfileLease,
  type ProfileVersion,
} from '../profiles/profile.ts';
export type {
  BrowserProfile,
  ProfileChanges,
  ProfileValues,
  ProfileWriter,
} from '../profiles/browser-profile.ts';
export type { BrowserProfileStore } from '../profiles/browser-profile-store.ts';
export { profileInUse } from '../profiles/profile-errors.ts';
export type { ProfileStore } from '../profiles/profile-store.ts';
export type { Batch, BatchEnd, KeptRecords, RetentionStore } from '../retention/retention-store.ts';
export { STORAGE_STATES, type StorageStore } from '../storage/storage-store.ts';
export { eventPatternProblem } from '../webhooks/event-patterns.ts';
export {
  DELIVERY_STATUSES,
  DISABLED_REASONS,
  WEBHOOK_STATUSES,
  type ClaimedWebhook,
  type Delivery,
  type NewWebhook,
  type Webhook,
  type WebhookChanges,
  type WebhookEvent,
  type WebhookTarget,
} from '../webhooks/webhook.ts';
export type {
  DeliveryRecord,
  DeliveryStore,
  Lease,
  TurnRecord,
  WebhookScope,
  WebhookStore,
} from '../webhooks/webhook-store.ts';
export type {
  Workspace,
  WorkspaceChanges,
  WorkspaceMounts,
  WorkspaceValues,
} from '../workspaces/workspace.ts';
export type { WorkspaceStore } from '../workspaces/workspace-store.ts';
export { Workspaces } from '../workspaces/workspaces.ts';
export {
  ACCESSES,
  CONNECTION_PROTOCOLS,
  DRIVER_PROTOCOLS,
  PROTOCOLS,
  VIEWER_MODES,
  type ConnectionEpochs,
  type DriverProtocol,
  type Protocol,
} from './access.ts';
export { assertScope, systemActor, type Actor } from './actor.ts';
export type { EgressRules } from './egress-rules.ts';
export {
  EVENT_TYPES,
  type EventBatch,
  type EventFilter,
  type EventRange,
  type NewEvent,
  type RuntimeEvent,
} from './events.ts';
export { failure, FAILURE_CODES, type FailureCode } from './failures.ts';
export {
  addressOf,
  PROXY_TYPES,
  type BrowserConfig,
  type Launch,
  type Proxy,
  type ProxyAddress,
} from './launch.ts';
export {
  DRIVERS,
  END_STATES,
  LAUNCH_MODES,
  RUNTIME_KINDS,
  RUNTIME_STATES,
  RUNTIME_STATUSES,
  statesBefore,
  statusOf,
  STOP_REASONS,
} from './lifecycle.ts';
export {
  GONE_NODE_STATES,
  NODE_ROLES,
  PRESENT_NODE_STATES,
  type ClusterFigures,
  type ListedNode,
  type LostNodes,
  type NewNode,
  type NodeLife,
  type NodeStore,
  type PresentNodeState,
} from './node-store.ts';
export { nearName } from './near-name.ts';
export { cursorOf, parseCursor } from './page-cursor.ts';
export type {
  Activity,
  NewRuntime,
  Page,
  PageRequest,
  Runtime,
  RuntimeLife,
  RuntimeMove,
  RuntimeWarning,
  RunningMove,
  TimeLimits,
} from './runtime.ts';
export type { RuntimeFilter, RuntimeStore } from './runtime-store.ts';
export { MEMBER_SCOPES, SCOPE_MEANINGS, SCOPES, type Scope } from './scopes.ts';
export type { WaitingStore } from './waiting-store.ts';
export { durationMsOf, NO_USAGE, type Usage } from './usage.ts';

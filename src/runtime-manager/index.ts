/** The door of the core: what the edge and the database may know of it. */
export { BROWSER_FLAVORS, type BrowserFlavor } from './browser/flags.ts';
export { ensureChromium } from './browser/install/install-chromium.ts';
export { ensureChromedriver } from './browser/install/find-chromedriver.ts';
export { findFfmpeg } from './browser/install/find-ffmpeg.ts';
export { CAPTCHA_STATUSES, type CaptchaResult } from './captchas/solving.ts';
export type { RuntimeWarning } from './captchas/warnings.ts';
export type { CaptchaOptions } from './captchas/watcher.ts';
export { CAPTCHA_KINDS } from './captchas/kinds.ts';
export { ACCESSES } from './connections/cdp/cdp-policy.ts';
export { PROTOCOLS, type Connection, type Protocol } from './connections/connections.ts';
export { diagnose, type Diagnosis } from './node/diagnosis.ts';
export { repair, type Finding } from './node/doctor.ts';
export {
  EVENT_TYPES,
  type EventFilter,
  type NewEvent,
  type RuntimeEvent,
} from './runtime/events.ts';
export { RuntimeError, type RuntimeErrorCode } from './errors.ts';
export { joinFirstClient } from './node/first-client.ts';
export {
  PACKAGE_FORMATS,
  type Extension,
  type ExtensionWarning,
  type LoadedExtension,
} from './extensions/extension.ts';
export type {
  ExtensionStore,
  ExtensionUser,
  StoredExtension,
} from './extensions/extension-store.ts';
export { Extensions } from './extensions/extensions.ts';
export { downloadPackage } from './extensions/download.ts';
export { isRule, type EgressRules } from './egress/destination-rules.ts';
export { NO_USAGE, type Usage } from './egress/outbound-connections.ts';
export type { ForwarderOptions } from './egress/forwarder.ts';
export { EgressPolicy } from './egress/egress-policy.ts';
export { OwnPorts } from './egress/reserved-ports.ts';
export type { OwnService } from './egress/reserved-services.ts';
export { PERSONA_ID_MAX } from './humanize/persona.ts';
export {
  addressOf,
  PROXY_TYPES,
  type BrowserConfig,
  type Launch,
  type Proxy,
  type ProxyAddress,
} from './runtime/launch.ts';
export {
  DRIVERS,
  END_STATES,
  LAUNCH_MODES,
  RUNTIME_KINDS,
  RUNTIME_STATES,
  RUNTIME_STATUSES,
  STOP_REASONS,
  statesBefore,
  statusOf,
  type FirstState,
  type RuntimeState,
} from './runtime/lifecycle.ts';
export type { Entrance } from './node/access.ts';
export {
  RuntimeManager,
  type Actor,
  type RequestScope,
  type RuntimeManagerOptions,
} from './manager.ts';
export type { RuntimeMeter } from './metrics.ts';
export { JAIL_LEVELS, type JailLevel } from './machine/jail/jail.ts';
export { JAIL_MODES, openJail, type JailMode, type OpenedJail } from './machine/jail/open-jail.ts';
export { killDescendants } from './machine/process-table.ts';
export { programPaths } from './machine/program-paths.ts';
export { LocalNode, type LocalNodeOptions } from './machine/local-machine.ts';
export type { WarmPoolSize } from './machine/pool/warm-pool.ts';
export {
  VERSION_KINDS,
  type Archive,
  type Fingerprint,
  type NewVersion,
  type Profile,
  type ProfileLease,
  type ProfileVersion,
} from './profiles/profile.ts';
export { GivenStorageState, StorageState } from './profiles/storage-state.ts';
export type { StateConverter } from './machine/profiles/state-converter.ts';
export type { ProfileStore } from './profiles/profile-store.ts';
export { Profiles } from './profiles/profiles.ts';
export { STORAGE_STATES, type PreviewOptions, type StoragePreview } from './retention/preview.ts';
export {
  Retention,
  type Batch,
  type BatchEnd,
  type KeptRecords,
  type RetentionStore,
} from './retention/retention.ts';
export type { ObjectStorage } from './storage/object-storage.ts';
export { OrphanSweep } from './retention/orphan-sweep.ts';
export { OwnedStorage } from './storage/owned-storage.ts';
export { StorageOwner } from './storage/storage-owner.ts';
export type { StorageStore } from './storage/storage-store.ts';
export { openStorage, openStorageBeside } from './storage/open-storage.ts';
export type { S3Options } from './storage/s3-storage.ts';
export { reconcile } from './node/reconciler.ts';
export type {
  Activity,
  NewRuntime,
  RunningMove,
  Page,
  PageRequest,
  Runtime,
  RuntimeLife,
  RuntimeMove,
  RuntimeStore,
  TimeLimits,
} from './runtime/runtime-store.ts';

/** The door of the core: what the edge and the database may know of it. */
export { AuditTrail, type AuditMetrics } from './audit/audit-trail.ts';
export { ensureChromium } from './browser/install/install-chromium.ts';
export { ensureChromedriver } from './browser/install/find-chromedriver.ts';
export { findFfmpeg } from './browser/install/find-ffmpeg.ts';
export { solveCaptchas, type CaptchaResult } from './captchas/solve-captchas.ts';
export type { CaptchaOptions } from './captchas/watcher.ts';
export { HandOver } from './control/hand-over.ts';
export {
  getControl,
  requestControl,
  setControl,
  type ControlReport,
} from './control/control-verbs.ts';
export { diagnose, repair, type Diagnosis, type Finding } from './node/doctor.ts';
export { Extensions, type ExtensionTrial } from './extensions/extensions.ts';
export { DownloadKeeper } from './files/download-keeper.ts';
export { DownloadFiles } from './files/downloads.ts';
export type { FileCheckOptions } from './files/file-check.ts';
export type { FileMetrics } from './files/file-metrics.ts';
export { Files } from './files/files.ts';
export { mediaTypeOf } from './files/media-type-of.ts';
export { FileRemoval } from './files/file-removal.ts';
export type { FileLimits } from './files/storage-quota.ts';
export { downloadPackage } from './extensions/download.ts';
export type { Destination } from './egress/destination.ts';
export { EgressRefusal } from './egress/egress-errors.ts';
export { EgressPolicy } from './egress/egress-policy.ts';
export { ReservedPorts } from './egress/reserved-ports.ts';
export type { ReservedService } from './egress/reserved-services.ts';
export {
  RuntimeFiles,
  type ReceiveNamed,
  type RuntimeFile,
  type RuntimeFilePage,
  type StagedFile,
} from './files/runtime-files.ts';
export type { Companion } from './companion.ts';
export { RuntimeManager } from './manager.ts';
export type { RuntimeMetrics } from './node/start-stages.ts';
export { openJail, type OpenedJail } from './machine/jail/open-jail.ts';
export { killDescendants } from './machine/kill-process-tree.ts';
export type { Admit } from './machine/extension-trials.ts';
export { programPaths } from './machine/program-paths.ts';
export { LocalMachine } from './machine/local-machine.ts';
export type { WarmPoolSize } from './machine/pool/warm-pool.ts';
export { BrowserProfiles } from './profiles/browser-profiles.ts';
export { ProfileTransfers } from './profiles/profile-transfers.ts';
export { GivenStorageState, StorageState } from './profiles/storage-state.ts';
export { StateConverter, type ProfileStates } from './machine/profiles/state-converter.ts';
export { Profiles } from './profiles/profiles.ts';
export { Converter } from './recording/converter.ts';
export { Joiner } from './recording/joiner.ts';
export { Recorder } from './recording/recorder.ts';
export { pauseRecorder, resumeRecorder } from './recording/recorder-verbs.ts';
export { RecordingTokens } from './recording/recording-tokens.ts';
export { durationMsOf, Recordings, toManifest } from './recording/recordings.ts';
export { Spool } from './recording/spool.ts';
export type { PreviewOptions, StoragePreview } from './retention/preview.ts';
export { Retention } from './retention/retention.ts';
export type { ObjectStorage } from './storage/object-storage.ts';
export { OrphanSweep } from './retention/orphan-sweep.ts';
export { OwnedStorage } from './storage/owned-storage.ts';
export { StorageOwner } from './storage/storage-owner.ts';
export { openStorage, openStorageBeside } from './storage/open-storage.ts';
export type { S3Options } from './storage/s3-storage.ts';
export { reconcile } from './node/reconciler.ts';
export { Captchas } from './captchas/captchas.ts';
export type { UpgradeRequest } from './connections/requests.ts';
export { playwrightTools, type ToolSchema } from './playwright/tool-list.ts';
export { ticketInvalid, Tickets, type ReadTicket } from './connections/tickets.ts';
export { EgressNotes } from './egress/egress-notes.ts';
export type { EventPage } from './events/organization-events.ts';
export { WakeUps, type WakeUpRelay } from './events/wake-ups.ts';
export { Humanize } from './humanize/humanize.ts';
export {
  CapacityHistory,
  type CapacitySample,
  type CapacitySource,
} from './node/capacity-history.ts';
export type { NodeCapacity } from './node/capacity.ts';
export { Drain } from './node/drain.ts';
export { OnlyNodeControl, type NodeControl, type NodeStatus } from './node/node-control.ts';
export { LiveView } from './live/live-view.ts';
export { closeViewer } from './live/close-viewer.ts';
export { CLOSE_CODES, LIVE_PROTOCOL, TOKEN_PREFIX } from './live/messages.ts';
export { ToolAnswer } from './operations/tool-call.ts';
export { Execution } from './operations/execution.ts';
export { Operations } from './operations/operations.ts';
export { checkSteps } from './operations/steps/check-steps.ts';
export { Step } from './operations/steps/step.ts';
export { LocalNode } from './node/local-node.ts';
export { onlyNode } from './node/nodes.ts';
export { OneShotPages } from './one-shots/one-shot-pages.ts';
export { LOAD_STATES, SAME_SITE, type OneShotWork } from './one-shots/one-shot-order.ts';
export { OneShots, type OneShot } from './one-shots/one-shots.ts';
export { PageEvents } from './node/page-events.ts';
export { PageObservers } from './node/page-observers.ts';
export type { CallScope, ConnectionState, OwnNode } from './node/runtime-node.ts';
export { Checkpoints } from './profiles/checkpoints.ts';
export {
  IMAGE_FORMATS,
  screenshotPath,
  type ImageFormat,
  type ScreenshotRequest,
} from './screenshots/screenshot-request.ts';
export { Screenshots } from './screenshots/screenshots.ts';
export { messageId } from './webhooks/message.ts';
export { Sender, type Attempt } from './webhooks/sender.ts';
export type { WebhookMetrics } from './webhooks/webhook-metrics.ts';
export { Webhooks } from './webhooks/webhooks.ts';

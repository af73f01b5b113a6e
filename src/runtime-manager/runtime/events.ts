/** What can happen to a runtime, and in it. Pages are observed only while somebody asks. */
export const LIFECYCLE_EVENTS = [
  'runtime.created',
  'runtime.launched',
  'runtime.connected',
  'runtime.disconnected',
  'runtime.expired',
  'runtime.proxy_changed',
  'runtime.stopped',
  'runtime.failed',
] as const;

export const PAGE_EVENTS = [
  'page.opened',
  'page.navigated',
  'page.loaded',
  'page.error',
  'page.request_failed',
  'page.crashed',
  'page.closed',
  'console.message',
] as const;
export type PageEventType = (typeof PAGE_EVENTS)[number];

/** Events of connections that a browser wanted: those that are not allowed, and those that failed. */
export const EGRESS_EVENTS = ['egress.refused', 'egress.failed'] as const;

/** Events of files that browsers download, whoever began that. */
export const DOWNLOAD_EVENTS = [
  'download.started',
  'download.finished',
  'download.failed',
] as const;

/** Events of who drives a browser: programs, or a person. */
export const CONTROL_EVENTS = [
  'runtime.control_requested',
  'runtime.control_taken',
  'runtime.control_returned',
] as const;

/** Events of steps that a runtime carries out. */
export const OPERATION_EVENTS = [
  'operation.queued',
  'operation.started',
  'operation.succeeded',
  'operation.failed',
  'operation.cancelled',
] as const;

/** Events of recordings: `recording.ready` once the videos are joined. */
export const RECORDING_EVENTS = ['recording.ready'] as const;

/** Events of webhooks: `webhook.disabled`, at the runtime whose event was refused last. */
export const WEBHOOK_EVENTS = ['webhook.disabled'] as const;

/** Events of captchas on pages, in runtimes that solve them. */
export const CAPTCHA_EVENTS = [
  'captcha.detected',
  'captcha.unsupported',
  'captcha.solve.started',
  'captcha.solve.succeeded',
  'captcha.solve.failed',
] as const;
export type CaptchaEventType = (typeof CAPTCHA_EVENTS)[number];

export const EVENT_TYPES = [
  ...LIFECYCLE_EVENTS,
  ...PAGE_EVENTS,
  ...EGRESS_EVENTS,
  ...DOWNLOAD_EVENTS,
  ...CONTROL_EVENTS,
  ...CAPTCHA_EVENTS,
  ...OPERATION_EVENTS,
  ...RECORDING_EVENTS,
  ...WEBHOOK_EVENTS,
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export interface NewEvent {
  type: EventType;
  /** The CDP browserContextId and targetId, for what happened in a page. */
  contextId?: string | undefined;
  pageId?: string | undefined;
  data: Record<string, unknown>;
}

/** An event as it is recorded. */
export interface RuntimeEvent extends NewEvent {
  /** Grows within a runtime; a decimal number as text. */
  id: string;
  runtimeId: string;
  createdAt: Date;
}

/** Which events are asked for: those after `after` that match every given field. */
export interface EventFilter {
  after: string;
  types?: readonly EventType[] | undefined;
  contextId?: string | undefined;
  pageId?: string | undefined;
}

/** Which events of an organization are asked for: those between two positions that match. */
export interface EventRange extends Pick<EventFilter, 'after' | 'types'> {
  /** The last that may be among them. */
  upTo: string;
  /** Undefined: of all workspaces. */
  workspaceIds: readonly string[] | undefined;
}

/** Some of what happened in an organization. */
export interface EventBatch {
  /** Those that match. */
  events: RuntimeEvent[];
  /** The id of the last that was looked at, whether it matches or not; undefined: there was none. */
  reached: string | undefined;
}

import type { RuntimeEvent } from '../runtime/events.ts';

export const WEBHOOK_STATUSES = ['enabled', 'disabled'] as const;
export type WebhookStatus = (typeof WEBHOOK_STATUSES)[number];

/** Why a webhook is disabled: somebody asked for it, its receiver answered 410, or failed for a week. */
export const DISABLED_REASONS = ['requested', 'gone', 'failing'] as const;
export type DisabledReason = (typeof DISABLED_REASONS)[number];

export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** An address that is told what happens in an organization, or in one workspace of it. */
export interface Webhook {
  id: string;
  organizationId: string;
  /** Undefined: all workspaces. */
  workspaceId: string | undefined;
  url: string;
  /** Patterns: an event's type, `prefix.*` or `*`. */
  events: readonly string[];
  description: string | undefined;
  status: WebhookStatus;
  disabledReason: DisabledReason | undefined;
  /** When the first failure was since the last success. */
  failingSince: Date | undefined;
  createdAt: Date;
  updatedAt: Date;
}

export interface NewWebhook extends Pick<
  Webhook,
  'workspaceId' | 'url' | 'events' | 'description'
> {
  secret: string;
}

/** What is undefined stays as it is; a description of null goes. */
export interface WebhookChanges {
  url?: string | undefined;
  events?: readonly string[] | undefined;
  description?: string | null | undefined;
  status?: WebhookStatus | undefined;
}

/** Where a message goes, and what it is signed with. */
export interface WebhookTarget {
  id: string;
  url: string;
  /** The current secret, then the one before while that is still good. */
  secrets: readonly string[];
}

/** A webhook that one process delivers for, until its lease is over. */
export interface ClaimedWebhook extends WebhookTarget, Pick<Webhook, 'organizationId' | 'events'> {
  workspaceId: string | undefined;
  /** The id of the last event that was delivered, or became a row of its own. */
  position: string;
  /** How many tries failed since the last success. */
  failures: number;
  failingSince: Date | undefined;
  /** Whether deliveries wait in rows of their own. */
  hasPending: boolean;
}

/** An event as a receiver is told. */
export interface WebhookEvent extends Omit<RuntimeEvent, 'type'> {
  /** Perhaps one that only a newer version of the service knows. */
  type: string;
  workspaceId: string;
  alias: string;
}

/** A delivery that failed, or that waits behind one of the same runtime. */
export interface PendingDelivery {
  event: WebhookEvent;
  attempts: number;
  firstAttemptAt: Date | undefined;
}

/** A delivery as it is listed. */
export interface Delivery {
  eventId: string;
  eventType: string;
  runtimeId: string;
  status: DeliveryStatus;
  attempts: number;
  /** Of the last try that was answered. */
  responseStatus: number | undefined;
  /** Why the last try failed, in one word. */
  error: string | undefined;
  durationMs: number | undefined;
  firstAttemptAt: Date | undefined;
  lastAttemptAt: Date | undefined;
  nextAttemptAt: Date | undefined;
  createdAt: Date;
}

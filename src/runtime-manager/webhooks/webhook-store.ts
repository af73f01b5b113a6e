import type { EventType } from '../runtime/events.ts';
import type { Page, PageRequest } from '../runtime/runtime.ts';
import type {
  ClaimedWebhook,
  Delivery,
  DeliveryStatus,
  DisabledReason,
  NewWebhook,
  PendingDelivery,
  Webhook,
  WebhookChanges,
  WebhookEvent,
  WebhookTarget,
} from './webhook.ts';

/** Whose webhooks: of the organization, or of some workspaces alone. */
export interface WebhookScope {
  organizationId: string;
  workspaceIds: readonly string[] | undefined;
}

/** What the core needs of a database for webhooks; those outside of a scope do not exist. */
export interface WebhookStore {
  /** Undefined when the organization has `most` webhooks already. */
  insert(organizationId: string, webhook: NewWebhook, most: number): Promise<Webhook | undefined>;
  find(scope: WebhookScope, id: string): Promise<Webhook | undefined>;
  /** Newest first. */
  list(scope: WebhookScope, page: PageRequest): Promise<Page<Webhook>>;
  /** A webhook that is enabled again is told what happens from now on. */
  update(scope: WebhookScope, id: string, changes: WebhookChanges): Promise<Webhook | undefined>;
  remove(scope: WebhookScope, id: string): Promise<Webhook | undefined>;
  /** Replaces the secret; the one before stays good for so long. */
  rotate(
    scope: WebhookScope,
    id: string,
    secret: { secret: string; keepMs: number },
  ): Promise<Webhook | undefined>;
  findTarget(scope: WebhookScope, id: string): Promise<WebhookTarget | undefined>;
  /** Has everything that waits tried at once: the receiver works. */
  hurry(id: string): Promise<void>;
  /** Newest event first; those before the event `before`. */
  listDeliveries(
    webhookId: string,
    filter: { status: DeliveryStatus | undefined; before: string | undefined },
    limit: number,
  ): Promise<Delivery[]>;
}

/** What became of one event in a turn. */
export interface DeliveryRecord {
  event: WebhookEvent;
  status: DeliveryStatus;
  attempts: number;
  responseStatus?: number | undefined;
  error?: string | undefined;
  durationMs?: number | undefined;
  firstAttemptAt?: Date | undefined;
  /** Of one that is pending; undefined: as soon as those before it are over. */
  nextAttemptInMs?: number | undefined;
}

/** What a turn did, which is recorded as a whole or not at all. */
export interface TurnRecord {
  position: string;
  records: readonly DeliveryRecord[];
  failures: number;
  failingSince: Date | undefined;
  /** For how long nothing is tried. */
  pauseMs: number;
  /** Whether everything that waits is tried at once: the receiver works again. */
  hurries: boolean;
  disabled: DisabledReason | undefined;
}

/** A process that delivers, and for how long it does so unless it says more. */
export interface Lease {
  by: string;
  forMs: number;
}

export interface EventRange {
  /** The id of the last event that is looked at. */
  upTo: string;
  /** Undefined: events of every type. */
  types: readonly EventType[] | undefined;
  /** How many events there are at most, and how many are looked at for that. */
  most: number;
  looks: number;
}

/** What deliveries need of a database; leases and pauses go by its clock. */
export interface DeliveryStore {
  /** How many enabled webhooks each organization has that has any. */
  countEnabled(): Promise<Map<string, number>>;
  /** Takes webhooks that have something to deliver; `of`: only those of these organizations. */
  claim(
    lease: Lease,
    from: { of: readonly string[] | undefined; limit: number },
  ): Promise<ClaimedWebhook[]>;
  /** False when another process has it, or it is gone. */
  renew(webhookId: string, lease: Lease): Promise<boolean>;
  release(webhookId: string, by: string): Promise<void>;
  /** The events after the webhook's position that it wants. `reached`: up to where all were seen. */
  readEvents(
    webhook: ClaimedWebhook,
    range: EventRange,
  ): Promise<{ events: WebhookEvent[]; reached: string | undefined; hasMore: boolean }>;
  /** The first deliveries of the runtimes whose turn it is, in the order of events. */
  listDue(webhookId: string, most: { runtimes: number; each: number }): Promise<PendingDelivery[]>;
  /** Those of the runtimes for which deliveries wait. */
  listBlocked(webhookId: string, runtimeIds: readonly string[]): Promise<string[]>;
  /** How many deliveries wait, counted up to `most`. */
  countPending(webhookId: string, most: number): Promise<number>;
  /** Resolves with the webhook as it is now; undefined when another process has it, or it is gone. */
  record(webhookId: string, lease: Lease, turn: TurnRecord): Promise<ClaimedWebhook | undefined>;
  /** Removes what is over and old: of what was delivered, all but the newest; failures after a week. */
  trim(webhookId: string): Promise<void>;
}

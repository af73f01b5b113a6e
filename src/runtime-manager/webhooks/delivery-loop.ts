import { setTimeout as delay } from 'node:timers/promises';
import type { SettledEvents } from '../events/settled-events.ts';
import type { Turns } from '../timing/turns.ts';
import { typesOf } from './event-patterns.ts';
import { isTroubled, Turn, type Deliveries, type TurnParts } from './turn.ts';
import type { DeliveryStore, Lease } from './webhook-store.ts';
import type { ClaimedWebhook, DisabledReason, PendingDelivery, WebhookEvent } from './webhook.ts';

/** After so long without a word of its process a webhook is anybody's. */
export const LEASE_MS = 10_000;
/** How many new events a turn delivers, and how many it looks at for that. */
const BATCH = { most: 100, looks: 1000 };
/**
 * A turn costs several statements, however much it delivers. So the more one has delivered, the longer
 * the next one waits for more to come, beginning with 40 events a second.
 */
const PACE_MS = { min: 50, each: 25, max: 300 };
/** As many deliveries wait in rows of their own; then new events wait where they are. */
const PENDING_MAX = 1000;
const FULL_PAUSE_MS = 5000;
const DUE = { runtimes: 20, each: 10 };
const PROBE = { runtimes: 1, each: 1 };
/** About so many deliveries lie between two removals of old ones. */
const TRIM_EVERY = 100;

/** Where what goes wrong is told. */
export interface WarningLog {
  warn(about: object, message: string): void;
}

export interface DeliveryLoopParts extends TurnParts {
  store: DeliveryStore;
  settled: SettledEvents;
  /** Where what the loops of all webhooks do in the database takes its turn. */
  statements: Turns;
  /** The process, in leases. */
  by: string;
  log: WarningLog;
}

/** What a turn is about. */
interface Found {
  deliveries: Deliveries;
  /** Where the webhook is after it. */
  position: string;
  /** For how long nothing is looked for afterwards. */
  pauseMs?: number;
  /** Whether there is more, as far as can be told. */
  hasMore: boolean;
}

interface TurnEnd {
  /** What there is for the next one, as far as can be told. */
  next: 'full' | 'some' | 'nothing' | 'paused';
  /** How many deliveries were recorded. */
  records: number;
}

/** Delivers for one webhook, turn after turn, until nothing is left. */
export class DeliveryLoop {
  readonly #parts: DeliveryLoopParts;
  readonly #lease: Lease;
  readonly organizationId: string;
  readonly #webhookId: string;
  #webhook: ClaimedWebhook | undefined;
  /** Whether something may have happened since it was looked for. */
  isWoken = false;

  constructor(webhook: ClaimedWebhook, parts: DeliveryLoopParts) {
    this.#webhook = webhook;
    this.#webhookId = webhook.id;
    this.organizationId = webhook.organizationId;
    this.#parts = parts;
    this.#lease = { by: parts.by, forMs: LEASE_MS };
  }

  wake(): void {
    this.isWoken = true;
  }

  /** Rejects when the database does not answer; then the lease ends by itself. */
  async run(): Promise<void> {
    const { store, signal } = this.#parts;
    try {
      while (this.#webhook && !signal.aborted && (await this.#goOn(this.#webhook)));
    } finally {
      if (this.#webhook) await store.release(this.#webhookId, this.#lease.by);
    }
  }

  /** False when nothing is left for now. */
  async #goOn(webhook: ClaimedWebhook): Promise<boolean> {
    this.isWoken = false;
    const began = performance.now();
    const { next, records } = await this.#turn(webhook);
    if (next === 'paused' || (next === 'nothing' && !this.isWoken)) return false;
    const paceMs = Math.min(Math.max(PACE_MS.min, PACE_MS.each * records), PACE_MS.max);
    if (next !== 'full') await delay(Math.max(0, began + paceMs - performance.now()));
    return true;
  }

  async #turn(webhook: ClaimedWebhook): Promise<TurnEnd> {
    const { store } = this.#parts;
    const found = await this.#takeTurn(() => this.#find(webhook));
    if (!found) return { next: 'nothing', records: 0 };
    const { deliveries, position, hasMore, pauseMs = 0 } = found;
    const turn = await this.#whileRenewing((signal) =>
      new Turn(webhook, { ...this.#parts, signal }).run(deliveries, position),
    );
    const record = { ...turn, pauseMs: Math.max(turn.pauseMs, pauseMs) };
    this.#webhook = await this.#takeTurn(() => store.record(webhook.id, this.#lease, record));
    const records = record.records.length;
    await this.#trim(records);
    if (record.disabled) this.#tell(record.disabled);
    if (record.pauseMs > 0 || record.disabled) return { next: 'paused', records };
    return { next: hasMore ? 'full' : 'some', records };
  }

  /** Uses the database when it is our turn. */
  #takeTurn<T>(use: () => Promise<T>): Promise<T> {
    const { statements, giveWay } = this.#parts;
    return statements.take(async () => {
      await giveWay();
      return use();
    });
  }

  /** Undefined when nothing is to be delivered, and nothing to be passed over. */
  async #find(webhook: ClaimedWebhook): Promise<Found | undefined> {
    const { store } = this.#parts;
    const isProbe = isTroubled(webhook);
    const due = webhook.hasPending ? await store.listDue(webhook.id, isProbe ? PROBE : DUE) : [];
    const deliveries = { due, fresh: [], blocked: NONE };
    const old = { deliveries, position: webhook.position, hasMore: due.length > 0 };
    if (isProbe && due.length > 0) return old;
    if (webhook.hasPending && (await store.countPending(webhook.id, PENDING_MAX)) === PENDING_MAX) {
      return due.length > 0 ? old : { ...old, pauseMs: FULL_PAUSE_MS };
    }
    const read = await this.#read(webhook, isProbe);
    if (!read) return due.length > 0 ? old : undefined;
    const blocked = await this.#blocked(webhook, read.events);
    const hasMore = due.length > 0 || read.hasMore;
    const both = { due, fresh: read.events.map(fresh), blocked };
    return { deliveries: both, position: read.position, hasMore };
  }

  /** The events after the webhook's position, or of a probe the first one that it wants. */
  async #read(webhook: ClaimedWebhook, isProbe: boolean) {
    const { store, settled, signal } = this.#parts;
    const upTo = await settled.id();
    // A look that was given up says nothing.
    if (signal.aborted) return undefined;
    const range = { upTo, types: typesOf(webhook.events), ...BATCH };
    const { events, reached, hasMore } = await store.readEvents(webhook, range);
    if (reached === undefined) return undefined;
    const [first] = events;
    if (isProbe && first) return { events: [first], position: first.id, hasMore: true };
    return { events, position: reached, hasMore };
  }

  async #blocked(webhook: ClaimedWebhook, events: WebhookEvent[]): Promise<ReadonlySet<string>> {
    if (!webhook.hasPending || events.length === 0) return NONE;
    const runtimeIds = [...new Set(events.map(({ runtimeId }) => runtimeId))];
    return new Set(await this.#parts.store.listBlocked(webhook.id, runtimeIds));
  }

  /** `work` is given up when the webhook is no longer ours. */
  async #whileRenewing<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { store, signal } = this.#parts;
    const lost = new AbortController();
    // Without an answer of the database the lease ends by itself.
    const renew = async () => {
      const isOurs = await store.renew(this.#webhookId, this.#lease).catch(() => true);
      if (!isOurs) lost.abort();
    };
    const timer = setInterval(() => void renew(), LEASE_MS / 3);
    try {
      return await work(AbortSignal.any([signal, lost.signal]));
    } finally {
      clearInterval(timer);
    }
  }

  #tell(reason: DisabledReason): void {
    const about = { webhookId: this.#webhookId, organizationId: this.organizationId, reason };
    this.#parts.log.warn(about, 'a webhook was disabled');
  }

  /** Left to chance, so that nobody has to remember how much there is. */
  async #trim(recorded: number): Promise<void> {
    if (Math.random() * TRIM_EVERY < recorded) await this.#parts.store.trim(this.#webhookId);
  }
}

const NONE: ReadonlySet<string> = new Set();

function fresh(event: WebhookEvent): PendingDelivery {
  return { event, attempts: 0, firstAttemptAt: undefined };
}

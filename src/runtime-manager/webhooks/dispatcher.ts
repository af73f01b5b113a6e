import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { SettledEvents } from '../events/settled-events.ts';
import type { WakeUps } from '../events/wake-ups.ts';
import type { EventStore } from '../runtime/event-store.ts';
import { every } from '../timing/every.ts';
import { Turns } from '../timing/turns.ts';
import { DeliveryLoop, LEASE_MS, type WarningLog } from './delivery-loop.ts';
import type { Sender } from './sender.ts';
import type { WebhookMetrics } from './webhook-metrics.ts';
import type { DeliveryStore } from './webhook-store.ts';
import type { ClaimedWebhook } from './webhook.ts';

/** Events that another process wrote may wake nobody here, and retries wake nobody. */
const LOOK_AGAIN_MS = 2000;
/** Those whom many events wake look once. */
const GATHER_MS = 25;
/** Webhooks that this process delivers for at once; those beyond have their turn afterwards. */
const WEBHOOKS_AT_ONCE = 1024;
/** Requests of all webhooks at once: those to receivers that do not answer leave room for others. */
const REQUESTS_AT_ONCE = 2048;
/** How many of them use the database at once, which requests of clients need, too. */
const STATEMENTS_AT_ONCE = 4;

export interface DispatcherOptions {
  store: DeliveryStore;
  events: Pick<EventStore, 'lastGivenEventId' | 'listEventWriters'>;
  wakeUps: Pick<WakeUps, 'listen'>;
  sender: Pick<Sender, 'send'>;
  metrics: WebhookMetrics;
  log: WarningLog;
  /** Resolves when nothing is under way that goes before deliveries. */
  giveWay: () => Promise<void>;
}

/**
 * Delivers events to webhooks. Any process does so for any webhook: it takes a webhook that has
 * something to deliver by a lease in the webhook's row, and gives it back when nothing is left. What
 * is delivered and what waits is in the database, so nothing is lost with a process.
 */
export class Dispatcher implements AsyncDisposable {
  readonly #options: DispatcherOptions;
  readonly #id = randomUUID();
  readonly #closed = new AbortController();
  readonly #settled: SettledEvents;
  readonly #room = new Turns(REQUESTS_AT_ONCE);
  readonly #statements = new Turns(STATEMENTS_AT_ONCE);
  readonly #loops = new Map<string, DeliveryLoop>();
  readonly #running = new Set<Promise<void>>();
  /** Organizations that have enabled webhooks, and how many. */
  #enabled = new Map<string, number>();
  readonly #listening = new Map<string, Disposable>();
  readonly #woken = new Set<string>();
  readonly #timer: Disposable;
  readonly #claims: Disposable & { soon: () => void };

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const { signal } = this.#closed;
    this.#settled = new SettledEvents(options.events, signal);
    const failed = (err: unknown) => {
      if (!signal.aborted) options.log.warn({ err }, 'webhooks could not be looked for');
    };
    this.#timer = every(LOOK_AGAIN_MS, () => this.#track(this.#look()), failed);
    this.#claims = every(LOOK_AGAIN_MS, () => this.#track(this.#claimWoken()), failed);
  }

  /** Looks for whatever there is to deliver, also what nothing woke us for. */
  async #look(): Promise<void> {
    this.#enabled = await this.#options.store.countEnabled();
    this.#listen();
    await this.#claim(undefined);
  }

  #listen(): void {
    for (const [organizationId, listening] of this.#listening) {
      if (this.#enabled.has(organizationId)) continue;
      listening[Symbol.dispose]();
      this.#listening.delete(organizationId);
    }
    for (const organizationId of this.#enabled.keys()) {
      if (this.#closed.signal.aborted || this.#listening.has(organizationId)) continue;
      const heard = () => this.#wake(organizationId);
      this.#listening.set(organizationId, this.#options.wakeUps.listen(organizationId, heard));
    }
  }

  #wake(organizationId: string): void {
    let ours = 0;
    for (const loop of this.#loops.values()) {
      if (loop.organizationId !== organizationId) continue;
      loop.wake();
      ours++;
    }
    if (ours >= (this.#enabled.get(organizationId) ?? 0)) return;
    this.#woken.add(organizationId);
    this.#claims.soon();
  }

  async #claimWoken(): Promise<void> {
    if (this.#woken.size === 0) return;
    await delay(GATHER_MS);
    const woken = [...this.#woken];
    this.#woken.clear();
    await this.#claim(woken);
  }

  /** `of`: of these organizations alone. */
  async #claim(of: readonly string[] | undefined): Promise<void> {
    const limit = WEBHOOKS_AT_ONCE - this.#loops.size;
    if (limit <= 0 || this.#closed.signal.aborted) return;
    const lease = { by: this.#id, forMs: LEASE_MS };
    const claimed = await this.#options.store.claim(lease, { of, limit });
    for (const webhook of claimed) void this.#track(this.#deliver(webhook));
  }

  /** What is under way is waited for in the end. */
  async #track(work: Promise<void>): Promise<void> {
    this.#running.add(work);
    try {
      await work;
    } finally {
      this.#running.delete(work);
    }
  }

  async #deliver(webhook: ClaimedWebhook): Promise<void> {
    const { id: webhookId, organizationId } = webhook;
    const { signal } = this.#closed;
    const limits = { room: this.#room, statements: this.#statements };
    const parts = { ...this.#options, ...limits, by: this.#id, settled: this.#settled, signal };
    const loop = new DeliveryLoop(webhook, parts);
    this.#loops.set(webhookId, loop);
    try {
      await loop.run();
    } catch (err) {
      if (!signal.aborted) this.#options.log.warn({ err, webhookId }, 'deliveries were cut short');
    } finally {
      this.#loops.delete(webhookId);
      // It may have been woken just when it had given the webhook back.
      if (loop.isWoken) this.#wake(organizationId);
    }
  }

  /** Gives back what is under way: other processes go on with it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer[Symbol.dispose]();
    this.#claims[Symbol.dispose]();
    this.#closed.abort();
    for (const listening of this.#listening.values()) listening[Symbol.dispose]();
    this.#listening.clear();
    // What looked for webhooks may have found some.
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }
}

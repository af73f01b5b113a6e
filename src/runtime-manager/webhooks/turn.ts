import { Turns } from '../timing/turns.ts';
import { messageOf } from './message.ts';
import { nextTryInMs } from './retry-schedule.ts';
import type { Attempt, Sender } from './sender.ts';
import type { WebhookMetrics } from './webhook-metrics.ts';
import type { DeliveryRecord, TurnRecord } from './webhook-store.ts';
import type { ClaimedWebhook, DisabledReason, PendingDelivery } from './webhook.ts';

/** So many failures without a success in between say that the receiver itself is in trouble. */
const TROUBLED = 5;
/** Requests of one webhook at once. */
const LANES_AT_ONCE = 16;
/** A receiver in trouble is left alone for a tenth of the time that it has been. */
const PAUSE = { share: 0.1, minMs: 1000, maxMs: 60_000 };
/** A receiver that answers again after so long gets at once what waits for it. */
const OUTAGE_MS = 60_000;
const DISABLE_AFTER_MS = 7 * 86_400_000;

export interface TurnParts {
  sender: Pick<Sender, 'send'>;
  /** Where requests of all webhooks take their turn. */
  room: Turns;
  /** Resolves when nothing is under way that goes before deliveries. */
  giveWay: () => Promise<void>;
  metrics: WebhookMetrics;
  /** Aborts when nothing more is to be sent. */
  signal: AbortSignal;
}

/** What a turn has to deliver, in the order of events. */
export interface Deliveries {
  /** What waits in rows of its own, and may be tried. */
  due: readonly PendingDelivery[];
  fresh: readonly PendingDelivery[];
  /** The runtimes for which something waits: what is new of them comes after that. */
  blocked: ReadonlySet<string>;
}

/**
 * Delivers some events of one webhook: in order within a runtime, and side by side otherwise. What
 * fails holds up its own runtime alone. A receiver that seems to be in trouble is tried once in a
 * turn, and turns have pauses, until it answers.
 */
export class Turn {
  readonly #webhook: ClaimedWebhook;
  readonly #parts: TurnParts;
  readonly #records: DeliveryRecord[] = [];
  #triesLeft: number;
  #failures: number;
  #failingSince: Date | undefined;
  #hurries = false;
  #disabled: DisabledReason | undefined;
  #askedPauseMs = 0;

  constructor(webhook: ClaimedWebhook, parts: TurnParts) {
    this.#webhook = webhook;
    this.#parts = parts;
    this.#failures = webhook.failures;
    this.#failingSince = webhook.failingSince;
    this.#triesLeft = isTroubled(webhook) ? 1 : Infinity;
  }

  /** Resolves with what is to be recorded when the webhook moves on to `position`. */
  async run({ due, fresh, blocked }: Deliveries, position: string): Promise<TurnRecord> {
    const isBlocked = ({ event }: PendingDelivery) => blocked.has(event.runtimeId);
    this.#putOff(fresh.filter(isBlocked));
    const lanes = [
      ...lanesOf(due).map((lane) => ({ lane, isKept: true })),
      ...lanesOf(fresh.filter((one) => !isBlocked(one))).map((lane) => ({ lane, isKept: false })),
    ];
    const atOnce = new Turns(LANES_AT_ONCE);
    await Promise.all(
      lanes.map(({ lane, isKept }) =>
        atOnce.take(async () => {
          const left = await this.#deliver(lane);
          if (!isKept) this.#putOff(left);
        }),
      ),
    );
    return {
      position,
      records: this.#records,
      failures: this.#failures,
      failingSince: this.#failingSince,
      pauseMs: this.#pauseMs(),
      hurries: this.#hurries,
      disabled: this.#disabled,
    };
  }

  /** Delivers what belongs to one runtime until something fails, and resolves with what was not tried. */
  async #deliver(lane: PendingDelivery[]): Promise<PendingDelivery[]> {
    for (const [nth, delivery] of lane.entries()) {
      const attempt = await this.#parts.room.take(() => this.#attempt(delivery));
      if (!attempt) return lane.slice(nth);
      this.#note(delivery, attempt);
      if (!attempt.isDelivered) return lane.slice(nth + 1);
    }
    return [];
  }

  /** Undefined when it may not be tried now. */
  async #attempt({ event }: PendingDelivery): Promise<Attempt | undefined> {
    const { sender, signal, giveWay } = this.#parts;
    await giveWay();
    if (!this.#mayTry()) return undefined;
    this.#triesLeft--;
    try {
      return await sender.send(this.#webhook, messageOf(this.#webhook.id, event), signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }

  #mayTry(): boolean {
    const isStopped =
      this.#parts.signal.aborted || this.#disabled !== undefined || this.#askedPauseMs > 0;
    // The first failures of a turn may show that the receiver is in trouble.
    const isProbe = isTroubled(this.#webhook);
    return !isStopped && this.#triesLeft > 0 && (isProbe || this.#failures < TROUBLED);
  }

  #note(delivery: PendingDelivery, attempt: Attempt): void {
    const { event } = delivery;
    const firstAttemptAt = delivery.firstAttemptAt ?? new Date();
    const { responseStatus, error, durationMs } = attempt;
    const attempts = delivery.attempts + 1;
    const tried = { event, attempts, responseStatus, error, durationMs, firstAttemptAt };
    if (attempt.isDelivered) {
      this.#succeeded();
      this.#parts.metrics.delivered(Date.now() - event.createdAt.getTime());
      this.#records.push({ ...tried, status: 'delivered' });
      return;
    }
    this.#failed(attempt);
    const byScheduleMs = nextTryInMs(Date.now() - firstAttemptAt.getTime());
    const isGivenUp = byScheduleMs === undefined || this.#disabled !== undefined;
    this.#parts.metrics.failed(isGivenUp ? 'given_up' : 'retried');
    const nextAttemptInMs = Math.max(byScheduleMs ?? 0, attempt.retryAfterMs ?? 0);
    this.#records.push(
      isGivenUp ? { ...tried, status: 'failed' } : { ...tried, status: 'pending', nextAttemptInMs },
    );
  }

  #succeeded(): void {
    this.#hurries ||= forMs(this.#failingSince) >= OUTAGE_MS;
    this.#failures = 0;
    this.#failingSince = undefined;
  }

  #failed({ isGone, retryAfterMs = 0 }: Attempt): void {
    this.#failures++;
    this.#failingSince ??= new Date();
    this.#askedPauseMs = Math.max(this.#askedPauseMs, retryAfterMs);
    if (isGone) this.#disabled = 'gone';
    else if (forMs(this.#failingSince) >= DISABLE_AFTER_MS) this.#disabled = 'failing';
  }

  #pauseMs(): number {
    if (this.#failures < TROUBLED) return this.#askedPauseMs;
    const ms = forMs(this.#failingSince) * PAUSE.share;
    return Math.max(this.#askedPauseMs, Math.min(Math.max(ms, PAUSE.minMs), PAUSE.maxMs));
  }

  #putOff(deliveries: readonly PendingDelivery[]): void {
    for (const { event } of deliveries) {
      this.#records.push({ event, status: 'pending', attempts: 0 });
    }
  }
}

/** Whether a webhook's receiver is only tried once in a while. */
export function isTroubled({ failures }: Pick<ClaimedWebhook, 'failures'>): boolean {
  return failures >= TROUBLED;
}

function lanesOf(deliveries: readonly PendingDelivery[]): PendingDelivery[][] {
  return [...Map.groupBy(deliveries, ({ event }) => event.runtimeId).values()];
}

function forMs(since: Date | undefined): number {
  return since ? Date.now() - since.getTime() : 0;
}

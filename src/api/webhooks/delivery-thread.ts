import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createBirpc, type BirpcReturn } from 'birpc';
import type { Logger } from 'pino';
import {
  EgressRefusal,
  type Destination,
  type EgressPolicy,
  type WakeUps,
  type WebhookMetrics,
} from '../../runtime-manager/index.ts';
import type { DeliveryStore } from '../../runtime-manager/runtime/index.ts';
import { Backoff } from '../../runtime-manager/timing/backoff.ts';
import { every } from '../../runtime-manager/timing/every.ts';
import {
  channelOf,
  type DeliveryParts,
  type Judged,
  type ServiceSide,
  type ThreadSide,
} from './delivery-channel.ts';

const WORKER = new URL('./delivery-worker.ts', import.meta.url);
/** How often it is looked for a first webhook. */
const LOOK_MS = 2000;
/** After how long a thread that failed is replaced, at the next look. */
const BACKOFF = { minMs: 1000, maxMs: 60_000 };
/** What happens within this time is told at once. */
const GATHER_MS = 5;
const CLOSE_MS = 5000;

export interface DeliveryThreadOptions {
  parts: DeliveryParts;
  store: Pick<DeliveryStore, 'countEnabled'>;
  policy: Pick<EgressPolicy, 'resolve'>;
  wakeUps: Pick<WakeUps, 'listen'>;
  metrics: WebhookMetrics;
  log: Logger;
}

/**
 * Has a thread of its own deliver to webhooks, from when there is a webhook that is enabled. A thread
 * that ends by an error is replaced: what it had to do is in the database.
 */
export class DeliveryThread implements AsyncDisposable {
  readonly #options: DeliveryThreadOptions;
  readonly #looking: Disposable;
  #look: Promise<void> = Promise.resolve();
  #running: RunningThread | undefined;
  readonly #backoff = new Backoff(BACKOFF);
  #notBefore = 0;
  #isClosed = false;

  constructor(options: DeliveryThreadOptions) {
    this.#options = options;
    const looking = every(
      LOOK_MS,
      () => (this.#look = this.#openIfNeeded()),
      (err) => options.log.warn({ err }, 'webhooks could not be looked for'),
    );
    this.#looking = looking;
    looking.soon();
  }

  async #openIfNeeded(): Promise<void> {
    if (this.#running || performance.now() < this.#notBefore) return;
    const enabled = await this.#options.store.countEnabled();
    if (enabled.size === 0 || this.#isClosed) return;
    const running = new RunningThread(this.#options);
    this.#running = running;
    const began = performance.now();
    void running.ended.then((err) => {
      this.#running = undefined;
      if (err === undefined) return;
      const endedAt = performance.now();
      // The failures before have nothing to do with this one.
      if (endedAt - began > BACKOFF.maxMs) this.#backoff.reset();
      this.#notBefore = endedAt + this.#backoff.next();
      this.#options.log.warn({ err }, 'the thread that delivers to webhooks has ended');
    });
  }

  /** Gives back what is under way: other processes go on with it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#looking[Symbol.dispose]();
    await this.#look.catch(() => undefined);
    await this.#running?.[Symbol.asyncDispose]();
  }
}

class RunningThread implements AsyncDisposable {
  readonly #worker = new Worker(WORKER);
  readonly #thread: BirpcReturn<ThreadSide, ServiceSide>;
  readonly #listening = new Map<string, Disposable>();
  readonly #woken = new Set<string>();
  /** Resolves when it is no more, with what it failed with. */
  readonly ended: Promise<unknown>;
  #waking: NodeJS.Timeout | undefined;

  constructor({ parts, policy, wakeUps, metrics, log }: DeliveryThreadOptions) {
    const failed = once(this.#worker, 'exit').then(
      () => undefined,
      (err: unknown) => err,
    );
    this.ended = failed.finally(() => this.#forget());
    this.#thread = createBirpc<ThreadSide, ServiceSide>(
      {
        parts: () => parts,
        listen: (organizationId) => {
          const heard = () => this.#wakeSoon(organizationId);
          this.#listening.set(organizationId, wakeUps.listen(organizationId, heard));
        },
        leave: (organizationId) => this.#leave(organizationId),
        judge: (destination) => judge(policy, destination),
        delivered: (lagsMs) => {
          for (const lagMs of lagsMs) metrics.delivered(lagMs);
        },
        failed: (outcome) => metrics.failed(outcome),
        warn: (about, message) => log.warn(about, message),
      },
      { ...channelOf(this.#worker), eventNames: ['wake'] },
    );
  }

  #wakeSoon(organizationId: string): void {
    this.#woken.add(organizationId);
    this.#waking ??= setTimeout(() => {
      this.#waking = undefined;
      void this.#thread.wake([...this.#woken]);
      this.#woken.clear();
    }, GATHER_MS);
  }

  #leave(organizationId: string): void {
    this.#listening.get(organizationId)?.[Symbol.dispose]();
    this.#listening.delete(organizationId);
  }

  #forget(): void {
    clearTimeout(this.#waking);
    for (const organizationId of this.#listening.keys()) this.#leave(organizationId);
    this.#thread.$close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#thread.close().catch(() => undefined);
    const over = new AbortController();
    const late = delay(CLOSE_MS, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([closed, late, this.ended]);
    over.abort();
    await this.#worker.terminate();
    await this.ended;
  }
}

async function judge(
  policy: Pick<EgressPolicy, 'resolve'>,
  destination: Destination,
): Promise<Judged> {
  try {
    return { addresses: await policy.resolve(destination) };
  } catch (error) {
    if (error instanceof EgressRefusal) return { refusal: error.code };
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    return { message: String(error), code };
  }
}

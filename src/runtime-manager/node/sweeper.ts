import type { Logger } from 'pino';
import { every } from '../timing/every.ts';
import { failure } from '../runtime/failures.ts';
import type { LiveRuntime } from './live-runtime.ts';
import type { RuntimeStore } from '../runtime/runtime-store.ts';
import type { Runtime } from '../runtime/runtime.ts';

const TIME_LIMITS_INTERVAL_MS = 1000;
const TIDY_INTERVAL_MS = 10_000;
const PLACES_INTERVAL_MS = 60_000;

export interface SweeperOptions {
  nodeId: string;
  store: RuntimeStore;
  live: ReadonlyMap<string, LiveRuntime>;
  /** Whether this service holds a runtime, or is about to. */
  isHeld: (runtimeId: string) => boolean;
  log: Logger;
}

/**
 * Does what has to be done again and again: ends runtimes whose time is over, and corrects records
 * that claim a browser nobody holds.
 */
export class Sweeper implements Disposable {
  readonly #options: SweeperOptions;
  readonly #timers: Disposable[];

  constructor(options: SweeperOptions) {
    this.#options = options;
    this.#timers = [
      this.#every(TIME_LIMITS_INTERVAL_MS, 'time limits', () => this.#endDue()),
      this.#every(TIDY_INTERVAL_MS, 'records', () => this.#tidy()),
      this.#every(PLACES_INTERVAL_MS, 'quotas', () => this.#correctPlaces()),
    ];
  }

  #every(intervalMs: number, what: string, work: () => Promise<void>): Disposable {
    return every(intervalMs, work, (err) => {
      this.#options.log.warn({ err }, `${what} could not be looked after`);
    });
  }

  async #endDue(): Promise<void> {
    const { live } = this.#options;
    const looked = [...live.values()].map(async (runtime) => ({
      runtime,
      reason: await runtime.lifetime?.look(),
    }));
    const found = await Promise.all(looked);
    try {
      await this.#recordActivity();
    } finally {
      for (const { runtime, reason } of found) if (reason) runtime.expire(reason);
    }
  }

  async #recordActivity(): Promise<void> {
    const { store, live } = this.#options;
    const active = [...live.values()].flatMap(({ runtime, lifetime }) => {
      const activity = lifetime?.unrecorded;
      return lifetime && activity ? [{ runtime, lifetime, activity }] : [];
    });
    if (active.length === 0) return;
    await store.recordActivity(
      active.map(({ runtime: { id, generation }, activity }) => ({ id, generation, ...activity })),
    );
    for (const { lifetime, activity } of active) lifetime.wasRecorded(activity);
  }

  async #tidy(): Promise<void> {
    const { nodeId, store, isHeld } = this.#options;
    for (const runtime of await store.listActive(nodeId)) {
      if (!runtime.queuedAt && !isHeld(runtime.id)) await this.#giveUp(runtime);
    }
  }

  async #correctPlaces(): Promise<void> {
    const organizations = await this.#options.store.correctPlaces();
    if (organizations === 0) return;
    this.#options.log.warn(
      { organizations },
      'numbers of active runtimes were wrong and corrected',
    );
  }

  /** The answer to the runtime's insert was lost, so nobody took care of the runtime. */
  async #giveUp(runtime: Runtime): Promise<void> {
    const lost = { to: 'failed', failure: failure('runtime.lost') } as const;
    if (await this.#options.store.move(runtime, lost)) {
      this.#options.log.error({ runtimeId: runtime.id }, 'a runtime that nobody held was failed');
    }
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) timer[Symbol.dispose]();
  }
}

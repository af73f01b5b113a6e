import type { Logger } from 'pino';
import type { LiveRuntime } from './live-runtime.ts';
import type { Runtime, RuntimeStore } from './store.ts';

const TIME_LIMITS_INTERVAL_MS = 1000;
const TIDY_INTERVAL_MS = 10_000;
const TRIM_INTERVAL_MS = 60_000;

export interface UpkeepOptions {
  nodeId: string;
  store: RuntimeStore;
  live: ReadonlyMap<string, LiveRuntime>;
  /** Whether this service holds a runtime, or is about to. */
  isHeld: (runtimeId: string) => boolean;
  /** How many events of a runtime are kept, and for how long. */
  keepEvents: { perRuntime: number; ageMs: number };
  log: Logger;
}

/**
 * What has to be done again and again: runtimes whose time is over are ended, as the database has
 * it; records that claim a browser nobody holds are corrected; old events are forgotten.
 */
export class Upkeep implements Disposable {
  readonly #options: UpkeepOptions;
  readonly #timers: NodeJS.Timeout[];
  #trimmedAt = TRIM_INTERVAL_MS;

  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.#timers = [
      this.#every(TIME_LIMITS_INTERVAL_MS, 'time limits', () => this.#endDue()),
      this.#every(TIDY_INTERVAL_MS, 'records', () => this.#tidy()),
    ];
  }

  #every(intervalMs: number, what: string, work: () => Promise<void>): NodeJS.Timeout {
    let working = false;
    const once = async () => {
      if (working) return;
      working = true;
      try {
        await work();
      } catch (err) {
        this.#options.log.warn({ err }, `${what} could not be looked after`);
      }
      working = false;
    };
    return setInterval(() => void once(), intervalMs).unref();
  }

  async #endDue(): Promise<void> {
    const { nodeId, store, live } = this.#options;
    if (live.size === 0) return;
    await this.#recordActivity();
    for (const { id, generation, reason } of await store.findDue(nodeId, new Date())) {
      const due = live.get(id);
      if (due?.runtime.generation === generation) due.expire(reason);
    }
  }

  async #recordActivity(): Promise<void> {
    const { store, live } = this.#options;
    const active = [...live.values()].flatMap((runtime) => {
      const activity = runtime.unrecordedActivity;
      return activity ? [{ runtime, activity }] : [];
    });
    if (active.length === 0) return;
    await store.recordActivity(
      active.map(({ runtime: { runtime }, activity }) => ({
        id: runtime.id,
        generation: runtime.generation,
        ...activity,
      })),
    );
    for (const { runtime, activity } of active) runtime.activityRecorded(activity);
  }

  async #tidy(): Promise<void> {
    const { nodeId, store, isHeld, keepEvents } = this.#options;
    for (const runtime of await store.listActive(nodeId)) {
      if (!isHeld(runtime.id)) await this.#giveUp(runtime);
    }
    const now = Date.now();
    if (now - this.#trimmedAt < TRIM_INTERVAL_MS) return;
    const since = new Date(now - keepEvents.ageMs);
    // With some time to spare, for what is being written.
    const writtenSince = new Date(this.#trimmedAt - TRIM_INTERVAL_MS);
    await store.trimEvents({ perRuntime: keepEvents.perRuntime, since, writtenSince });
    this.#trimmedAt = now;
  }

  /** The answer to its insert was lost, and so nobody took care of it. */
  async #giveUp(runtime: Runtime): Promise<void> {
    const message = 'The service lost the runtime before it was up.';
    const failure = { code: 'runtime.lost', message };
    if (await this.#options.store.move(runtime, { to: 'failed', failure })) {
      this.#options.log.error({ runtimeId: runtime.id }, 'a runtime that nobody held was failed');
    }
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearInterval(timer);
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import type { EventStore } from '../runtime/event-store.ts';

/** How often it is asked whether writers are done: they mostly are after one statement. */
const WRITERS_MIN_MS = 1;
const WRITERS_MAX_MS = 250;

/**
 * An id such that no event with it or a lower one will appear any more. An id is given before its
 * event is committed, so one may be there to be read when a lower one is not yet. This costs nothing
 * where nobody is writing, and otherwise the time until those who were are done.
 */
export async function settledEventId(
  store: Pick<EventStore, 'lastGivenEventId' | 'listEventWriters'>,
  until: AbortSignal,
): Promise<string> {
  const lastId = await store.lastGivenEventId();
  let writers = await store.listEventWriters();
  for (let waitMs = WRITERS_MIN_MS; writers.length > 0 && !until.aborted; waitMs *= 2) {
    await delay(Math.min(waitMs, WRITERS_MAX_MS));
    const now = await store.listEventWriters();
    writers = writers.filter((writer) => now.includes(writer));
  }
  return lastId;
}

/** The same for many who ask: whoever asks while a look is under way shares the next one. */
export class SettledEvents {
  readonly #look: () => Promise<string>;
  #underWay: Promise<unknown> = Promise.resolve();
  #next: Promise<string> | undefined;

  constructor(store: Parameters<typeof settledEventId>[0], until: AbortSignal) {
    this.#look = () => settledEventId(store, until);
  }

  id(): Promise<string> {
    this.#next ??= this.#after(this.#underWay);
    return this.#next;
  }

  async #after(underWay: Promise<unknown>): Promise<string> {
    await underWay.catch(() => undefined);
    this.#next = undefined;
    const look = this.#look();
    this.#underWay = look;
    return look;
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Actor } from '../runtime/actor.ts';
import type { EventStore } from '../runtime/event-store.ts';
import type { EventFilter, RuntimeEvent } from '../runtime/events.ts';
import type { WakeUps } from './wake-ups.ts';

/** Events that another service wrote wake nobody here, so whoever waits looks now and then. */
const LOOK_AGAIN_MS = 2000;
/** How often it is asked whether writers are done: they mostly are after one statement. */
const WRITERS_MIN_MS = 1;
const WRITERS_MAX_MS = 250;
const BATCH = 100;

export interface OrganizationEventsParts {
  store: EventStore;
  wakeUps: WakeUps;
  /** Aborts when nothing more will happen. */
  closed: AbortSignal;
}

export interface OrganizationEventFilter extends Pick<EventFilter, 'types'> {
  after?: string | undefined;
}

/** A part of the stream. */
export interface EventPage {
  events: RuntimeEvent[];
  /** Whoever goes on after it misses nothing of what comes later. */
  position: string;
}

/**
 * Reads what happens to all runtimes of an organization, in the order of ids. An id is given before its
 * event is committed, so one may be there to be read when a lower one is not yet. So it is read no
 * further than to where all are settled: that costs nothing where nobody is writing, and otherwise the
 * time until those who were are done.
 */
export class OrganizationEvents {
  readonly #parts: OrganizationEventsParts;

  constructor(parts: OrganizationEventsParts) {
    this.#parts = parts;
  }

  /**
   * What matches, as it happens, until one of `signals` aborts or the service shuts down; without
   * `after`, from now on. The first page says from where, and one may have nothing but a position.
   */
  async *watch(
    actor: Actor,
    { after, types }: OrganizationEventFilter,
    signals: readonly AbortSignal[],
  ): AsyncGenerator<EventPage, void> {
    const { store, wakeUps, closed } = this.#parts;
    const { organizationId, workspaceIds } = actor;
    const until = AbortSignal.any([...signals, closed]);
    let upTo = await this.#settled(until);
    let position = earlier(after ?? upTo, upTo);
    yield { events: [], position };
    while (!until.aborted) {
      using call = wakeUps.expect(organizationId, until, LOOK_AGAIN_MS);
      upTo = await this.#settled(until);
      for (;;) {
        const range = { after: position, upTo, types, workspaceIds };
        const { events, reached } = await store.listOrganizationEvents(
          organizationId,
          range,
          BATCH,
        );
        if (reached === undefined || until.aborted) break;
        position = reached;
        yield { events, position };
      }
      await call.heard;
    }
  }

  /** An id such that no event with it or a lower one will appear any more. */
  async #settled(until: AbortSignal): Promise<string> {
    const { store } = this.#parts;
    const lastId = await store.lastGivenEventId();
    let writers = await store.listEventWriters();
    for (let waitMs = WRITERS_MIN_MS; writers.length > 0 && !until.aborted; waitMs *= 2) {
      await delay(Math.min(waitMs, WRITERS_MAX_MS));
      const now = await store.listEventWriters();
      writers = writers.filter((writer) => now.includes(writer));
    }
    return lastId;
  }
}

/** An id that was not given yet would hide those that are. */
function earlier(one: string, other: string): string {
  return BigInt(one) < BigInt(other) ? one : other;
}

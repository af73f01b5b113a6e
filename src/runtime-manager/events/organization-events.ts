import type { Actor } from '../runtime/actor.ts';
import type { EventStore } from '../runtime/event-store.ts';
import type { EventFilter, RuntimeEvent } from '../runtime/events.ts';
import { settledEventId } from './settled-events.ts';
import type { WakeUps } from './wake-ups.ts';

/** Events that another service wrote wake nobody here, so whoever waits looks now and then. */
const LOOK_AGAIN_MS = 2000;
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
 * Reads what happens to all runtimes of an organization, in the order of ids, and no further than to
 * where all are settled (`settledEventId`).
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
    let upTo = await settledEventId(store, until);
    let position = earlier(after ?? upTo, upTo);
    yield { events: [], position };
    while (!until.aborted) {
      using call = wakeUps.expect(organizationId, until, LOOK_AGAIN_MS);
      upTo = await settledEventId(store, until);
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
}

/** An id that was not given yet would hide those that are. */
function earlier(one: string, other: string): string {
  return BigInt(one) < BigInt(other) ? one : other;
}

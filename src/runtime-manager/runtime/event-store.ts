import type { EventBatch, EventFilter, EventRange, NewEvent, RuntimeEvent } from './events.ts';
import type { RuntimeLife } from './runtime.ts';

/** Where the events of runtimes are recorded. */
export interface EventStore {
  appendEvents(life: RuntimeLife, events: readonly NewEvent[]): Promise<void>;
  /** Oldest first. */
  listEvents(
    organizationId: string,
    runtimeId: string,
    filter: EventFilter,
    limit: number,
  ): Promise<RuntimeEvent[]>;
  /** The id of a runtime's newest event; '0' when it has none. */
  lastEventId(organizationId: string, runtimeId: string): Promise<string>;

  /** Looks at up to `limit` events of an organization, oldest first. */
  listOrganizationEvents(
    organizationId: string,
    range: EventRange,
    limit: number,
  ): Promise<EventBatch>;
  /** The highest id that any event was given so far, also one that is not committed yet. */
  lastGivenEventId(): Promise<string>;
  /**
   * Whoever is just writing events, by names that nobody else gets. One that began before
   * `lastGivenEventId` was asked is among them until what it wrote can be read.
   */
  listEventWriters(): Promise<string[]>;
}

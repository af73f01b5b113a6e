import type { EventFilter, NewEvent, RuntimeEvent } from './events.ts';
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
}

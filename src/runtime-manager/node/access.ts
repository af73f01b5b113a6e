import type { Connection } from '../connections/connections.ts';
import type { Endpoints } from '../connections/endpoints.ts';
import { assertNotExpired, type ReadTicket } from '../connections/tickets.ts';
import { RuntimeError } from '../errors.ts';
import type { LiveRuntime } from './live-runtime.ts';
import type { RecentEnds } from './runtime-ends.ts';

/** A way into a running runtime, and what is behind it. */
export interface Entered {
  connection: Connection;
  endpoints: Endpoints;
}

/** Lets clients into the runtimes that are active here. */
export class Access {
  readonly #live: ReadonlyMap<string, LiveRuntime>;
  readonly #ends: RecentEnds;

  constructor(live: ReadonlyMap<string, LiveRuntime>, ends: RecentEnds) {
    this.#live = live;
    this.#ends = ends;
  }

  /**
   * The way in that a ticket opens. An expired ticket still opens it to a request about an open
   * session: whoever is in stays, over whatever protocol. Throws `connection.ticket_expired`,
   * `runtime.not_active` or `connection.revoked`.
   */
  enter(ticket: ReadTicket, path = ''): Entered {
    if (!this.#isInSession(ticket, path)) assertNotExpired(ticket);
    const { live, endpoints } = this.reachable(ticket.runtimeId);
    const connection = live.connections.find(ticket.connectionId);
    if (connection) return { connection, endpoints };
    throw new RuntimeError('connection.revoked', 'This connection was revoked.');
  }

  /** Throws `runtime.not_active`, with how the runtime ended. */
  reachable(runtimeId: string): { live: LiveRuntime; endpoints: Endpoints } {
    const live = this.#live.get(runtimeId);
    if (live?.endpoints) return { live, endpoints: live.endpoints };
    const howItEnded = this.#ends.find(runtimeId);
    throw new RuntimeError(
      'runtime.not_active',
      howItEnded ?? 'The runtime is over or not up yet.',
    );
  }

  #isInSession({ runtimeId, connectionId }: ReadTicket, path: string): boolean {
    const live = this.#live.get(runtimeId);
    const connection = live?.connections.find(connectionId);
    return connection !== undefined && live?.endpoints?.isInSession(connection, path) === true;
  }
}

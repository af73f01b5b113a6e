import { isForDrivers, type Connection } from '../connections/connections.ts';
import { assertNotExpired, type ReadTicket } from '../connections/tickets.ts';
import { RuntimeError } from '../errors.ts';
import type { MachineBrowser } from '../machine/browser-machine.ts';
import type { RuntimeLife } from '../runtime/runtime.ts';
import type { Companions } from './companions.ts';
import type { LiveRuntime } from './live-runtime.ts';
import type { RecentEnds } from './runtime-ends.ts';

/** A way into a running runtime, and what is behind it. */
export interface Entered {
  connection: Connection;
  endpoints: MachineBrowser['endpoints'];
  companions: Companions;
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
    const open = this.#open(ticket.runtimeId);
    if (!open) throw this.#notActive(ticket.runtimeId);
    // Each life has ids of its own for its connections.
    const connection = open.live.connections.find(ticket.connectionId);
    if (connection) {
      return { connection, endpoints: open.endpoints, companions: open.live.companions };
    }
    throw new RuntimeError('connection.revoked', 'This connection was revoked.');
  }

  /** The life of a runtime that is up. Throws `runtime.not_active`, with how it ended. */
  reachable({ id, generation }: Pick<RuntimeLife, 'id' | 'generation'>): LiveRuntime {
    const live = this.#open(id)?.live;
    if (live?.runtime.generation === generation) return live;
    throw this.#notActive(id);
  }

  #open(runtimeId: string) {
    const live = this.#live.get(runtimeId);
    return live?.endpoints && { live, endpoints: live.endpoints };
  }

  #notActive(runtimeId: string): RuntimeError {
    const howItEnded = this.#ends.find(runtimeId);
    return new RuntimeError(
      'runtime.not_active',
      howItEnded ?? 'The runtime has ended, or is not running yet.',
    );
  }

  #isInSession({ runtimeId, connectionId }: ReadTicket, path: string): boolean {
    const live = this.#live.get(runtimeId);
    const connection = live?.connections.find(connectionId);
    if (!connection || !isForDrivers(connection)) return false;
    return live?.endpoints?.isInSession(connection, path) === true;
  }
}

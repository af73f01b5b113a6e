import type { Access } from '../runtime/access.ts';
import type { Connection } from '../connections/connections.ts';
import type { Protocol } from '../runtime/access.ts';
import type { Endpoints } from '../connections/endpoints.ts';
import { assertNotExpired, Tickets, type Ticket, type TicketKeys } from '../connections/tickets.ts';
import { RuntimeError } from '../errors.ts';
import type { LiveRuntime } from './live-runtime.ts';
import type { RecentEnds } from './runtime-ends.ts';
import type { Runtime } from '../runtime/runtime.ts';

export interface ConnectionRequest {
  protocol: Protocol;
  access: Access;
  /** How long its ticket lets clients in; undefined for the configured time. */
  ttlMs: number | undefined;
}

/** A ticket for each protocol. */
export type IssuedTickets = Record<Protocol, string> & { expiresAt: Date };

export interface TicketOptions {
  ticketKeys: TicketKeys;
  /** How long a connection ticket may be redeemed. */
  ticketTtlMs: number;
}

/** A way into a running runtime, and what is behind it. */
export interface Entrance {
  runtimeId: string;
  connection: Connection;
  endpoints: Endpoints;
}

/** The ways into the runtimes that are active here, and the tickets that open them. */
export class RuntimeAccess {
  readonly #live: ReadonlyMap<string, LiveRuntime>;
  readonly #ends: RecentEnds;
  readonly #tickets: Tickets;
  readonly #ticketTtlMs: number;

  constructor(
    live: ReadonlyMap<string, LiveRuntime>,
    ends: RecentEnds,
    { ticketKeys, ticketTtlMs }: TicketOptions,
  ) {
    this.#live = live;
    this.#ends = ends;
    this.#tickets = new Tickets(ticketKeys);
    this.#ticketTtlMs = ticketTtlMs;
  }

  /** Tickets for every protocol, or undefined when the runtime cannot be connected to here. */
  issueTickets({ id }: Runtime): IssuedTickets | undefined {
    const live = this.#live.get(id);
    if (!live?.endpoints) return undefined;
    const expiresAt = new Date(Date.now() + this.#ticketTtlMs);
    const issue = (protocol: Protocol) => this.#sign(id, live.connections.own(protocol), expiresAt);
    return {
      cdp: issue('cdp'),
      playwright: issue('playwright'),
      webdriver: issue('webdriver'),
      expiresAt,
    };
  }

  /**
   * The way in that a ticket opens. An expired one still does for a request about a session that is
   * open: whoever is in stays, over whatever protocol. Throws `connection.ticket_invalid`,
   * `connection.ticket_expired`, `runtime.not_active` or `connection.revoked`.
   */
  enterByTicket(text: string, path = ''): Entrance {
    const ticket = this.#tickets.read(text);
    if (!this.#isInSession(ticket, path)) assertNotExpired(ticket);
    const { live, endpoints } = this.#reachable(ticket.runtimeId);
    const connection = live.connections.find(ticket.connectionId);
    if (connection) return { runtimeId: ticket.runtimeId, connection, endpoints };
    throw new RuntimeError('connection.revoked', 'This connection was revoked.');
  }

  /** The runtime's own way in, for one who may ask for it. Throws `runtime.not_active`. */
  enter({ id }: Runtime, protocol: Protocol): Entrance {
    const { live, endpoints } = this.#reachable(id);
    return { runtimeId: id, connection: live.connections.own(protocol), endpoints };
  }

  /** A ticket for a way in that a client came by, for the other addresses that it is told. */
  ticketOf({ runtimeId, connection }: Entrance): string {
    const expiresAt = connection.expiresAt ?? new Date(Date.now() + this.#ticketTtlMs);
    return this.#sign(runtimeId, connection, expiresAt);
  }

  /** A way in of its own for some client, with its ticket. Throws `runtime.not_active`. */
  create(
    { id }: Runtime,
    { protocol, access, ttlMs }: ConnectionRequest,
  ): { connection: Connection; ticket: string; expiresAt: Date } {
    const expiresAt = new Date(Date.now() + (ttlMs ?? this.#ticketTtlMs));
    const connection = this.#reachable(id).live.connections.create(protocol, access, expiresAt);
    return { connection, ticket: this.#sign(id, connection, expiresAt), expiresAt };
  }

  /** The ways into a runtime, newest first; none when it is over. */
  list({ id }: Runtime): Connection[] {
    return this.#live.get(id)?.connections.list() ?? [];
  }

  /** Ends a way in and sends away who came by it. Throws `connection.not_found`. */
  revoke({ id }: Runtime, connectionId: string): Connection {
    const revoked = this.#live.get(id)?.connections.revoke(connectionId);
    if (revoked) return revoked;
    throw new RuntimeError('connection.not_found', 'There is no such connection.');
  }

  #isInSession({ runtimeId, connectionId }: Ticket, path: string): boolean {
    const live = this.#live.get(runtimeId);
    const connection = live?.connections.find(connectionId);
    return connection !== undefined && live?.endpoints?.isInSession(connection, path) === true;
  }

  #sign(runtimeId: string, { id, protocol, access }: Connection, expiresAt: Date): string {
    return this.#tickets.sign({ runtimeId, connectionId: id, protocol, access, expiresAt });
  }

  #reachable(runtimeId: string): { live: LiveRuntime; endpoints: Endpoints } {
    const live = this.#live.get(runtimeId);
    if (live?.endpoints) return { live, endpoints: live.endpoints };
    const howItEnded = this.#ends.find(runtimeId);
    throw new RuntimeError(
      'runtime.not_active',
      howItEnded ?? 'The runtime is over or not up yet.',
    );
  }
}

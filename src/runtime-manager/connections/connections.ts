import { randomUUID } from 'node:crypto';
import type { Driver } from '../lifecycle.ts';
import type { Access } from './cdp-policy.ts';

export const PROTOCOLS = ['cdp', 'playwright', 'webdriver'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** Who wants to know of clients that come and go. */
export interface ConnectionEvents {
  attached: (connection: Connection, driver: Driver | undefined) => void;
  detached: (connection: Connection) => void;
}

/** One way into a runtime, which any number of clients may use until it is revoked. */
export class Connection {
  readonly id = randomUUID();
  readonly protocol: Protocol;
  readonly access: Access;
  readonly createdAt = new Date();
  readonly expiresAt: Date | undefined;
  lastActivityAt: Date | undefined;
  readonly #events: ConnectionEvents;
  readonly #clients = new Set<(reason: string) => void>();
  #closed: string | undefined;

  /** `expiresAt`: until when clients are let in; those of the runtime itself have none. */
  constructor(events: ConnectionEvents, protocol: Protocol, access: Access, expiresAt?: Date) {
    this.#events = events;
    this.protocol = protocol;
    this.access = access;
    this.expiresAt = expiresAt;
  }

  /** Why nobody is let in any more; undefined while it is open. */
  get closed(): string | undefined {
    return this.#closed;
  }

  get attachedClients(): number {
    return this.#clients.size;
  }

  /** Counts a client until it is disposed; `close` is how it is told to go. */
  attach(driver: Driver | undefined, close: (reason: string) => void): Disposable {
    this.touch();
    this.#clients.add(close);
    this.#events.attached(this, driver);
    if (this.#closed !== undefined) close(this.#closed);
    return {
      [Symbol.dispose]: () => this.#leave(close),
    };
  }

  #leave(close: (reason: string) => void): void {
    if (this.#clients.delete(close)) this.#events.detached(this);
  }

  touch(): void {
    this.lastActivityAt = new Date();
  }

  /** Sends every client away, also one that is just coming. */
  close(reason: string): void {
    this.#closed = reason;
    for (const close of this.#clients) {
      this.#leave(close);
      close(reason);
    }
  }
}

/** The connections of one runtime: one of its own for every protocol, and those made for clients. */
export class Connections {
  readonly #events: ConnectionEvents;
  readonly #own = new Map<Protocol, Connection>();
  readonly #all = new Map<string, Connection>();
  #revokedActivityAt: Date | undefined;

  constructor(events: ConnectionEvents) {
    this.#events = events;
  }

  /** The runtime's own connection of a protocol; a new one after it was revoked. */
  own(protocol: Protocol): Connection {
    const known = this.#own.get(protocol);
    if (known) return known;
    const fresh = this.#add(new Connection(this.#events, protocol, 'control'));
    this.#own.set(protocol, fresh);
    return fresh;
  }

  create(protocol: Protocol, access: Access, expiresAt: Date): Connection {
    this.#dropExpired();
    return this.#add(new Connection(this.#events, protocol, access, expiresAt));
  }

  get attachedClients(): number {
    return [...this.#all.values()].reduce((sum, { attachedClients }) => sum + attachedClients, 0);
  }

  find(id: string): Connection | undefined {
    return this.#all.get(id);
  }

  /** When any client was last active, also by a way that is revoked now. */
  get lastActivityAt(): Date | undefined {
    return [...this.#all.values()].reduce(
      (latest, { lastActivityAt }) => later(latest, lastActivityAt),
      this.#revokedActivityAt,
    );
  }

  /** Newest first. */
  list(): Connection[] {
    this.#dropExpired();
    return [...this.#all.values()].toReversed();
  }

  /** Lets nobody in by it any more and closes who is; undefined when there is none. */
  revoke(id: string): Connection | undefined {
    const connection = this.#all.get(id);
    if (!connection) return undefined;
    this.#all.delete(id);
    this.#revokedActivityAt = later(this.#revokedActivityAt, connection.lastActivityAt);
    if (this.#own.get(connection.protocol) === connection) this.#own.delete(connection.protocol);
    connection.close('The connection was revoked.');
    return connection;
  }

  close(reason: string): void {
    for (const connection of this.#all.values()) connection.close(reason);
  }

  #add(connection: Connection): Connection {
    this.#all.set(connection.id, connection);
    return connection;
  }

  /** What has expired and has no client left is of no use. */
  #dropExpired(): void {
    const now = new Date();
    for (const { id, expiresAt, attachedClients } of this.#all.values()) {
      if (expiresAt && expiresAt <= now && attachedClients === 0) this.revoke(id);
    }
  }
}

function later(one: Date | undefined, other: Date | undefined): Date | undefined {
  return one && (!other || one > other) ? one : other;
}

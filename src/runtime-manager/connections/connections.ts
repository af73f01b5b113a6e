import { randomUUID } from 'node:crypto';
import type { Driver } from '../runtime/lifecycle.ts';
import {
  DRIVER_PROTOCOLS,
  PROTOCOLS,
  type Access,
  type ConnectionEpochs,
  type ConnectionProtocol,
  type DriverProtocol,
  type Protocol,
  type ViewOptions,
} from '../runtime/access.ts';
import type { RuntimeLife } from '../runtime/runtime.ts';
import { ownConnectionId } from './own-connection.ts';
import { OpenCommands } from './websocket/open-commands.ts';

/** Called when a client attaches to a connection, and when it detaches. */
export interface ConnectionEvents {
  attached: (connection: Connection, driver: Driver | undefined) => void;
  detached: (connection: Connection) => void;
}

/** When something happened: as a date for people, and by `performance.now()`. */
export interface Moment {
  at: Date;
  ms: number;
}

/** The one command of a request over plain HTTP. */
const REQUEST = '0';

/** What a connection is from its beginning. */
interface ConnectionFacts {
  id: string;
  protocol: ConnectionProtocol;
  access: Access;
  /** Until when clients are let in; a runtime's own connections have no end. */
  expiresAt?: Date | undefined;
  /** Of a live view. */
  view?: ViewOptions | undefined;
}

/** A connection that is to be made for clients. */
export type NewConnection = Omit<ConnectionFacts, 'id' | 'expiresAt'> & { expiresAt: Date };

/** One way into a runtime, which any number of clients may use until it is revoked. */
export class Connection {
  readonly id: string;
  readonly protocol: ConnectionProtocol;
  readonly access: Access;
  readonly view: ViewOptions | undefined;
  readonly createdAt = new Date();
  readonly expiresAt: Date | undefined;
  readonly #events: ConnectionEvents;
  readonly #clients = new Set<(reason: string) => void>();
  readonly #commands = new Set<OpenCommands>();
  /** By `performance.now()`. */
  readonly #expiresAtMs: number;
  readonly #over = new AbortController();
  #lastActivity: Moment | undefined;
  #closed: string | undefined;

  constructor(
    events: ConnectionEvents,
    { id, protocol, access, expiresAt, view }: ConnectionFacts,
  ) {
    this.#events = events;
    this.id = id;
    this.protocol = protocol;
    this.access = access;
    this.expiresAt = expiresAt;
    this.view = view;
    this.#expiresAtMs = expiresAt ? elapsedAt(expiresAt) : Infinity;
  }

  /** Whether this is one of the runtime's own connections. */
  get isOwn(): boolean {
    return this.expiresAt === undefined;
  }

  /** Why nobody is let in any more; undefined while the connection is open. */
  get closed(): string | undefined {
    return this.#closed;
  }

  /** Aborts when the connection is closed. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  get attachedClients(): number {
    return this.#clients.size;
  }

  /** Whether `expiresAt` has passed: no further client is let in. */
  get isExpired(): boolean {
    return performance.now() >= this.#expiresAtMs;
  }

  get lastActivity(): Moment | undefined {
    return this.#lastActivity;
  }

  /** The connection as it is now, as plain data. */
  get state() {
    const { id, protocol, access, createdAt, expiresAt, attachedClients } = this;
    const lastActivityAt = this.#lastActivity?.at;
    return { id, protocol, access, createdAt, expiresAt, attachedClients, lastActivityAt };
  }

  /**
   * Counts a client until the result is disposed; `close` tells the client to go. Whoever only
   * watches does not count as use.
   */
  attach(driver: Driver | undefined, close: (reason: string) => void): Disposable {
    if (this.protocol !== 'live') this.touch();
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
    this.#lastActivity = thisMoment();
  }

  /** The open commands of one client, to be disposed when the client has gone. */
  follow(): OpenCommands {
    const commands = new OpenCommands(() => this.#commands.delete(commands));
    this.#commands.add(commands);
    return commands;
  }

  /** Counts a request as in progress until the result is disposed or the client is `gone`. */
  request(gone: AbortSignal): Disposable {
    this.touch();
    const commands = this.follow();
    commands.begin(REQUEST);
    const end = () => {
      if (!this.#commands.has(commands)) return;
      commands[Symbol.dispose]();
      gone.removeEventListener('abort', end);
      this.touch();
    };
    gone.addEventListener('abort', end);
    if (gone.aborted) end();
    return { [Symbol.dispose]: end };
  }

  /** Counts the connection as active while a command is open, for at most `limitMs`. */
  touchIfAsked(limitMs: number): void {
    for (const commands of this.#commands) {
      if (commands.areOpen(limitMs)) return this.touch();
    }
  }

  /** Sends every client away, even one that is just attaching. */
  close(reason: string): void {
    this.#closed = reason;
    this.#over.abort(new Error(reason));
    for (const close of this.#clients) {
      this.#leave(close);
      close(reason);
    }
  }
}

/** A connection that a driver speaks its protocol over. */
export type DriverConnection = Connection & { readonly protocol: DriverProtocol };

export function isForDrivers(connection: Connection): connection is DriverConnection {
  return DRIVER_PROTOCOLS.some((protocol) => protocol === connection.protocol);
}

/** The connections of one runtime: one of its own for every protocol, and those made for clients. */
export class Connections {
  readonly #events: ConnectionEvents;
  readonly #life: Pick<RuntimeLife, 'id' | 'generation'>;
  #epochs: ConnectionEpochs = {};
  readonly #all = new Map<string, Connection>();
  /** The last activity on connections that are revoked now, or on none of them (`touch`). */
  #otherActivity: Moment | undefined;
  /** How much uses the runtime now without a connection. */
  #users = 0;

  constructor(events: ConnectionEvents, life: Pick<RuntimeLife, 'id' | 'generation'>) {
    this.#events = events;
    this.#life = life;
    for (const protocol of PROTOCOLS) this.#addOwn(protocol);
  }

  /** How often each protocol's own connection was revoked. */
  get epochs(): ConnectionEpochs {
    return this.#epochs;
  }

  create(wanted: NewConnection): Connection {
    this.#dropExpired();
    return this.#add({ id: randomUUID(), ...wanted });
  }

  get attachedClients(): number {
    return [...this.#all.values()].reduce((sum, { attachedClients }) => sum + attachedClients, 0);
  }

  find(id: string): Connection | undefined {
    return this.#all.get(id);
  }

  /** When the runtime was last in use, even by a connection that is revoked now. */
  get lastActivity(): Moment | undefined {
    return [...this.#all.values()].reduce(
      (latest, { lastActivity }) => later(latest, lastActivity),
      this.#otherActivity,
    );
  }

  /** Counts the runtime as active, because something that a client began goes on. */
  touch(): void {
    this.#otherActivity = thisMoment();
  }

  /** Counts the runtime as in use until the result is disposed. */
  use(): Disposable {
    this.touch();
    this.#users++;
    return {
      [Symbol.dispose]: () => {
        this.#users--;
        this.touch();
      },
    };
  }

  /** Counts what is in use as active, and connections with an open command, each for at most `limitMs`. */
  touchAsked(limitMs: number): void {
    if (this.#users > 0) this.touch();
    for (const connection of this.#all.values()) connection.touchIfAsked(limitMs);
  }

  /** Newest first. */
  list(): Connection[] {
    this.#dropExpired();
    return [...this.#all.values()].toReversed();
  }

  /**
   * Closes a connection to its clients and to new ones; undefined when there is no such connection.
   * A new one takes the place of a runtime's own connection.
   */
  revoke(id: string): Connection | undefined {
    const connection = this.#all.get(id);
    if (!connection) return undefined;
    this.#all.delete(id);
    this.#otherActivity = later(this.#otherActivity, connection.lastActivity);
    connection.close('The connection was revoked.');
    const { protocol } = connection;
    if (connection.isOwn && protocol !== 'live') {
      this.#epochs = { ...this.#epochs, [protocol]: (this.#epochs[protocol] ?? 0) + 1 };
      this.#addOwn(protocol);
    }
    return connection;
  }

  close(reason: string): void {
    for (const connection of this.#all.values()) connection.close(reason);
  }

  #addOwn(protocol: Protocol): void {
    const id = ownConnectionId({ ...this.#life, connectionEpochs: this.#epochs }, protocol);
    this.#add({ id, protocol, access: 'control' });
  }

  #add(facts: ConnectionFacts): Connection {
    const connection = new Connection(this.#events, facts);
    this.#all.set(connection.id, connection);
    return connection;
  }

  /** Drops connections that have expired and have no client left. */
  #dropExpired(): void {
    for (const { id, isExpired, attachedClients } of this.#all.values()) {
      if (isExpired && attachedClients === 0) this.revoke(id);
    }
  }
}

export function thisMoment(): Moment {
  return { at: new Date(), ms: performance.now() };
}

/** A date that was just computed, by `performance.now()`: unlike the clock, nobody can set that. */
export function elapsedAt(date: Date): number {
  return performance.now() + date.getTime() - Date.now();
}

function later(one: Moment | undefined, other: Moment | undefined): Moment | undefined {
  return one && (!other || one.ms > other.ms) ? one : other;
}

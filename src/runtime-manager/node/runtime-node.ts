import type { SocketRequest } from '../connections/requests.ts';
import type { ReadTicket } from '../connections/tickets.ts';
import type { Access, ConnectionProtocol, ViewOptions } from '../runtime/access.ts';
import type { RecordingOptions } from '../recording/recording.ts';
import type { Proxy } from '../runtime/launch.ts';
import type { Languages } from '../runtime/languages.ts';
import type { NewRuntime, Runtime, RuntimeLife } from '../runtime/runtime.ts';
import type { NodeCapacity, NodeLoad } from './capacity.ts';
import type { RuntimeEnd } from './runtime-record.ts';

/** A runtime that is to be made on a node. Whoever asks chooses its id, and keeps it when asking again. */
export interface CreateOrder {
  organizationId: string;
  runtime: Omit<NewRuntime, 'nodeId' | 'state' | 'running'>;
}

/** A life of a runtime that is to be up: a life under way, or the one after a life that is over. */
export interface StartOrder extends Pick<
  Runtime,
  'organizationId' | 'workspaceId' | 'id' | 'generation'
> {
  /** What is recorded from this life on; null: nothing, undefined: what was before. */
  recording?: RecordingOptions | null | undefined;
}

/** The request that a call is made for. */
export interface CallScope {
  /** Aborts when the client hangs up: then a start that nobody else waits for is given up. */
  signal?: AbortSignal | undefined;
  /** When the request arrived, by `performance.now()`: queues are in this order. */
  arrivedAt?: number | undefined;
  /** Whether the order may wait for room; otherwise `runtime.no_capacity` says at once that there is none. */
  mayWait?: boolean | undefined;
  /**
   * Delivers the running runtime to whoever asked; resolves with whether it got there. A runtime that
   * nobody has got is ended. Without this, the result is the delivery.
   */
  deliver?: ((runtime: Runtime) => Promise<boolean>) | undefined;
}

export interface ConnectionRequest {
  protocol: ConnectionProtocol;
  access: Access;
  /** Until when its ticket lets clients in. */
  expiresAt: Date;
  /** Of a live view. */
  view?: ViewOptions | undefined;
}

/** One way into a runtime, as it is at a moment. */
export interface ConnectionState {
  id: string;
  protocol: ConnectionProtocol;
  access: Access;
  createdAt: Date;
  /** Undefined for the runtime's own connections. */
  expiresAt: Date | undefined;
  attachedClients: number;
  lastActivityAt: Date | undefined;
}

/** What a client asks over plain HTTP at the address of a connection. */
export interface NodeRequest {
  method: string;
  /** The path below the connection's address, with its query. */
  path: string;
  /** The connection's address as the client sees it: an http(s) URL without a slash at its end. */
  base: string;
  /** Read only after the ticket was checked, and only as fast as the node takes it. */
  body: AsyncIterable<Uint8Array>;
  /** Aborts when the client has gone. */
  gone: AbortSignal;
  /** Names the request in logs. */
  requestId?: string | undefined;
}

/**
 * THE SEAM. A machine that owns runtimes: their browsers, everything that touches those, and all
 * writes of their rows. Plain data and one stream of bytes pass the seam; what a browser is made of
 * does not. Errors are those of `RuntimeError`.
 */
export interface RuntimeNode {
  readonly id: string;

  /**
   * Resolves with a running runtime: an order that comes twice makes one runtime, which answers both.
   * Resolves with undefined when the id is that of a runtime which is not held here. Throws as
   * `RuntimeManager.create`.
   */
  create(order: CreateOrder, scope: CallScope): Promise<Runtime | undefined>;
  /**
   * As `create`, for a later life. A life that is under way here is answered when it is up. Resolves
   * with undefined when that life can neither be begun nor is held here.
   */
  start(order: StartOrder, scope: CallScope): Promise<Runtime | undefined>;
  /**
   * Ends this life of a runtime, and no other. Resolves with the runtime as recorded, or undefined
   * when the life is not held here; with `untilGone`, only once nothing of the browser is left.
   */
  stop(
    life: RuntimeLife,
    end: RuntimeEnd,
    options?: { untilGone?: boolean },
  ): Promise<Runtime | undefined>;
  setProxy(life: RuntimeLife, proxy: Proxy | undefined): Promise<Runtime>;
  /** Has a companion of a runtime do something, by the verb's full name; the companion parses the message. */
  call(life: RuntimeLife, verb: string, message: unknown, signal: AbortSignal): Promise<unknown>;
  /** Has what happens in the pages of a runtime recorded, for so long from now. */
  observe(life: RuntimeLife, forMs: number): void;

  /** The ways into a runtime, newest first; none when it is over. */
  listConnections(life: RuntimeLife): Promise<ConnectionState[]>;
  createConnection(life: RuntimeLife, request: ConnectionRequest): Promise<ConnectionState>;
  /** Revokes a connection and sends its clients away. Throws `connection.not_found`. */
  revokeConnection(life: RuntimeLife, connectionId: string): Promise<ConnectionState>;

  /**
   * Joins a client with the browser; resolves when the client has gone. The node has the last word
   * on the ticket.
   */
  connect(ticket: ReadTicket, asked: SocketRequest): Promise<void>;
  /** Answers a request over plain HTTP; the runtime is in use until `gone` aborts, or the answer. */
  answer(ticket: ReadTicket, asked: NodeRequest): Promise<Response>;
}

/** What became of the search for a runtime that waits for any node. */
export type Adoption = 'adopted' | 'nobody_waits' | 'no_room';

/** A node in this process, which tells how its machine is. */
export interface OwnNode extends RuntimeNode {
  /** What its browsers can speak. */
  readonly languages: Languages;
  /** Whether its browsers can be driven by WebDriver. */
  readonly hasWebDriver: boolean;
  readonly load: NodeLoad;
  /** The load, and how the machine fares. */
  readonly capacity: NodeCapacity;
  /** Whether it takes no more runtimes. */
  readonly isDraining: boolean;
  /** Takes no more runtimes from now on, and keeps nothing ready for any. Those that are here go on. */
  drain(): void;
  undrain(): void;
  /** Ends all runtimes that are here. */
  endAll(end: RuntimeEnd): Promise<void>;
  /** Somebody may be about to create a runtime. */
  anticipate(): void;
  /** Whether a create could launch a browser now. */
  isReady(): Promise<boolean>;
  /** Whether runtimes wait for any node: they come first, and orders that may not wait are declined. */
  othersWait: boolean;
  /**
   * Takes a place for a runtime that waits for any node, has `pull` record it as this node's, and
   * brings it up. Whoever waits for it joins it by `start`: nobody within 4 s of its being up, and it
   * is given up.
   */
  adopt(pull: () => Promise<Runtime | undefined>): Promise<Adoption>;
  /** Calls `look` whenever there may be room again. */
  onRoom(look: () => void): Disposable;
  /**
   * Others take this node for lost: ends every browser at once, leaves the states of profiles as a
   * crash does, and takes nothing more until `resume`.
   */
  fence(): Promise<void>;
  resume(): void;
}

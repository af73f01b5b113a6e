import { Readable } from 'node:stream';
import type { SocketRequest } from './connections/requests.ts';
import { ownConnectionId } from './connections/own-connection.ts';
import {
  ticketInvalid,
  type ReadTicket,
  type Ticket,
  type Tickets,
} from './connections/tickets.ts';
import { wrongAddress } from './connections/wrong-address.ts';
import { nodeOf, type Nodes } from './node/nodes.ts';
import type { ConnectionRequest, ConnectionState, NodeRequest } from './node/runtime-node.ts';
import { connectionNotFound, notActive } from './node/runtime-ends.ts';
import type { ToolCall } from './operations/tool-call.ts';
import { DRIVER_PROTOCOLS, PROTOCOLS, type Protocol } from './runtime/access.ts';
import { statusOf } from './runtime/lifecycle.ts';
import type { Runtime } from './runtime/runtime.ts';

/** Until the node has read the ticket. */
const SERVICE_TICKET_MS = 60_000;

/** A ticket for each protocol. */
export interface IssuedTickets {
  tickets: ReadonlyMap<Protocol, string>;
  expiresAt: Date;
}

export interface RuntimeAccessOptions {
  nodes: Nodes;
  tickets: Tickets;
  /** How long a ticket lets clients in. */
  ticketTtlMs: number;
}

/** What the service itself asks a companion, with a message as JSON. */
export interface Question {
  path: string;
  message?: unknown;
}

/** The ways into runtimes, wherever they run, and the tickets that open them. */
export class RuntimeAccess {
  readonly #options: RuntimeAccessOptions;

  constructor(options: RuntimeAccessOptions) {
    this.#options = options;
  }

  /** Tickets for every protocol, from the record alone; undefined when the runtime cannot be connected to. */
  issueTickets(runtime: Runtime): IssuedTickets | undefined {
    const { nodes, tickets } = this.#options;
    if (runtime.state !== 'running' || !nodes.find(runtime.nodeId)) return undefined;
    const expiresAt = this.#expiry();
    const issue = (protocol: Protocol) => tickets.sign(ownTicket(runtime, protocol, expiresAt));
    return {
      tickets: new Map(PROTOCOLS.map((protocol) => [protocol, issue(protocol)])),
      expiresAt,
    };
  }

  /** Reads the ticket of a program; its node has the last word on it. Throws `connection.ticket_invalid`. */
  read(ticket: string): ReadTicket {
    const read = this.#options.tickets.read(ticket);
    if (PROTOCOLS.some((protocol) => protocol === read.protocol)) return read;
    throw ticketInvalid();
  }

  /** As `read`, for whoever views this runtime. */
  readView(ticket: string, runtimeId: string): ReadTicket {
    const read = this.#options.tickets.read(ticket);
    if (read.protocol === 'live' && read.runtimeId === runtimeId) return read;
    throw ticketInvalid();
  }

  /** As `read`, for clients of MCP. Throws `connection.unsupported` for the ticket of a driver. */
  readMcp(ticket: string): ReadTicket {
    const read = this.read(ticket);
    const driver = DRIVER_PROTOCOLS.find((protocol) => protocol === read.protocol);
    if (driver) throw wrongAddress(driver, 'mcp');
    return read;
  }

  /** A ticket of the runtime's own connection, for a client that is let in by other means. */
  own(runtime: Runtime, protocol: Protocol): { ticket: ReadTicket; text: string } {
    const text = this.#options.tickets.sign(ownTicket(runtime, protocol, this.#expiry()));
    return { ticket: this.read(text), text };
  }

  /** Creates a connection for some client, with its ticket. Throws `runtime.not_active`. */
  async create(
    runtime: Runtime,
    { ttlMs, ...request }: Omit<ConnectionRequest, 'expiresAt'> & { ttlMs: number | undefined },
  ): Promise<{ connection: ConnectionState; ticket: string; expiresAt: Date }> {
    if (statusOf(runtime.state) !== 'active') throw notActive(runtime);
    const expiresAt = this.#expiry(ttlMs);
    const node = nodeOf(this.#options.nodes, runtime);
    const connection = await node.createConnection(runtime, { ...request, expiresAt });
    const said = { ...ofLife(runtime), ...request, connectionId: connection.id, expiresAt };
    return { connection, ticket: this.#options.tickets.sign(said), expiresAt };
  }

  /** The ways into a runtime, newest first; none when it is over. */
  async list(runtime: Runtime): Promise<ConnectionState[]> {
    if (statusOf(runtime.state) !== 'active') return [];
    return nodeOf(this.#options.nodes, runtime).listConnections(runtime);
  }

  /** Revokes a connection and sends its clients away. Throws `connection.not_found`. */
  async revoke(runtime: Runtime, connectionId: string): Promise<ConnectionState> {
    if (statusOf(runtime.state) !== 'active') throw connectionNotFound();
    return nodeOf(this.#options.nodes, runtime).revokeConnection(runtime, connectionId);
  }

  /** As `RuntimeNode.connect`. */
  async connect(ticket: ReadTicket, asked: SocketRequest): Promise<void> {
    return nodeOf(this.#options.nodes, ticket).connect(ticket, asked);
  }

  /** As `RuntimeNode.answer`. */
  async answer(ticket: ReadTicket, asked: NodeRequest): Promise<Response> {
    return nodeOf(this.#options.nodes, ticket).answer(ticket, asked);
  }

  /**
   * Asks a companion of a running runtime on behalf of the service itself, for an answer of any
   * size. The path begins with the companion's name. Throws `runtime.not_active`,
   * `runtime.unreachable`, or what the companion throws.
   */
  async ask(runtime: Runtime, question: string | Question, gone: AbortSignal): Promise<Response> {
    if (statusOf(runtime.state) !== 'active') throw notActive(runtime);
    const expiresAt = this.#expiry(SERVICE_TICKET_MS);
    const said = { protocol: 'service', access: 'control', connectionId: runtime.id } as const;
    const { tickets } = this.#options;
    const ticket = tickets.read(tickets.sign({ ...ofLife(runtime), ...said, expiresAt }));
    const { path, message } = typeof question === 'string' ? { path: question } : question;
    const body = message === undefined ? [] : [Buffer.from(JSON.stringify(message))];
    const method = message === undefined ? 'GET' : 'POST';
    return this.answer(ticket, { method, path, base: '', body: Readable.from(body), gone });
  }

  /** Throws as `RuntimeNode.answer`, unless this ticket of MCP lets clients in. */
  async assertAdmitted(ticket: ReadTicket, gone: AbortSignal): Promise<void> {
    const body = Readable.from([]);
    await this.answer(ticket, { method: 'GET', path: '', base: '', body, gone });
  }

  /** Calls a tool of MCP for whoever has the ticket; the answer is JSON. Throws as `RuntimeNode.answer`. */
  async callTool(ticket: ReadTicket, call: ToolCall, gone: AbortSignal): Promise<Response> {
    const body = Readable.from([Buffer.from(JSON.stringify(call))]);
    return this.answer(ticket, { method: 'POST', path: '', base: '', body, gone });
  }

  #expiry(ttlMs = this.#options.ticketTtlMs): Date {
    return new Date(Date.now() + ttlMs);
  }
}

function ofLife({ id, nodeId, generation }: Runtime) {
  return { runtimeId: id, nodeId, generation };
}

function ownTicket(runtime: Runtime, protocol: Protocol, expiresAt: Date): Ticket {
  const connectionId = ownConnectionId(runtime, protocol);
  return { ...ofLife(runtime), connectionId, protocol, access: 'control', expiresAt };
}

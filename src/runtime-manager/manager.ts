import { randomUUID } from 'node:crypto';
import type { Access } from './connections/cdp-policy.ts';
import type { Connection, Protocol } from './connections/connections.ts';
import type { Endpoints } from './connections/endpoints.ts';
import { Tickets } from './connections/tickets.ts';
import { RuntimeError } from './errors.ts';
import { assertSupported, type Launch } from './launch.ts';
import {
  RUNTIME_STATUSES,
  statesOf,
  statusOf,
  type Driver,
  type RuntimeKind,
  type RuntimeStatus,
} from './lifecycle.ts';
import { LiveRuntime, type LiveRuntimeParts } from './live-runtime.ts';
import type { Page, PageRequest, Runtime, RuntimeStore, Workspace } from './store.ts';

/** Who asks: everything happens within this organization. */
export interface Actor {
  organizationId: string;
}

export interface RuntimeRequest {
  alias: string;
  kind: RuntimeKind;
  driver: Driver;
  launch: Launch;
}

export interface ConnectionRequest {
  protocol: Protocol;
  access: Access;
  /** How long its ticket lets clients in; undefined for the configured time. */
  ttlMs: number | undefined;
}

/** A ticket for each protocol. */
export type IssuedTickets = Record<Protocol, string> & { expiresAt: Date };

/** A way into a running runtime, and what is behind it. */
export interface Entrance {
  runtimeId: string;
  connection: Connection;
  endpoints: Endpoints;
}

const SHUTDOWN = { to: 'stopped', reason: 'shutdown' } as const;

export interface RuntimeManagerOptions extends LiveRuntimeParts {
  /** How long a connection ticket may be redeemed. */
  ticketTtlMs: number;
}

/**
 * Creates, finds and ends runtimes, and owns those that are active. In every method `workspace` is
 * a workspace's id or name, and `ref` a runtime's id or alias; what does not exist for the actor
 * throws `workspace.not_found` or `runtime.not_found`.
 */
export class RuntimeManager implements AsyncDisposable {
  readonly #parts: LiveRuntimeParts;
  readonly #store: RuntimeStore;
  readonly #tickets = new Tickets();
  readonly #ticketTtlMs: number;
  readonly #live = new Map<string, LiveRuntime>();
  readonly #creating = new Set<Promise<Runtime>>();
  #closing = false;

  constructor({ ticketTtlMs, ...parts }: RuntimeManagerOptions) {
    this.#parts = parts;
    this.#store = parts.store;
    this.#ticketTtlMs = ticketTtlMs;
  }

  /**
   * Resolves with a running runtime. Throws `runtime.unsupported`, `runtime.alias_in_use`,
   * `runtime.launch_failed`, `runtime.stopped` or `service.shutting_down`.
   */
  async create(actor: Actor, workspace: string, request: RuntimeRequest): Promise<Runtime> {
    const creating = this.#create(actor, workspace, request);
    this.#creating.add(creating);
    try {
      return await creating;
    } finally {
      this.#creating.delete(creating);
    }
  }

  async get(actor: Actor, workspace: string, ref: string): Promise<Runtime> {
    const { id } = await this.#workspace(actor, workspace);
    return this.#runtime(actor, id, ref);
  }

  async list(
    actor: Actor,
    workspace: string,
    filter: { status: RuntimeStatus | undefined },
    page: PageRequest,
  ): Promise<Page<Runtime>> {
    const { id } = await this.#workspace(actor, workspace);
    const states = (filter.status ? [filter.status] : RUNTIME_STATUSES).flatMap(statesOf);
    return this.#store.list(actor.organizationId, id, { states }, page);
  }

  /** Resolves with the runtime when it is over; one that already is, is answered as it is. */
  async stop(actor: Actor, workspace: string, ref: string): Promise<Runtime> {
    const runtime = await this.get(actor, workspace, ref);
    if (statusOf(runtime.state) !== 'active') return runtime;
    const live = this.#live.get(runtime.id);
    if (live) return live.end({ to: 'stopped', reason: 'requested' });
    const now = await this.#runtime(actor, runtime.workspaceId, runtime.id);
    if (statusOf(now.state) !== 'active') return now;
    throw new RuntimeError('runtime.held_elsewhere', 'Another service holds this runtime.');
  }

  /** Removes the record of a runtime that is over, and resolves with it. Throws `runtime.active` before that. */
  async delete(actor: Actor, workspace: string, ref: string): Promise<Runtime> {
    const runtime = await this.get(actor, workspace, ref);
    if (await this.#store.remove(actor.organizationId, runtime.id)) return runtime;
    await this.#runtime(actor, runtime.workspaceId, runtime.id);
    throw new RuntimeError('runtime.active', 'The runtime is active: stop it first.');
  }

  /** Stops every runtime of a workspace that is active here, since it is to be deleted. */
  async stopAll(actor: Actor, workspace: string): Promise<void> {
    const { id } = await this.#workspace(actor, workspace);
    const lives = [...this.#live.values()].filter((live) => live.runtime.workspaceId === id);
    await Promise.all(
      lives.map((live) => live.end({ to: 'stopped', reason: 'workspace_deleted' })),
    );
  }

  /** Tickets for every protocol, or undefined when the runtime cannot be connected to here. */
  issueTickets(runtime: Runtime): IssuedTickets | undefined {
    const live = this.#live.get(runtime.id);
    if (!live?.endpoints) return undefined;
    const expiresAt = new Date(Date.now() + this.#ticketTtlMs);
    const issue = (protocol: Protocol) =>
      this.#sign(runtime.id, live.connections.own(protocol), expiresAt);
    return {
      cdp: issue('cdp'),
      playwright: issue('playwright'),
      webdriver: issue('webdriver'),
      expiresAt,
    };
  }

  /**
   * The way in that a ticket opens. Throws `connection.ticket_invalid`,
   * `connection.ticket_expired`, `runtime.not_active` or `connection.revoked`.
   */
  enterByTicket(text: string): Entrance {
    const ticket = this.#tickets.redeem(text);
    const { live, endpoints } = this.#reachable(ticket.runtimeId);
    const connection = live.connections.find(ticket.connectionId);
    if (connection) return { runtimeId: ticket.runtimeId, connection, endpoints };
    throw new RuntimeError('connection.revoked', 'This connection was revoked.');
  }

  /** The runtime's own way in, for one who may ask for it. Throws `runtime.not_active`. */
  async enter(actor: Actor, workspace: string, ref: string, protocol: Protocol): Promise<Entrance> {
    const { id } = await this.get(actor, workspace, ref);
    const { live, endpoints } = this.#reachable(id);
    return { runtimeId: id, connection: live.connections.own(protocol), endpoints };
  }

  /** A way in of its own for some client, with its ticket. Throws `runtime.not_active`. */
  async createConnection(
    actor: Actor,
    workspace: string,
    ref: string,
    { protocol, access, ttlMs }: ConnectionRequest,
  ): Promise<{ connection: Connection; ticket: string; expiresAt: Date }> {
    const { id } = await this.get(actor, workspace, ref);
    const expiresAt = new Date(Date.now() + (ttlMs ?? this.#ticketTtlMs));
    const connection = this.#reachable(id).live.connections.create(protocol, access, expiresAt);
    return { connection, ticket: this.#sign(id, connection, expiresAt), expiresAt };
  }

  /** The ways into a runtime, newest first; none when it is over. */
  async listConnections(actor: Actor, workspace: string, ref: string): Promise<Connection[]> {
    const { id } = await this.get(actor, workspace, ref);
    return this.#live.get(id)?.connections.list() ?? [];
  }

  /** Ends a way in and sends away who came by it. Throws `connection.not_found`. */
  async revokeConnection(
    actor: Actor,
    workspace: string,
    ref: string,
    connectionId: string,
  ): Promise<Connection> {
    const { id } = await this.get(actor, workspace, ref);
    const revoked = this.#live.get(id)?.connections.revoke(connectionId);
    if (revoked) return revoked;
    throw new RuntimeError('connection.not_found', 'There is no such connection.');
  }

  /** Whether a create could launch a browser now. */
  async isReady(): Promise<boolean> {
    return !this.#closing && (await this.#parts.node.isLaunchable());
  }

  /** Stops every runtime, also those still being created; more are refused from now on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    const lives = [...this.#live.values()];
    const ends = await Promise.allSettled(lives.map((live) => live.end(SHUTDOWN)));
    for (const end of ends) {
      if (end.status === 'rejected') this.#parts.log.error({ err: end.reason }, 'a stop failed');
    }
    await Promise.allSettled(this.#creating);
  }

  async #create(actor: Actor, workspace: string, request: RuntimeRequest): Promise<Runtime> {
    const { id: workspaceId, storageWorkspace } = await this.#workspace(actor, workspace);
    assertSupported(request.launch);
    const id = randomUUID();
    const nodeId = this.#parts.node.id;
    this.#assertOpen();
    const created = { ...request, id, workspaceId, nodeId, storageWorkspace };
    const runtime = await this.#store.insert(actor.organizationId, created);
    const live = new LiveRuntime(runtime, this.#parts, () => this.#live.delete(id));
    this.#live.set(id, live);
    const starting = live.start();
    if (this.#closing) await live.end(SHUTDOWN);
    return starting;
  }

  #sign(runtimeId: string, { id, protocol, access }: Connection, expiresAt: Date): string {
    return this.#tickets.sign({ runtimeId, connectionId: id, protocol, access, expiresAt });
  }

  #reachable(runtimeId: string): { live: LiveRuntime; endpoints: Endpoints } {
    const live = this.#live.get(runtimeId);
    if (live?.endpoints) return { live, endpoints: live.endpoints };
    throw new RuntimeError('runtime.not_active', 'The runtime is over or not up yet.');
  }

  #assertOpen(): void {
    if (!this.#closing) return;
    throw new RuntimeError('service.shutting_down', 'The service is shutting down.');
  }

  async #workspace(actor: Actor, workspace: string): Promise<Workspace> {
    const found = await this.#store.findWorkspace(actor.organizationId, workspace);
    if (found) return found;
    throw new RuntimeError('workspace.not_found', 'There is no such workspace.');
  }

  async #runtime(actor: Actor, workspaceId: string, ref: string): Promise<Runtime> {
    const found = await this.#store.find(actor.organizationId, workspaceId, ref);
    if (found) return found;
    throw new RuntimeError('runtime.not_found', 'There is no such runtime.');
  }
}

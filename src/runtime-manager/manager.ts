import { randomUUID } from 'node:crypto';
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
import type { DebuggingEndpoint } from './node/runtime-node.ts';
import type { Page, PageRequest, Runtime, RuntimeStore, Workspace } from './store.ts';
import { Tickets, type SignedTicket } from './connections/tickets.ts';

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
  readonly #tickets: Tickets;
  readonly #live = new Map<string, LiveRuntime>();
  readonly #creating = new Set<Promise<Runtime>>();
  #closing = false;

  constructor({ ticketTtlMs, ...parts }: RuntimeManagerOptions) {
    this.#parts = parts;
    this.#store = parts.store;
    this.#tickets = new Tickets(ticketTtlMs);
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
    if (live) return live.end({ to: 'stopped' });
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

  /** Stops every runtime of a workspace that is active here. */
  async stopAll(actor: Actor, workspace: string): Promise<void> {
    const { id } = await this.#workspace(actor, workspace);
    const lives = [...this.#live.values()].filter((live) => live.runtime.workspaceId === id);
    await Promise.all(lives.map((live) => live.end({ to: 'stopped' })));
  }

  /** A ticket that opens the runtime's browser, or undefined when there is none to open here. */
  issueTicket(runtime: Runtime): SignedTicket | undefined {
    const live = this.#live.get(runtime.id);
    return live?.endpoint ? this.#tickets.issue(runtime.id) : undefined;
  }

  /**
   * Where the browser of a ticket's runtime listens. Throws `connection.ticket_invalid`,
   * `connection.ticket_expired` or `runtime.not_active`.
   */
  redeemTicket(ticket: string): { runtimeId: string; endpoint: DebuggingEndpoint } {
    const runtimeId = this.#tickets.redeem(ticket);
    const endpoint = this.#live.get(runtimeId)?.endpoint;
    if (endpoint) return { runtimeId, endpoint };
    throw new RuntimeError('runtime.not_active', 'The runtime of this ticket is over.');
  }

  /** Whether a create could launch a browser now. */
  async isReady(): Promise<boolean> {
    return !this.#closing && (await this.#parts.node.isLaunchable());
  }

  /** Stops every runtime, also those still being created; more are refused from now on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    const lives = [...this.#live.values()];
    const ends = await Promise.allSettled(lives.map((live) => live.end({ to: 'stopped' })));
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
    if (this.#closing) await live.end({ to: 'stopped' });
    return starting;
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

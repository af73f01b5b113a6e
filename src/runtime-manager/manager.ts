import type { z } from 'zod';
import { RuntimeAccess, type RuntimeAccessOptions } from './access.ts';
import type { CompanionVerb } from './companion.ts';
import { RuntimeError } from './errors.ts';
import { OrganizationEvents } from './events/organization-events.ts';
import { RuntimeEvents } from './events/runtime-events.ts';
import type { WakeUps } from './events/wake-ups.ts';
import type { Extensions } from './extensions/extensions.ts';
import { joinFirstClient, type FirstClient } from './first-client.ts';
import { nodeOf } from './node/nodes.ts';
import { changing } from './node/runtime-ends.ts';
import type { CallScope, RuntimeNode } from './node/runtime-node.ts';
import { maySee, type Actor } from './runtime/actor.ts';
import type { Proxy } from './runtime/launch.ts';
import { RUNTIME_STATUSES, statesOf, statusOf, type RuntimeStatus } from './runtime/lifecycle.ts';
import { newRuntime, type RuntimeRequest } from './runtime/new-runtime.ts';
import type { Page, PageRequest, Runtime, TimeLimits } from './runtime/runtime.ts';
import type { RuntimeFilter, RuntimeStore } from './runtime/runtime-store.ts';
import { workspaceNotFound } from './workspaces/workspaces.ts';

export interface RuntimeManagerOptions extends RuntimeAccessOptions {
  store: RuntimeStore;
  /** The limits for requests that name none. */
  timeLimits: TimeLimits;
  extensions: Extensions;
  wakeUps: WakeUps;
}

interface ListFilter extends Pick<RuntimeFilter, 'workspaceIds'> {
  /** Undefined: any. */
  status: RuntimeStatus | undefined;
}

/** How often a request begins anew because the runtime changed meanwhile. */
const ATTEMPTS = 50;
const REQUESTED = { to: 'stopped', reason: 'requested' } as const;

/**
 * Finds, lists and places runtimes; the node that owns a runtime does everything else with it. In
 * every method `workspace` is a workspace's id or name, and `ref` a runtime's id or alias. Methods
 * throw `workspace.not_found` or `runtime.not_found` for what does not exist for the actor, and
 * `runtime.held_elsewhere` for what another service holds.
 */
export class RuntimeManager implements Disposable {
  readonly access: RuntimeAccess;
  readonly events: RuntimeEvents;
  readonly organizationEvents: OrganizationEvents;
  readonly #options: RuntimeManagerOptions;
  /** Aborts when nothing more will happen. */
  readonly #closed = new AbortController();

  constructor(options: RuntimeManagerOptions) {
    const { store, wakeUps, nodes } = options;
    this.#options = options;
    const closed = this.#closed.signal;
    this.access = new RuntimeAccess(options);
    this.events = new RuntimeEvents({
      store,
      wakeUps,
      observe: (runtime, forMs) => nodes.find(runtime.nodeId)?.observe(runtime, forMs),
      closed,
    });
    this.organizationEvents = new OrganizationEvents({ store, wakeUps, closed });
  }

  /**
   * Resolves with a running runtime. Throws `workspace.not_found`, `runtime.alias_in_use`,
   * `runtime.quota_exceeded`, `runtime.no_capacity`, `runtime.launch_failed`, `runtime.stopped`,
   * `service.shutting_down`; for a proxy what `setProxy` throws; for extensions
   * `extension.not_found`, `extension.conflict` or `extension.load_failed`; and for a profile
   * `profile.not_found`, `profile.in_use`, `profile.version_damaged` or `profile.locale_unavailable`.
   */
  async create(
    actor: Actor,
    workspace: string,
    request: RuntimeRequest,
    scope: CallScope = {},
  ): Promise<Runtime> {
    const { nodes, extensions, timeLimits } = this.#options;
    const { launch } = request;
    const extensionIds = (launch.mode === 'ephemeral' && launch.extensionIds) || [];
    await extensions.resolve(actor.organizationId, extensionIds);
    // The insert finds the workspace by itself, but does not know what an actor may see.
    const place = actor.workspaceIds ? (await this.#workspace(actor, workspace)).id : workspace;
    const runtime = newRuntime(request, place, timeLimits);
    return nodes.place().create({ organizationId: actor.organizationId, runtime }, scope);
  }

  async get(actor: Actor, workspace: string, ref: string): Promise<Runtime> {
    const found = await this.#options.store.find(actor.organizationId, workspace, ref);
    if (found && maySee(actor, found.workspaceId)) return found;
    await this.#workspace(actor, workspace);
    throw new RuntimeError('runtime.not_found', 'There is no such runtime.');
  }

  /** As `get`, for callers that need the browser. */
  async getHere(actor: Actor, workspace: string, ref: string): Promise<Runtime> {
    const runtime = await this.get(actor, workspace, ref);
    this.#nodeOf(runtime);
    return runtime;
  }

  async list(
    actor: Actor,
    workspace: string,
    filter: { status: RuntimeStatus | undefined },
    page: PageRequest,
  ): Promise<Page<Runtime>> {
    const { id } = await this.#workspace(actor, workspace);
    return this.#list(actor, { ...filter, workspaceIds: [id] }, page);
  }

  /** Those of all workspaces that the actor may see, newest first. */
  listAll(
    actor: Actor,
    filter: { status: RuntimeStatus | undefined },
    page: PageRequest,
  ): Promise<Page<Runtime>> {
    return this.#list(actor, { ...filter, workspaceIds: actor.workspaceIds }, page);
  }

  /**
   * Brings a runtime that is over up again, one generation later. One that is active is answered
   * when it is up, and one that is being stopped is brought up after that. Throws what `create`
   * throws.
   */
  async start(
    actor: Actor,
    workspace: string,
    ref: string,
    scope: CallScope = {},
  ): Promise<Runtime> {
    const runtime = await this.get(actor, workspace, ref);
    return this.#nodeOf(runtime).start(runtime, scope);
  }

  /** Stops a runtime if it is active, and starts it. */
  async restart(
    actor: Actor,
    workspace: string,
    ref: string,
    scope: CallScope = {},
  ): Promise<Runtime> {
    // Then the place on the machine is free again.
    const { id, workspaceId } = await this.#stop(actor, { workspace, ref, untilGone: true });
    return this.start(actor, workspaceId, id, scope);
  }

  /** Resolves with the runtime when it is over, at once when it already is. */
  stop(actor: Actor, workspace: string, ref: string): Promise<Runtime> {
    return this.#stop(actor, { workspace, ref, untilGone: false });
  }

  async #stop(
    actor: Actor,
    { workspace, ref, untilGone }: { workspace: string; ref: string; untilGone: boolean },
  ): Promise<Runtime> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const runtime = await this.get(actor, workspace, ref);
      if (statusOf(runtime.state) !== 'active') return runtime;
      const over = await this.#nodeOf(runtime).stop(runtime, REQUESTED, { untilGone });
      if (over) return over;
    }
    throw changing();
  }

  /**
   * Sends the traffic of a running runtime through another proxy, or directly. Throws
   * `runtime.not_active` when the runtime does not run, and for a proxy `proxy.unreachable`,
   * `proxy.auth_failed`, `proxy.timeout`, `proxy.protocol_error` or `proxy.not_allowed`; then the
   * traffic goes as before.
   */
  async setProxy(
    actor: Actor,
    workspace: string,
    ref: string,
    proxy: Proxy | undefined,
  ): Promise<Runtime> {
    const runtime = await this.get(actor, workspace, ref);
    return this.#nodeOf(runtime).setProxy(runtime, proxy);
  }

  /** Has a companion of a running runtime do something. Throws `runtime.not_active`, or as the verb says. */
  async call<Message extends z.ZodType, Answer extends z.ZodType>(
    runtime: Runtime,
    verb: CompanionVerb<Message, Answer>,
    message: z.input<Message>,
    signal: AbortSignal,
  ): Promise<z.output<Answer>> {
    const answer = await this.#nodeOf(runtime).call(runtime, verb.name, message, signal);
    return verb.answer.parse(answer);
  }

  /** As `joinFirstClient`, by CDP. */
  joinFirst(runtime: Runtime, client: FirstClient): Promise<void> {
    const { ticket } = this.access.own(runtime, 'cdp');
    return joinFirstClient(this.#nodeOf(runtime), runtime, ticket, client);
  }

  /**
   * Removes the record of a runtime that is over, and resolves with it. Throws `runtime.active`
   * when it is not over.
   */
  async delete(actor: Actor, workspace: string, ref: string): Promise<Runtime> {
    const runtime = await this.get(actor, workspace, ref);
    if (await this.#options.store.remove(actor.organizationId, runtime.id)) return runtime;
    await this.get(actor, runtime.workspaceId, runtime.id);
    throw new RuntimeError('runtime.active', 'The runtime is active: stop it first.');
  }

  /** Stops every active runtime of a workspace that is to be deleted. */
  async stopAll(actor: Actor, workspace: string): Promise<void> {
    const { id } = await this.#workspace(actor, workspace);
    await this.#options.nodes.place().stopWorkspace(id);
  }

  /** Throws `profile.locale_unavailable` for a language that browsers cannot have. */
  assertLocale(locale: string | undefined): void {
    this.#options.nodes.place().assertLocale(locale);
  }

  /** Somebody may be about to create a runtime. */
  anticipate(): void {
    this.#options.nodes.place().anticipate();
  }

  /** Whether a create could launch a browser now. */
  isReady(): Promise<boolean> {
    return this.#options.nodes.place().isReady();
  }

  /** Nothing more will happen to any runtime: whoever waits for events is answered. */
  [Symbol.dispose](): void {
    this.#closed.abort();
  }

  #nodeOf(runtime: Runtime): RuntimeNode {
    return nodeOf(this.#options.nodes, runtime);
  }

  #list(
    { organizationId }: Actor,
    { status, workspaceIds }: ListFilter,
    page: PageRequest,
  ): Promise<Page<Runtime>> {
    const states = (status ? [status] : RUNTIME_STATUSES).flatMap(statesOf);
    return this.#options.store.list(organizationId, { workspaceIds, states }, page);
  }

  async #workspace(actor: Actor, workspace: string): Promise<{ id: string }> {
    const found = await this.#options.store.findWorkspace(actor.organizationId, workspace);
    if (found && maySee(actor, found.id)) return found;
    throw workspaceNotFound();
  }
}

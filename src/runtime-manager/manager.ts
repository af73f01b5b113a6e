import type { z } from 'zod';
import { RuntimeAccess, type RuntimeAccessOptions } from './access.ts';
import type { CompanionVerb } from './companion.ts';
import { RuntimeError } from './errors.ts';
import { OrganizationEvents } from './events/organization-events.ts';
import { RuntimeEvents } from './events/runtime-events.ts';
import type { WakeUps } from './events/wake-ups.ts';
import type { Extensions } from './extensions/extensions.ts';
import type { SocketRequest } from './connections/requests.ts';
import { nodeOf } from './node/nodes.ts';
import { changing, notActive } from './node/runtime-ends.ts';
import type { CallScope, CreateOrder, RuntimeNode, StartOrder } from './node/runtime-node.ts';
import { failureOf } from './runtime/failures.ts';
import { maySee, type Actor } from './runtime/actor.ts';
import type { Proxy } from './runtime/launch.ts';
import { RUNTIME_STATUSES, statesOf, statusOf, type RuntimeStatus } from './runtime/lifecycle.ts';
import { newRuntime, type RuntimeRequest, type Usual } from './runtime/new-runtime.ts';
import type { Page, PageRequest, Runtime } from './runtime/runtime.ts';
import type { RuntimeFilter, RuntimeStore } from './runtime/runtime-store.ts';
import { workspaceNotFound } from './workspaces/workspaces.ts';

export interface RuntimeManagerOptions extends RuntimeAccessOptions {
  store: RuntimeStore;
  /** For requests that say nothing of it. */
  usual: Usual;
  extensions: Pick<Extensions, 'resolve'>;
  wakeUps: WakeUps;
}

/** The request that a runtime is made or started for. */
export interface RequestScope extends Pick<CallScope, 'signal' | 'arrivedAt'> {
  /** The id of a runtime that is made; whoever asks again with it gets the same runtime. */
  runtimeId?: string | undefined;
}

/** What a start may change. */
interface StartScope extends RequestScope, Pick<StartOrder, 'recording'> {}

interface ListFilter extends Pick<RuntimeFilter, 'workspaceIds'> {
  /** Undefined: any. */
  status: RuntimeStatus | undefined;
}

/** How often a request begins anew because the runtime changed meanwhile. */
const ATTEMPTS = 50;
const REQUESTED = { to: 'stopped', reason: 'requested' } as const;
const WORKSPACE_DELETED = { to: 'stopped', reason: 'workspace_deleted' } as const;
/** Ends of a runtime that nobody has heard of. */
const UNHEARD: ReadonlySet<string> = new Set(['runtime.abandoned', 'runtime.node_lost']);
/** How many runtimes of a workspace are stopped at once. */
const STOPS = 50;

/**
 * Finds, lists and places runtimes; the node that owns a runtime does everything else with it. In
 * every method `workspace` is a workspace's id or name, and `ref` a runtime's id or alias. Methods
 * throw `workspace.not_found` or `runtime.not_found` for what does not exist for the actor, and
 * `runtime.unreachable` when the node of an active runtime is out of reach.
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
    { runtimeId, ...scope }: RequestScope = {},
  ): Promise<Runtime> {
    const { nodes, extensions, usual } = this.#options;
    const { launch } = request;
    const extensionIds = (launch.mode === 'ephemeral' && launch.extensionIds) || [];
    await extensions.resolve(actor.organizationId, extensionIds);
    // The insert finds the workspace by itself, but does not know what an actor may see.
    const place = actor.workspaceIds ? (await this.#workspace(actor, workspace)).id : workspace;
    const runtime = newRuntime(request, place, { ...usual, id: runtimeId });
    const order = { organizationId: actor.organizationId, runtime };
    const made = await nodes.create(order, scope);
    return made ?? this.#join(order, scope);
  }

  /**
   * Waits until a runtime is up that an earlier order with its id began, or this one without an answer.
   * One that ended because nobody had got it, or its machine was lost, begins anew. Throws
   * `runtime.stopped` when it is over otherwise, and `service.unavailable` when nothing was begun.
   */
  async #join({ organizationId, runtime }: CreateOrder, scope: RequestScope): Promise<Runtime> {
    const { nodes, store } = this.#options;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await store.find(organizationId, runtime.workspace, runtime.id);
      if (!found) break;
      const { state, failure, generation } = found;
      const isActive = statusOf(state) === 'active';
      if (!isActive && !(failure && UNHEARD.has(failure.code))) throw endedMeanwhile();
      const joined = isActive
        ? await this.#nodeOf(found).start(found, scope)
        : await nodes.start({ ...found, generation: generation + 1 }, scope);
      if (joined) return joined;
    }
    throw changing();
  }

  async get(actor: Actor, workspace: string, ref: string): Promise<Runtime> {
    const found = await this.#options.store.find(actor.organizationId, workspace, ref);
    if (found && maySee(actor, found.workspaceId)) return found;
    await this.#workspace(actor, workspace);
    throw new RuntimeError('runtime.not_found', 'There is no such runtime.');
  }

  /** As `get`, for callers that need the browser. Throws `runtime.not_active`. */
  async getActive(actor: Actor, workspace: string, ref: string): Promise<Runtime> {
    const runtime = await this.get(actor, workspace, ref);
    if (statusOf(runtime.state) === 'active') return runtime;
    throw notActive(runtime);
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
    { recording, ...scope }: StartScope = {},
  ): Promise<Runtime> {
    const { nodes } = this.#options;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const runtime = await this.get(actor, workspace, ref);
      const { state, generation } = runtime;
      const started =
        statusOf(state) === 'active'
          ? await this.#nodeOf(runtime).start(runtime, scope)
          : await nodes.start({ ...runtime, recording, generation: generation + 1 }, scope);
      if (started) return started;
    }
    throw changing();
  }

  /** Stops a runtime if it is active, and starts it. */
  async restart(
    actor: Actor,
    workspace: string,
    ref: string,
    scope: RequestScope = {},
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
    const runtime = await this.getActive(actor, workspace, ref);
    return this.#nodeOf(runtime).setProxy(runtime, proxy);
  }

  /** Has a companion of a running runtime do something. Throws `runtime.not_active`, or as the verb says. */
  async call<Message extends z.ZodType, Answer extends z.ZodType>(
    runtime: Runtime,
    verb: CompanionVerb<Message, Answer>,
    message: z.input<Message>,
    signal: AbortSignal,
  ): Promise<z.output<Answer>> {
    if (statusOf(runtime.state) !== 'active') throw notActive(runtime);
    const answer = await this.#nodeOf(runtime).call(runtime, verb.name, message, signal);
    return verb.answer.parse(answer);
  }

  /**
   * Joins the client that a runtime was just made for, by CDP. Resolves when the client is joined, or
   * has hung up. Throws `runtime.not_active`, `runtime.unreachable` or `connection.failed` when the
   * client cannot be joined; then the runtime is ended.
   */
  async joinFirst(
    runtime: Runtime,
    asked: SocketRequest & Required<Pick<SocketRequest, 'first'>>,
  ): Promise<void> {
    const { ticket } = this.access.own(runtime, 'cdp');
    const joined = Promise.withResolvers<void>();
    const onOpen = () => {
      asked.onOpen?.();
      joined.resolve();
    };
    const over = this.access.connect(ticket, { ...asked, onOpen });
    try {
      await Promise.race([joined.promise, over]);
    } catch (error) {
      const failed = { to: 'failed', failure: failureOf(error) } as const;
      // The node may have done so already, or may be what cannot be reached.
      void this.#nodeOf(runtime)
        .stop(runtime, failed)
        .catch(() => undefined);
      throw error;
    }
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
    const filter = { status: 'active', workspaceIds: [id] } as const;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { items } = await this.#list(actor, filter, { cursor: undefined, limit: STOPS });
      if (items.length === 0) return;
      await Promise.all(items.map((one) => this.#nodeOf(one).stop(one, WORKSPACE_DELETED)));
    }
    throw changing();
  }

  /** Throws `profile.locale_unavailable` for a language that browsers cannot have. */
  assertLocale(locale: string | undefined): void {
    this.#options.nodes.languages.assertHas(locale);
  }

  /** Somebody may be about to create a runtime. */
  anticipate(): void {
    this.#options.nodes.anticipate();
  }

  /** Whether a create could launch a browser now. */
  isReady(): Promise<boolean> {
    return this.#options.nodes.isReady();
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

function endedMeanwhile(): RuntimeError {
  return new RuntimeError(
    'runtime.stopped',
    'The runtime was created, but has ended in the meantime.',
  );
}

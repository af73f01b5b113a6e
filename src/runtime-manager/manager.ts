import type { Logger } from 'pino';
import { Admission, type AdmissionOptions } from './node/admission.ts';
import { Captchas } from './captchas/captchas.ts';
import type { CaptchaOptions } from './captchas/watcher.ts';
import { RuntimeAccess } from './node/access.ts';
import { RuntimeError } from './errors.ts';
import { PageObservers } from './node/page-observers.ts';
import { RuntimeEvents } from './node/runtime-events.ts';
import type { Extensions } from './extensions/extensions.ts';
import { maySee, type Actor } from './runtime/actor.ts';
import { isPlain, type Proxy } from './runtime/launch.ts';
import { RUNTIME_STATUSES, statesOf, statusOf, type RuntimeStatus } from './runtime/lifecycle.ts';
import type { LiveRuntime } from './node/live-runtime.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { BrowserMachine } from './machine/browser-machine.ts';
import type { Profiles } from './profiles/profiles.ts';
import { changing, RecentEnds } from './node/runtime-ends.ts';
import { newRuntime, type RuntimeRequest } from './runtime/new-runtime.ts';
import { Activation } from './node/activation.ts';
import type { RuntimeStore } from './runtime/runtime-store.ts';
import type { Page, PageRequest, Runtime, TimeLimits } from './runtime/runtime.ts';
import { Sweeper } from './node/sweeper.ts';
import { workspaceNotFound } from './workspaces/workspaces.ts';

/** How a request came, and what becomes of it when nobody waits for it any more. */
export interface RequestScope {
  /** By `performance.now()`. */
  arrivedAt?: number | undefined;
  /** When it aborts before the runtime is up, what was begun is undone. */
  signal?: AbortSignal | undefined;
}

export interface RuntimeManagerOptions {
  machine: BrowserMachine;
  store: RuntimeStore;
  metrics: RuntimeMetrics;
  log: Logger;
  /** How long a connection ticket may be redeemed. */
  ticketTtlMs: number;
  /** For requests that do not say. */
  timeLimits: TimeLimits;
  admission: Omit<AdmissionOptions, 'hasMemory'>;
  profiles: Profiles;
  extensions: Extensions;
  /** What a client's command may be delayed by, to be done as a person would. */
  humanizeMaxDelayMs: number;
  /** For how long a command of a client that is not answered counts as use. */
  openCommandMs: number;
  captchas: CaptchaOptions;
}

/** How often a request begins anew because the runtime changed meanwhile. */
const ATTEMPTS = 50;
const SHUTDOWN = { to: 'stopped', reason: 'shutdown' } as const;

/**
 * Creates, finds and ends runtimes, and owns those that are active. In every method `workspace` is
 * a workspace's id or name, and `ref` a runtime's id or alias; what does not exist for the actor
 * throws `workspace.not_found` or `runtime.not_found`.
 */
export class RuntimeManager implements AsyncDisposable {
  readonly access: RuntimeAccess;
  readonly captchas: Captchas;
  readonly events: RuntimeEvents;
  readonly #options: RuntimeManagerOptions;
  readonly #store: RuntimeStore;
  readonly #machine: BrowserMachine;
  readonly #admission: Admission;
  readonly #activation: Activation;
  readonly #sweeper: Sweeper;
  readonly #live = new Map<string, LiveRuntime>();
  /** Aborts when nothing more will happen. */
  readonly #closed = new AbortController();

  constructor(options: RuntimeManagerOptions) {
    const { machine, store, log } = options;
    this.#options = options;
    this.#store = store;
    this.#machine = machine;
    const live = this.#live;
    const observers = new PageObservers((id) => live.get(id)?.updateObservation());
    this.events = new RuntimeEvents(store, observers, this.#closed.signal);
    this.captchas = new Captchas(options.captchas);
    const ends = new RecentEnds();
    this.access = new RuntimeAccess(live, ends, options.ticketTtlMs);
    const hasMemory = (launching: number) => machine.hasMemory(launching);
    this.#admission = new Admission({ ...options.admission, hasMemory });
    const parts = { ...options, captchas: this.captchas, events: this.events, observers, ends };
    this.#activation = new Activation({ admission: this.#admission, live, parts });
    const isHeld = (id: string) => this.#activation.isHeld(id);
    this.#sweeper = new Sweeper({ nodeId: machine.id, store, live, isHeld, log });
  }

  /** The runtimes that are active here. */
  get live(): ReadonlyMap<string, LiveRuntime> {
    return this.#live;
  }

  /** How many runtimes wait for room. */
  get queueLength(): number {
    return this.#admission.queueLength;
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
    scope: RequestScope = {},
  ): Promise<Runtime> {
    const { launch } = request;
    const extensionIds = (launch.mode === 'ephemeral' && launch.extensionIds) || [];
    await this.#options.extensions.resolve(actor.organizationId, extensionIds);
    const place = {
      // The insert finds it by itself, but does not know what an actor may see.
      workspace: actor.workspaceIds ? (await this.#workspace(actor, workspace)).id : workspace,
      nodeId: this.#machine.id,
    };
    const runtime = newRuntime(request, place, this.#options.timeLimits);
    const live = await this.#activation.open({
      id: runtime.id,
      arrivedAt: scope.arrivedAt,
      isPlain: isPlain(launch),
      write: (state, running) =>
        this.#store.insert(actor.organizationId, { ...runtime, state, running }),
    });
    if (!live) throw new Error('a runtime that was inserted is not there');
    return live.startFor(scope.signal);
  }

  async get(actor: Actor, workspace: string, ref: string): Promise<Runtime> {
    const found = await this.#store.find(actor.organizationId, workspace, ref);
    if (found && maySee(actor, found.workspaceId)) return found;
    await this.#workspace(actor, workspace);
    throw new RuntimeError('runtime.not_found', 'There is no such runtime.');
  }

  /** As `get`, for what needs the browser. Throws `runtime.held_elsewhere` when another service has it. */
  async getHere(actor: Actor, workspace: string, ref: string): Promise<Runtime> {
    const runtime = await this.get(actor, workspace, ref);
    this.#assertOurs(runtime);
    return runtime;
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

  /**
   * Brings a runtime that is over up again, one generation later; one that is active is answered
   * when it is up, and one that is being stopped is brought up after. Throws as `create`.
   */
  async start(
    actor: Actor,
    workspace: string,
    ref: string,
    scope: RequestScope = {},
  ): Promise<Runtime> {
    const { id } = await this.get(actor, workspace, ref);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const live = await this.#activation.held(id);
      if (live && !live.ended) {
        await live.startFor(scope.signal);
        return this.get(actor, workspace, id);
      }
      await live?.ended;
      const nodeId = this.#machine.id;
      const opened = await this.#activation.open({
        id,
        arrivedAt: scope.arrivedAt,
        isPlain: false,
        write: (state) => this.#store.revive(actor.organizationId, id, { nodeId, state }),
      });
      if (opened) return opened.startFor(scope.signal);
      this.#assertOurs(await this.get(actor, workspace, id));
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
    const before = this.#live.get((await this.get(actor, workspace, ref)).id);
    const { id, workspaceId } = await this.stop(actor, workspace, ref);
    // Its place on the machine is its own again.
    await before?.browser?.exited;
    return this.start(actor, workspaceId, id, scope);
  }

  /** Resolves with the runtime when it is over; one that already is, is answered as it is. */
  async stop(actor: Actor, workspace: string, ref: string): Promise<Runtime> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const runtime = await this.get(actor, workspace, ref);
      if (statusOf(runtime.state) !== 'active') return runtime;
      const live = await this.#activation.held(runtime.id);
      if (live) return live.end({ to: 'stopped', reason: 'requested' });
      this.#assertOurs(runtime);
    }
    throw changing();
  }

  /**
   * Sends the traffic of a running runtime through another proxy, or directly. Throws
   * `runtime.not_active` when it does not run, and for a proxy `proxy.unreachable`,
   * `proxy.auth_failed`, `proxy.timeout`, `proxy.protocol_error` or `proxy.not_allowed`; then it
   * stays as it was.
   */
  async setProxy(
    actor: Actor,
    workspace: string,
    ref: string,
    proxy: Proxy | undefined,
  ): Promise<Runtime> {
    const { id } = await this.getHere(actor, workspace, ref);
    const live = await this.#activation.held(id);
    if (live) return live.setProxy(proxy);
    throw new RuntimeError('runtime.not_active', 'The runtime does not run.');
  }

  /** Removes the record of a runtime that is over, and resolves with it. Throws `runtime.active` before that. */
  async delete(actor: Actor, workspace: string, ref: string): Promise<Runtime> {
    const runtime = await this.get(actor, workspace, ref);
    if (await this.#store.remove(actor.organizationId, runtime.id)) return runtime;
    await this.get(actor, runtime.workspaceId, runtime.id);
    throw new RuntimeError('runtime.active', 'The runtime is active: stop it first.');
  }

  /** Stops every runtime of a workspace that is active here, since it is to be deleted. */
  async stopAll(actor: Actor, workspace: string): Promise<void> {
    const { id } = await this.#workspace(actor, workspace);
    await this.#activation.settled();
    const lives = [...this.#live.values()].filter((live) => live.runtime.workspaceId === id);
    await Promise.all(
      lives.map((live) => live.end({ to: 'stopped', reason: 'workspace_deleted' })),
    );
  }

  /**
   * Does what launches a browser beside those of runtimes, when there is room. Throws
   * `runtime.no_capacity` when that takes too long.
   */
  async admit<T>(work: () => Promise<T>): Promise<T> {
    using place = this.#admission.enter();
    await place.ready();
    return await work();
  }

  /** Asks ahead whether a browser that is ready is well: somebody may be about to create a runtime. */
  anticipate(): void {
    if (!this.#activation.isClosed) this.#machine.anticipate();
  }

  /** Whether a create could launch a browser now. */
  async isReady(): Promise<boolean> {
    return !this.#activation.isClosed && (await this.#machine.isLaunchable());
  }

  /** Stops every runtime, also those still being created; more are refused from now on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#sweeper[Symbol.dispose]();
    await this.#activation.close();
    const ends = await Promise.allSettled(
      [...this.#live.values()].map((live) => live.end(SHUTDOWN)),
    );
    for (const end of ends) {
      if (end.status === 'rejected') this.#options.log.error({ err: end.reason }, 'a stop failed');
    }
    this.#closed.abort();
  }

  #assertOurs({ state, nodeId }: Runtime): void {
    if (statusOf(state) !== 'active' || nodeId === this.#machine.id) return;
    throw new RuntimeError('runtime.held_elsewhere', 'Another service holds this runtime.');
  }

  async #workspace(actor: Actor, workspace: string): Promise<{ id: string }> {
    const found = await this.#store.findWorkspace(actor.organizationId, workspace);
    if (found && maySee(actor, found.id)) return found;
    throw workspaceNotFound();
  }
}

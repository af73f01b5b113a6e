import type { Logger } from 'pino';
import { isForDrivers } from '../connections/connections.ts';
import type { SocketRequest } from '../connections/requests.ts';
import { assertNotExpired, type ReadTicket } from '../connections/tickets.ts';
import { RuntimeError } from '../errors.ts';
import type { WakeUps } from '../events/wake-ups.ts';
import { failure } from '../runtime/failures.ts';
import { isPlain, type Proxy } from '../runtime/launch.ts';
import type { Languages } from '../runtime/languages.ts';
import type { Runtime, RuntimeLife } from '../runtime/runtime.ts';
import { untilAborted } from '../timing/until-aborted.ts';
import { idsOf } from '../tracing/attributes.ts';
import type { OpenSpan } from '../tracing/open-span.ts';
import { inSpan } from '../tracing/tracing.ts';
import { Access } from './access.ts';
import { Activation, type ActivationRequest } from './activation.ts';
import { Admission, type AdmissionOptions } from './admission.ts';
import type { NodeCapacity, NodeLoad } from './capacity.ts';
import type { LiveRuntime, LiveRuntimeParts } from './live-runtime.ts';
import type { PageObservers } from './page-observers.ts';
import { connectFirst } from './first-client.ts';
import { connectionNotFound, RecentEnds } from './runtime-ends.ts';
import type {
  Adoption,
  CallScope,
  ConnectionRequest,
  ConnectionState,
  CreateOrder,
  NodeRequest,
  OwnNode,
  StartOrder,
} from './runtime-node.ts';
import type { RuntimeEnd } from './runtime-record.ts';
import { Sweeper } from './sweeper.ts';
import { callTool, httpOnly } from './tool-calls.ts';

export interface LocalNodeOptions extends Omit<LiveRuntimeParts, 'ends'> {
  admission: Omit<AdmissionOptions, 'hasMemory' | 'onRoom'>;
  observers: PageObservers;
  wakeUps: WakeUps;
  log: Logger;
}

type Life = Pick<RuntimeLife, 'id' | 'generation'>;
type HowToBegin = Pick<ActivationRequest, 'isPlain' | 'write'>;

const NEVER = new AbortController().signal;
const SHUTDOWN = { to: 'stopped', reason: 'shutdown' } as const;
const NODE_LOST = { to: 'failed', failure: failure('runtime.node_lost') } as const;

/** The runtimes that this process owns, with the machine below them. */
export class LocalNode implements OwnNode, AsyncDisposable {
  readonly id: string;
  readonly languages: Languages;
  readonly hasWebDriver: boolean;
  readonly #options: LocalNodeOptions;
  readonly #live = new Map<string, LiveRuntime>();
  readonly #access: Access;
  readonly #admission: Admission;
  readonly #activation: Activation;
  readonly #sweeper: Sweeper;
  readonly #looks = new Set<() => void>();

  constructor(options: LocalNodeOptions) {
    const { machine, store, log } = options;
    const live = this.#live;
    this.id = machine.id;
    this.languages = machine.languages;
    this.hasWebDriver = machine.hasWebDriver;
    this.#options = options;
    const ends = new RecentEnds();
    this.#access = new Access(live, ends);
    const hasMemory = (launching: number) => machine.hasMemory(launching);
    this.#admission = new Admission({
      ...options.admission,
      hasMemory,
      onRoom: () => {
        for (const look of this.#looks) look();
      },
    });
    const parts = { ...options, ends };
    this.#activation = new Activation({ admission: this.#admission, live, parts });
    const isHeld = (id: string) => this.#activation.isHeld(id);
    this.#sweeper = new Sweeper({ nodeId: machine.id, store, live, isHeld, log });
  }

  /** The runtimes that are active here. */
  get live(): ReadonlyMap<string, LiveRuntime> {
    return this.#live;
  }

  get load(): NodeLoad {
    const { free, ...load } = this.#admission.load;
    const { warmBrowsers: warm } = this.#options.machine;
    return { ...load, free: this.isDraining ? 0 : free, warm };
  }

  get capacity(): NodeCapacity {
    const { oldestWaitMs } = this.#admission;
    return { ...this.load, ...this.#options.machine.state, oldestWaitMs };
  }

  get isDraining(): boolean {
    return this.#activation.isDraining;
  }

  drain(): void {
    this.#activation.isDraining = true;
    this.#options.machine.keepWarm(false);
  }

  undrain(): void {
    this.#activation.isDraining = false;
    this.#options.machine.keepWarm(true);
  }

  async create(
    { organizationId, runtime }: CreateOrder,
    scope: CallScope,
  ): Promise<Runtime | undefined> {
    const { store } = this.#options;
    const nodeId = this.id;
    const life = { id: runtime.id, generation: 1 };
    return this.#up(life, scope, {
      isPlain: isPlain(runtime.launch),
      write: (state, running) =>
        store.insert(organizationId, { ...runtime, nodeId, state, running }),
    });
  }

  /** A life that begins waits until the one before it has ended. */
  async start(order: StartOrder, scope: CallScope): Promise<Runtime | undefined> {
    const { recording, generation } = order;
    const over = { ...order, generation: generation - 1 };
    await (await this.#held(over))?.ended?.catch(() => undefined);
    return this.#up(order, scope, {
      isPlain: false,
      write: (state) => this.#options.store.revive(over, { nodeId: this.id, state, recording }),
    });
  }

  #up(life: Life, scope: CallScope, how: HowToBegin): Promise<Runtime | undefined> {
    const ids = { 'bctrl.runtime.id': life.id, 'bctrl.node.id': this.id };
    return inSpan('runtime.up', ids, async (span) => {
      const runtime = await this.#upOrJoined(life, scope, { ...how, span });
      if (runtime) span.tell(idsOf(runtime));
      return runtime;
    });
  }

  /** Begins a life unless it is here already, and resolves when it is up. */
  async #upOrJoined(
    life: Life,
    { arrivedAt, mayWait, ...client }: CallScope,
    { span, ...how }: HowToBegin & { span: OpenSpan },
  ): Promise<Runtime | undefined> {
    const held = await this.#held(life);
    const opened = held
      ? undefined
      : await this.#activation.open({ id: life.id, arrivedAt, mayWait, ...how });
    const live = opened ?? held ?? (await this.#held(life));
    // Whoever opened it is told why it ended, however soon that was.
    if (!live || (live.ended && live !== opened)) return undefined;
    span.linkTo(live.ownStart);
    const started = await live.startFor(client);
    if (live === opened) return started;
    // What clients did meanwhile is in the record.
    const { organizationId, workspaceId, id } = started;
    return this.#options.store.find(organizationId, workspaceId, id);
  }

  get othersWait(): boolean {
    return this.#admission.othersWait;
  }

  set othersWait(doOthersWait: boolean) {
    this.#admission.othersWait = doOthersWait;
  }

  adopt(pull: () => Promise<Runtime | undefined>): Promise<Adoption> {
    return this.#activation.adopt(pull);
  }

  onRoom(look: () => void): Disposable {
    this.#looks.add(look);
    return { [Symbol.dispose]: () => this.#looks.delete(look) };
  }

  async stop(
    life: RuntimeLife,
    end: RuntimeEnd,
    { untilGone = false }: { untilGone?: boolean } = {},
  ): Promise<Runtime | undefined> {
    const live = await this.#held(life);
    if (!live) return undefined;
    const over = await live.end(end);
    if (untilGone) await live.browser?.exited;
    return over;
  }

  async setProxy(life: RuntimeLife, proxy: Proxy | undefined): Promise<Runtime> {
    const live = await this.#held(life);
    if (live) return live.setProxy(proxy);
    throw new RuntimeError('runtime.not_active', 'The runtime is not running.');
  }

  async call(
    life: RuntimeLife,
    verb: string,
    message: unknown,
    signal: AbortSignal,
  ): Promise<unknown> {
    return this.#access.reachable(life).companions.call(verb, message, signal);
  }

  observe({ id }: RuntimeLife, forMs: number): void {
    this.#options.observers.observe(id, forMs);
  }

  async listConnections(life: RuntimeLife): Promise<ConnectionState[]> {
    return (
      this.#owned(life)
        ?.connections.list()
        .map(({ state }) => state) ?? []
    );
  }

  async createConnection(life: RuntimeLife, request: ConnectionRequest): Promise<ConnectionState> {
    return this.#access.reachable(life).connections.create(request).state;
  }

  async revokeConnection(life: RuntimeLife, connectionId: string): Promise<ConnectionState> {
    const revoked = await this.#owned(life)?.revoke(connectionId);
    if (revoked) return revoked.state;
    throw connectionNotFound();
  }

  async connect(ticket: ReadTicket, asked: SocketRequest): Promise<void> {
    const live = asked.first && this.#live.get(ticket.runtimeId);
    if (live) return connectFirst(live, asked, (first) => this.#connect(ticket, first));
    return this.#connect(ticket, asked);
  }

  async #connect(ticket: ReadTicket, asked: SocketRequest): Promise<void> {
    const { connection, endpoints, companions } = this.#access.enter(ticket);
    if (isForDrivers(connection)) return endpoints.connect(connection, asked);
    if (connection.protocol === 'mcp') throw httpOnly();
    return companions.connect(connection, asked);
  }

  /** The body may take its time, so the ticket is checked again after it. */
  async answer(ticket: ReadTicket, { gone, ...asked }: NodeRequest): Promise<Response> {
    if (ticket.protocol === 'service') {
      assertNotExpired(ticket);
      const life = { id: ticket.runtimeId, generation: ticket.generation };
      return this.#access.reachable(life).companions.answer({ ...asked, gone });
    }
    const entered = this.#access.enter(ticket, asked.path);
    const { connection, companions } = entered;
    if (connection.protocol === 'mcp') return callTool(entered, { ...asked, gone });
    if (!isForDrivers(connection)) {
      const path = `/${connection.protocol}${asked.path}`;
      return companions.answer({ ...asked, gone, path }, connection);
    }
    using _request = connection.request(gone);
    const body = Buffer.concat(await Array.fromAsync(asked.body));
    const { endpoints } = this.#access.enter(ticket, asked.path);
    // The runtime is in use until then.
    return await endpoints.answer(connection, { ...asked, body });
  }

  anticipate(): void {
    if (this.#isOpen) this.#options.machine.anticipate();
  }

  async isReady(): Promise<boolean> {
    return this.#isOpen && (await this.#options.machine.isLaunchable());
  }

  /**
   * Does work that launches a browser besides those of runtimes, once there is room. Throws
   * `runtime.no_capacity` when the wait takes too long, and what `givenUp` aborts with while it waits.
   */
  async admit<T>(work: () => Promise<T>, givenUp = NEVER): Promise<T> {
    using place = this.#admission.enter();
    await untilAborted(place.ready(), givenUp);
    return await work();
  }

  async fence(): Promise<void> {
    this.#activation.fence();
    await this.#lose();
    // What was just being recorded is here by then.
    await this.#activation.settled();
    await this.#lose();
  }

  /** Their ends are recorded once there is a database, unless others have recorded them. */
  async #lose(): Promise<void> {
    const { machine, log } = this.#options;
    for (const live of this.#live.values()) void live.end(NODE_LOST).catch(() => undefined);
    await machine.halt().catch((err: unknown) => {
      log.error({ err }, 'the browsers of a node that is taken for lost did not all end');
    });
  }

  resume(): void {
    this.#activation.resume();
    this.#options.machine.resume();
  }

  /** Stops every runtime, also those still being created; more are refused from now on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#sweeper[Symbol.dispose]();
    await this.#activation.close();
    await this.endAll(SHUTDOWN);
  }

  async endAll(end: RuntimeEnd): Promise<void> {
    await this.#activation.settled();
    const ends = await Promise.allSettled([...this.#live.values()].map((live) => live.end(end)));
    for (const over of ends) {
      if (over.status === 'rejected')
        this.#options.log.error({ err: over.reason }, 'a stop failed');
    }
  }

  get #isOpen(): boolean {
    return !this.#activation.isClosed && !this.isDraining;
  }

  /** A life that is owned here, also when it is just about to be. */
  async #held(life: Life): Promise<LiveRuntime | undefined> {
    await this.#activation.held(life.id);
    return this.#owned(life);
  }

  #owned({ id, generation }: Life): LiveRuntime | undefined {
    const live = this.#live.get(id);
    return live?.runtime.generation === generation ? live : undefined;
  }
}

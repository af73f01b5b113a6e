import { once } from 'node:events';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Languages } from '../../src/runtime-manager/runtime/languages.ts';
import type { Connection } from '../../src/runtime-manager/connections/connections.ts';
import type { SocketRequest } from '../../src/runtime-manager/connections/requests.ts';
import {
  assertNotExpired,
  type ReadTicket,
} from '../../src/runtime-manager/connections/tickets.ts';
import { GOING_AWAY } from '../../src/runtime-manager/connections/websocket/websocket-bridge.ts';
import { RuntimeError } from '../../src/runtime-manager/errors.ts';
import type { NodeCapacity, NodeLoad } from '../../src/runtime-manager/node/capacity.ts';
import {
  abortReason,
  CLOSE_REASONS,
  draining,
  RecentEnds,
} from '../../src/runtime-manager/node/runtime-ends.ts';
import type {
  Adoption,
  CallScope,
  ConnectionRequest,
  ConnectionState,
  CreateOrder,
  NodeRequest,
  OwnNode,
  StartOrder,
} from '../../src/runtime-manager/node/runtime-node.ts';
import type { RuntimeEnd } from '../../src/runtime-manager/node/runtime-record.ts';
import { failure } from '../../src/runtime-manager/runtime/failures.ts';
import {
  addressOf,
  type Proxy,
  type Runtime,
  type RuntimeLife,
} from '../../src/runtime-manager/runtime/index.ts';
import { FakeLife, type FakeLifeParts } from './fake-life.ts';
import { RUNNING } from './records.ts';

const ABANDONED = { to: 'failed', failure: failure('runtime.abandoned') } as const;
/** How long the client of an adopted runtime may take to come. */
const COME_MS = 4000;
const LEFT = { to: 'stopped', reason: 'closed_by_client' } as const;
const SHUTDOWN = { to: 'stopped', reason: 'shutdown' } as const;
const NODE_LOST = { to: 'failed', failure: failure('runtime.node_lost') } as const;

export interface FakeNodeParts extends FakeLifeParts {
  nodeId: string;
  /** How many runtimes it may have; 100 unless given. */
  slots?: number;
  /** The languages that its browsers would have. */
  languages: Languages;
}

/**
 * A node without browsers: it records runtimes, and lets clients in, as a node has to. What a client
 * sends comes back, as fast as the client reads.
 */
export class FakeNode implements OwnNode, AsyncDisposable {
  readonly id: string;
  readonly languages: Languages;
  readonly hasWebDriver = true;
  readonly #parts: FakeNodeParts;
  readonly #live = new Map<string, FakeLife>();
  readonly #ends = new RecentEnds();
  /** What is being brought up, by the id of the runtime. */
  readonly #underWay = new Map<string, Promise<unknown>>();
  /** The adoptions under way. */
  readonly #adopting = new Set<Promise<unknown>>();
  /** Places that are held for them. */
  #reserved = 0;
  readonly #looks = new Set<() => void>();
  othersWait = false;
  #isClosed = false;
  #isDraining = false;

  constructor(parts: FakeNodeParts) {
    this.id = parts.nodeId;
    this.languages = parts.languages;
    this.#parts = parts;
  }

  create({ organizationId, runtime }: CreateOrder, scope: CallScope): Promise<Runtime | undefined> {
    const life = { organizationId, id: runtime.id, generation: 1 };
    return this.#up(life, scope, () => {
      const record = { ...runtime, nodeId: this.id, state: 'launching' } as const;
      return this.#parts.store.insert(organizationId, record);
    });
  }

  async start(order: StartOrder, scope: CallScope): Promise<Runtime | undefined> {
    const over = { ...order, generation: order.generation - 1 };
    await this.#find(over)?.ended;
    return this.#up(order, scope, () =>
      this.#parts.store.revive(over, {
        nodeId: this.id,
        state: 'launching',
        recording: order.recording,
      }),
    );
  }

  async #up(
    life: RuntimeLife,
    scope: CallScope,
    begin: () => Promise<Runtime | undefined>,
  ): Promise<Runtime | undefined> {
    const live = await this.#inTurn(life.id, () => this.#hold(life, scope, begin));
    return live && !live.ended ? this.#wait(live, scope) : undefined;
  }

  async #wait(live: FakeLife, scope: CallScope): Promise<Runtime> {
    const work = async () => {
      // It is when its only client has hung up.
      if (live.ended) throw abortReason(ABANDONED);
      return live.runtime;
    };
    try {
      return await live.clients.wait(work, scope);
    } finally {
      // Nobody may have got it.
      await live.ended;
    }
  }

  /** A life that is here already, or begins. */
  async #hold(
    life: RuntimeLife,
    { mayWait }: CallScope,
    begin: () => Promise<Runtime | undefined>,
  ): Promise<FakeLife | undefined> {
    const live = this.#find(life);
    if (live) return live;
    if (this.#isDraining) throw draining();
    if (mayWait === false && (this.othersWait || this.load.free === 0)) {
      throw new RuntimeError('runtime.no_capacity', 'The node is full.');
    }
    const begun = await begin();
    return begun && this.#bringUp(begun);
  }

  async adopt(pull: () => Promise<Runtime | undefined>): Promise<Adoption> {
    if (this.#isClosed || this.load.free === 0) return 'no_room';
    this.#reserved++;
    const adopted = this.#adopt(pull);
    this.#adopting.add(adopted);
    try {
      return await adopted;
    } finally {
      this.#adopting.delete(adopted);
    }
  }

  async #adopt(pull: () => Promise<Runtime | undefined>): Promise<Adoption> {
    const pulled = await pull().finally(() => this.#reserved--);
    if (!pulled) return 'nobody_waits';
    await this.#live.get(pulled.id)?.ended;
    const live = this.#own(pulled);
    const running = live.record.move(RUNNING);
    live.clients.expect(() => running, COME_MS).catch(() => undefined);
    await running;
    return 'adopted';
  }

  onRoom(look: () => void): Disposable {
    this.#looks.add(look);
    return { [Symbol.dispose]: () => this.#looks.delete(look) };
  }

  async stop(life: RuntimeLife, end: RuntimeEnd): Promise<Runtime | undefined> {
    await this.#settled(life.id);
    const live = this.#find(life);
    return live && this.#end(live, end);
  }

  async setProxy(life: RuntimeLife, proxy: Proxy | undefined): Promise<Runtime> {
    await this.#settled(life.id);
    const { record } = this.#reachable(life);
    const runtime = await record.setProxy(proxy);
    record.note({ type: 'runtime.proxy_changed', data: { proxy: runtime.proxy ?? null } });
    return runtime;
  }

  /** Nothing accompanies its runtimes. */
  async call(life: RuntimeLife): Promise<unknown> {
    this.#reachable(life);
    throw new RuntimeError('runtime.not_active', 'Nothing accompanies this runtime.');
  }

  observe(): void {
    // There are no pages.
  }

  async listConnections(life: RuntimeLife): Promise<ConnectionState[]> {
    const live = this.#find(life);
    return live && !live.ended ? live.connections.list().map(({ state }) => state) : [];
  }

  async createConnection(life: RuntimeLife, request: ConnectionRequest): Promise<ConnectionState> {
    return this.#reachable(life).connections.create(request).state;
  }

  async revokeConnection(life: RuntimeLife, connectionId: string): Promise<ConnectionState> {
    const live = this.#find(life);
    const revoked = live?.connections.revoke(connectionId);
    if (!live || !revoked) {
      throw new RuntimeError('connection.not_found', 'There is no such connection.');
    }
    if (revoked.isOwn) await live.record.setConnectionEpochs(live.connections.epochs);
    return revoked.state;
  }

  async connect(ticket: ReadTicket, asked: SocketRequest): Promise<void> {
    const live = this.#live.get(ticket.runtimeId);
    await this.#connect(ticket, asked);
    if (live && asked.first?.keepAlive === false) await this.#end(live, LEFT);
  }

  async #connect(ticket: ReadTicket, asked: SocketRequest): Promise<void> {
    const connection = this.#enter(ticket);
    const client = await shakeHands(asked);
    const closed = once(client, 'close');
    asked.onOpen?.();
    using _attached = connection.attach(undefined, (reason) => client.close(GOING_AWAY, reason));
    client.on('message', (data, isBinary) => {
      connection.touch();
      client.pause();
      client.send(data, { binary: isBinary }, () => client.resume());
    });
    await closed;
  }

  async answer(ticket: ReadTicket, { method, body, gone }: NodeRequest): Promise<Response> {
    const connection = this.#enter(ticket);
    if (ticket.protocol !== 'mcp') {
      using _request = connection.request(gone);
      return new Response(ReadableStream.from(body));
    }
    if (method === 'GET') return new Response(null, { status: 204 });
    using _call = connection.request(gone);
    const text = Buffer.concat(await Array.fromAsync(body)).toString('utf8');
    return Response.json({ content: [{ type: 'text', text }], isError: false, files: [] });
  }

  get load(): NodeLoad {
    const active = this.#live.size + this.#reserved;
    const { slots = 100 } = this.#parts;
    const free = this.#isDraining ? 0 : Math.max(0, slots - active);
    return { slots, active, waiting: 0, free, warm: 0 };
  }

  get capacity(): NodeCapacity {
    return {
      ...this.load,
      launching: 0,
      oldestWaitMs: 0,
      memory: { freeBytes: 3e9, floorBytes: 1e9, browserBytes: 0 },
      launches: { perMinute: 0, failedPerMinute: 0, p50Ms: 0, p95Ms: 0 },
    };
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  drain(): void {
    this.#isDraining = true;
  }

  undrain(): void {
    this.#isDraining = false;
  }

  async endAll(end: RuntimeEnd): Promise<void> {
    await Promise.allSettled(this.#underWay.values());
    await Promise.all([...this.#live.values()].map((live) => this.#end(live, end)));
  }

  anticipate(): void {
    // Whatever comes is there at once.
  }

  async isReady(): Promise<boolean> {
    return !this.#isClosed && !this.#isDraining;
  }

  async fence(): Promise<void> {
    this.#isClosed = true;
    for (const live of this.#live.values()) void this.#end(live, NODE_LOST);
  }

  resume(): void {
    this.#isClosed = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#adopting);
    await this.endAll(SHUTDOWN);
  }

  async #bringUp(begun: Runtime): Promise<FakeLife> {
    const live = this.#own(begun);
    const { launch } = begun;
    const proxy = launch.mode === 'ephemeral' ? launch.config?.proxy : undefined;
    await live.record.move({ ...RUNNING, proxy: proxy ? addressOf(proxy) : undefined });
    return live;
  }

  #own(begun: Runtime): FakeLife {
    const live: FakeLife = new FakeLife(begun, this.#parts, () => void this.#end(live, ABANDONED));
    this.#live.set(begun.id, live);
    return live;
  }

  #end(live: FakeLife, end: RuntimeEnd): Promise<Runtime> {
    const { id } = live.runtime;
    const isFirst = !live.ended;
    const over = live.end(end);
    if (isFirst) {
      this.#ends.add(id, CLOSE_REASONS[end.to === 'failed' ? 'failed' : end.reason]);
      void over.then(() => {
        this.#live.delete(id);
        for (const look of this.#looks) look();
      });
    }
    return over;
  }

  /** One after the other, for each runtime. */
  async #inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    do await this.#settled(id);
    while (this.#underWay.has(id));
    if (this.#isClosed) {
      throw new RuntimeError('service.shutting_down', 'The service is shutting down.');
    }
    const done = work();
    this.#underWay.set(
      id,
      done.catch(() => undefined),
    );
    return done.finally(() => this.#underWay.delete(id));
  }

  async #settled(id: string): Promise<void> {
    await Promise.allSettled([this.#underWay.get(id), ...this.#adopting]);
  }

  #find({ id, generation }: RuntimeLife): FakeLife | undefined {
    const live = this.#live.get(id);
    return live?.runtime.generation === generation ? live : undefined;
  }

  #reachable(life: RuntimeLife): FakeLife {
    const live = this.#find(life);
    if (live && !live.ended) return live;
    throw this.#notActive(life.id);
  }

  #enter(ticket: ReadTicket): Connection {
    assertNotExpired(ticket);
    const live = this.#live.get(ticket.runtimeId);
    if (!live || live.ended) throw this.#notActive(ticket.runtimeId);
    const connection = live.connections.find(ticket.connectionId);
    if (connection) return connection;
    throw new RuntimeError('connection.revoked', 'This connection was revoked.');
  }

  #notActive(id: string): RuntimeError {
    return new RuntimeError('runtime.not_active', this.#ends.find(id) ?? 'The runtime has ended.');
  }
}

async function shakeHands({ request, socket, head, headers = {} }: SocketRequest) {
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on('headers', (lines) => {
    for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  });
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  server.once('wsClientError', reject);
  server.handleUpgrade(request, socket, head, resolve);
  return promise;
}

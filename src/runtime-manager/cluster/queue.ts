import type { Logger } from 'pino';
import { RUNTIME_ERROR_CODES, RuntimeError } from '../errors.ts';
import type { WakeUps } from '../events/wake-ups.ts';
import { LaunchTime } from '../node/launch-time.ts';
import { abortReason, changing, connectionNotFound } from '../node/runtime-ends.ts';
import type {
  CallScope,
  ConnectionState,
  CreateOrder,
  RuntimeNode,
  StartOrder,
} from '../node/runtime-node.ts';
import type { RuntimeEnd } from '../node/runtime-record.ts';
import { failure } from '../runtime/failures.ts';
import { statusOf } from '../runtime/lifecycle.ts';
import type { Runtime, RuntimeLife } from '../runtime/runtime.ts';
import type { RuntimeStore } from '../runtime/runtime-store.ts';
import { every } from '../timing/every.ts';
import type { Bus } from './bus.ts';
import { QueuedRuntime } from './queued-runtime.ts';
import { SUBJECTS } from './subjects.ts';

/** Whoever waits for longer does so because there is no room, and not only for its turn. */
export const LONG_WAIT_MS = 250;
const LOOK_MS = 2000;
const TIDY_MS = 10_000;
const RETRY_AFTER_MAX_S = 300;
const NEVER = new AbortController().signal;

const ABANDONED = { to: 'failed', failure: failure('runtime.abandoned') } as const;
const SHUTDOWN = { to: 'stopped', reason: 'shutdown' } as const;

export interface QueueOptions {
  /** This process, which holds what waits for its clients. */
  nodeId: string;
  bus: Bus;
  store: RuntimeStore;
  wakeUps: WakeUps;
  /** How many may wait, of all processes. */
  maxQueue: number;
  /** As in `AdmissionOptions`; undefined: by how long launches took from here. */
  queueTimeoutMs: number | undefined;
  find: (nodeId: string) => RuntimeNode;
  log: Logger;
}

export interface QueueScope extends CallScope {
  /** In how many seconds there is room at some node, as they foretold when they declined. */
  forecastSeconds?: number | undefined;
}

/**
 * Holds the runtimes that wait in the database until any node takes them, in order of arrival. A
 * record names the process whose client waits: it ends the wait when the client hangs up, or its
 * time is over; and the lease of the process does when the process dies. Stops come from anywhere.
 */
export class Queue implements RuntimeNode, AsyncDisposable {
  readonly id: string;
  /** How long launches take, as seen from here. */
  readonly launchTime = new LaunchTime();
  readonly #options: QueueOptions;
  /** The runtimes that wait for clients of this process, in order of arrival. */
  readonly #held = new Map<string, QueuedRuntime>();
  readonly #entering = new Map<string, Promise<unknown>>();
  readonly #tidying: Disposable;
  #isClosed = false;

  constructor(options: QueueOptions) {
    this.id = options.nodeId;
    this.#options = options;
    this.#tidying = every(
      TIDY_MS,
      () => this.#tidy(),
      (err) => options.log.warn({ err }, 'the queue could not be looked after'),
    );
  }

  /** Whether clients of this process have waited for long. */
  get isCrowded(): boolean {
    const [oldest] = this.#held.values();
    return oldest !== undefined && performance.now() - oldest.since >= LONG_WAIT_MS;
  }

  create(
    { organizationId, runtime }: CreateOrder,
    scope: QueueScope,
  ): Promise<Runtime | undefined> {
    const queued = { ...runtime, nodeId: this.id, state: 'accepted', waits: true } as const;
    return this.#enter(runtime.id, scope, () => this.#options.store.insert(organizationId, queued));
  }

  /** A life that waits is joined, and the one after a life that is over waits from now on. */
  async start(order: StartOrder, scope: QueueScope): Promise<Runtime | undefined> {
    const held = this.#held.get(order.id);
    if (held) return this.#await(held, scope);
    const found = await this.#find(order);
    if (found?.queuedAt) return this.#follow(found, scope);
    const over = { ...order, generation: order.generation - 1 };
    const { recording } = order;
    const queued = { nodeId: this.id, state: 'accepted', waits: true, recording } as const;
    return this.#enter(order.id, scope, () => this.#options.store.revive(over, queued));
  }

  async stop(life: RuntimeLife, end: RuntimeEnd): Promise<Runtime | undefined> {
    const { store, wakeUps } = this.#options;
    const over = await store.withdraw(life, end);
    if (over) wakeUps.wake(over);
    return over;
  }

  async setProxy(): Promise<Runtime> {
    throw waiting();
  }

  async call(): Promise<unknown> {
    throw waiting();
  }

  observe(): void {
    // It has no pages.
  }

  async listConnections(): Promise<ConnectionState[]> {
    return [];
  }

  async createConnection(): Promise<ConnectionState> {
    throw waiting();
  }

  async revokeConnection(): Promise<ConnectionState> {
    throw connectionNotFound();
  }

  async connect(): Promise<void> {
    throw waiting();
  }

  async answer(): Promise<Response> {
    throw waiting();
  }

  /** Ends what waits here, unless a node takes it just then; more is refused from now on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#tidying[Symbol.dispose]();
    await Promise.allSettled(this.#entering.values());
    const held = [...this.#held.values()];
    for (const one of held) one.end(SHUTDOWN);
    await Promise.allSettled(held.map((one) => one.wait(NEVER)));
  }

  /** Resolves with undefined when there was nothing to write. */
  async #enter(
    id: string,
    scope: QueueScope,
    write: () => Promise<Runtime | undefined>,
  ): Promise<Runtime | undefined> {
    if (this.#isClosed) throw abortReason(SHUTDOWN);
    const entered = this.#write(scope, write);
    this.#entering.set(id, entered);
    const held = await entered.finally(() => this.#entering.delete(id));
    if (!held) return undefined;
    this.#options.bus.publish(SUBJECTS.queueWaiting, {});
    return this.#await(held, scope);
  }

  async #write(
    scope: QueueScope,
    write: () => Promise<Runtime | undefined>,
  ): Promise<QueuedRuntime | undefined> {
    const { store, maxQueue } = this.#options;
    const { waiting: length, oldestMs } = await store.countWaiting(maxQueue);
    if (length >= maxQueue) {
      const message = 'The machines are full, and so is the queue.';
      throw noCapacity(message, retryAfterSeconds(oldestMs, scope));
    }
    const queued = await write();
    return queued && this.#hold(queued, scope);
  }

  #hold(queued: Runtime, { arrivedAt = performance.now() }: CallScope): QueuedRuntime {
    const { queueTimeoutMs } = this.#options;
    const waitedMs = () => performance.now() - arrivedAt;
    const held = new QueuedRuntime(queued, {
      ...this.#options,
      leftMs: () => (queueTimeoutMs ?? this.launchTime.patienceMs) - waitedMs(),
      overdue: () => overdue(waitedMs()),
    });
    this.#held.set(queued.id, held);
    void held.settled.then(() => this.#held.delete(queued.id));
    return held;
  }

  async #await(held: QueuedRuntime, scope: QueueScope): Promise<Runtime> {
    const settled = await held.wait(scope.signal);
    if (settled?.failure?.code !== 'runtime.no_capacity') return this.#join(settled, scope);
    const { oldestMs } = await this.#options.store.countWaiting(1);
    throw noCapacity(settled.failure.message, retryAfterSeconds(oldestMs, scope));
  }

  /** Waits for what another process holds, which ends the wait in any case. */
  async #follow(queued: Runtime, scope: CallScope): Promise<Runtime> {
    const { signal = NEVER } = scope;
    for (;;) {
      using news = this.#options.wakeUps.expect(queued.id, signal, LOOK_MS);
      const found = await this.#find(queued);
      if (!found?.queuedAt) return await this.#join(found, scope);
      if (signal.aborted) throw abortReason(ABANDONED);
      await news.heard;
    }
  }

  /** The client of a runtime that a node has taken goes there, also when it has hung up meanwhile. */
  async #join(taken: Runtime | undefined, scope: CallScope): Promise<Runtime> {
    if (!taken || statusOf(taken.state) !== 'active') throw endedWith(taken);
    const since = performance.now();
    const joined = await this.#options.find(taken.nodeId).start(taken, scope);
    if (!joined) throw endedWith(await this.#find(taken));
    this.launchTime.measured(performance.now() - since);
    return joined;
  }

  /** The record of this life; undefined when it is not the last. */
  async #find(life: StartOrder): Promise<Runtime | undefined> {
    const { organizationId, workspaceId, id, generation } = life;
    const found = await this.#options.store.find(organizationId, workspaceId, id);
    return found?.generation === generation ? found : undefined;
  }

  /** The answer to a record's insert was lost, so nobody waits with it. */
  async #tidy(): Promise<void> {
    for (const runtime of await this.#options.store.listActive(this.id)) {
      const isHeld = this.#held.has(runtime.id) || this.#entering.has(runtime.id);
      if (runtime.queuedAt && !isHeld) await this.stop(runtime, ABANDONED);
    }
  }
}

function waiting(): RuntimeError {
  return new RuntimeError(
    'runtime.not_active',
    'The runtime is not running yet: it is waiting for a slot.',
  );
}

function overdue(waitedMs: number): RuntimeEnd {
  const seconds = Math.round(waitedMs / 100) / 10;
  const message = `The machines are full: no room within ${seconds} s.`;
  return { to: 'failed', failure: { code: 'runtime.no_capacity', message } };
}

function noCapacity(message: string, seconds: number): RuntimeError {
  return new RuntimeError('runtime.no_capacity', message, { retryAfterSeconds: seconds });
}

/**
 * Whoever comes again needs a place that is free, and its turn: that takes about as long as it has
 * taken the one whose turn is next.
 */
function retryAfterSeconds(oldestMs: number, { forecastSeconds = 1 }: QueueScope): number {
  const seconds = Math.max(1, forecastSeconds, Math.ceil(oldestMs / 1000));
  return Math.min(RETRY_AFTER_MAX_S, seconds);
}

/** Why there is nothing to join. */
function endedWith(over: Runtime | undefined): RuntimeError {
  if (over && statusOf(over.state) === 'active') return changing();
  const code = RUNTIME_ERROR_CODES.find((one) => one === over?.failure?.code);
  if (code && over?.failure) return new RuntimeError(code, over.failure.message);
  return abortReason({ to: 'stopped', reason: over?.stopReason ?? 'requested' });
}

import { RuntimeError } from '../errors.ts';
import type { Nodes } from '../node/nodes.ts';
import type {
  CallScope,
  CreateOrder,
  OwnNode,
  RuntimeNode,
  StartOrder,
} from '../node/runtime-node.ts';
import { Languages } from '../runtime/languages.ts';
import { isPlain } from '../runtime/launch.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { BusError, type Bus } from './bus.ts';
import type { Directory, KnownNode } from './directory.ts';
import type { OrderLines } from './lines/order-lines.ts';
import { inSpan } from '../tracing/tracing.ts';
import { candidates, type Wish } from './placement.ts';
import { Queue, type QueueOptions, type QueueScope } from './queue.ts';
import { SUBJECTS } from './subjects.ts';
import { RemoteNode, type RemoteNodeOptions } from './remote-node.ts';

/** What became of asking a node for a runtime. */
export type PlacementOutcome = 'taken' | 'declined' | 'no_responders' | 'timeout' | 'queued';

/** Refusals after which a node has begun nothing, so that another one may be asked. */
const DECLINES: ReadonlySet<string> = new Set([
  'runtime.no_capacity',
  'runtime.unreachable',
  'service.shutting_down',
]);
const ANY: Wish = { isPlain: false, needsWebDriver: false };
const PLAIN: Wish = { isPlain: true, needsWebDriver: false };
/** For how long a node that was told gets the next runtime. */
const ANTICIPATED_MS = 100;

export interface ClusterNodesOptions
  extends
    Omit<RemoteNodeOptions, 'id' | 'gone' | 'store' | 'bus' | 'orders'>,
    Omit<QueueOptions, 'find'> {
  directory: Directory;
  bus: Bus;
  lines: Pick<OrderLines, 'to'>;
  /** The node of this process, if it has one. */
  own: OwnNode | undefined;
  /** Counts what became of each question. */
  noted: (outcome: PlacementOutcome) => void;
}

interface Placing {
  ask: (node: RuntimeNode, scope: QueueScope) => Promise<Runtime | undefined>;
  /** Whether there is a record of what a node began that is gone. */
  isBegun: () => Promise<boolean>;
}

interface Candidate {
  /** Counts the runtime. */
  choose: () => RuntimeNode;
  /** Whether the node's life is over in which it was chosen: it begins nothing any more. */
  isOver: () => boolean;
}

/** The nodes of a cluster, as one of its processes sees them. */
export class ClusterNodes implements Nodes, AsyncDisposable {
  readonly queue: Queue;
  readonly #options: ClusterNodesOptions;
  #anticipated: { nodeId: string; at: number } | undefined;

  constructor(options: ClusterNodesOptions) {
    this.#options = options;
    this.queue = new Queue({ ...options, find: (nodeId) => this.find(nodeId) });
  }

  /** Ends what waits here for a node. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.queue[Symbol.asyncDispose]();
  }

  find(nodeId: string): RuntimeNode {
    const { own, directory, lines, ...parts } = this.#options;
    if (own?.id === nodeId) return own;
    const [orders, gone] = [lines.to(nodeId), directory.goneOf(nodeId)];
    return new RemoteNode({ ...parts, id: nodeId, orders, gone });
  }

  create(order: CreateOrder, scope: CallScope): Promise<Runtime | undefined> {
    const { launch, driver } = order.runtime;
    const wish = { isPlain: isPlain(launch), needsWebDriver: driver === 'selenium' };
    return this.#place(wish, scope, {
      ask: (node, how) => node.create(order, how),
      isBegun: async () => (await this.#find(order)) !== undefined,
    });
  }

  start(order: StartOrder, scope: CallScope): Promise<Runtime | undefined> {
    return this.#place(ANY, scope, {
      ask: (node, how) => node.start(order, how),
      isBegun: async () => true,
    });
  }

  /** Tells the node that would get a plain runtime now; it gets the next one, if that comes soon. */
  anticipate(): void {
    const { own, lines, directory } = this.#options;
    const [best] = candidates(directory.placeable, PLAIN);
    const nodeId = best?.beacon.nodeId ?? own?.id;
    if (nodeId === undefined) return;
    this.#anticipated = { nodeId, at: performance.now() };
    if (nodeId === own?.id) own.anticipate();
    else lines.to(nodeId).publish(SUBJECTS.node(nodeId, 'anticipate'), {});
  }

  async isReady(): Promise<boolean> {
    const { own, bus, directory } = this.#options;
    if (!bus.isConnected) return false;
    return directory.placeable.length > 0 || (own !== undefined && (await own.isReady()));
  }

  /** What a browser of some node can speak. */
  get languages(): Languages {
    const { own, directory } = this.#options;
    const told = directory.placeable.flatMap(({ beacon }) => beacon.languages);
    return new Languages([...told, ...(own?.languages.list ?? [])]);
  }

  /**
   * Asks one node after the other while they decline; when all are full, or others wait already, the
   * runtime waits for any of them. Nobody else is asked when one may have begun, or may still begin.
   * Then the record says what became of it, so this resolves with undefined.
   */
  #place(wish: Wish, scope: CallScope, placing: Placing): Promise<Runtime | undefined> {
    return inSpan('runtime.place', {}, () => this.#findPlace(wish, scope, placing));
  }

  async #findPlace(wish: Wish, scope: CallScope, placing: Placing): Promise<Runtime | undefined> {
    const nodes = this.#candidates(wish);
    if (nodes.length === 0) throw this.#nobody();
    if (this.#isCrowded) return this.#queued(() => placing.ask(this.queue, scope));
    const declines: RuntimeError[] = [];
    for (const candidate of nodes) {
      const asked = await this.#ask(candidate, scope, placing);
      if (!(asked instanceof RuntimeError)) return asked;
      declines.push(asked);
    }
    const full = declines.filter(({ code }) => code === 'runtime.no_capacity');
    const forecast = { ...scope, forecastSeconds: soonest(full) };
    if (full.length > 0) return this.#queued(() => placing.ask(this.queue, forecast));
    const last = declines.at(-1);
    throw !last || last.code === 'runtime.unreachable' ? this.#nobody() : last;
  }

  /** Resolves with the error when the node has begun nothing, so that another one may be asked. */
  async #ask(
    { choose, isOver }: Candidate,
    scope: CallScope,
    { ask, isBegun }: Placing,
  ): Promise<Runtime | undefined | RuntimeError> {
    const { noted } = this.#options;
    try {
      const placed = await this.#measured(() => ask(choose(), { ...scope, mayWait: false }));
      noted('taken');
      return placed;
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      const outcome = outcomeOf(error);
      if (!outcome) throw error;
      noted(outcome);
      if (outcome !== 'timeout') return error;
      return isOver() && !(await isBegun()) ? error : undefined;
    }
  }

  #queued(wait: () => Promise<Runtime | undefined>): Promise<Runtime | undefined> {
    this.#options.noted('queued');
    return inSpan('runtime.queue', {}, wait);
  }

  /** Whether runtimes have waited for long: then a new one comes after them. */
  get #isCrowded(): boolean {
    const { placeable } = this.#options.directory;
    return this.queue.isCrowded || placeable.some(({ beacon }) => beacon.isCrowded);
  }

  /** The queue refuses those in time whose launch would take too long. */
  async #measured(work: () => Promise<Runtime | undefined>): Promise<Runtime | undefined> {
    const since = performance.now();
    const placed = await work();
    if (placed) this.queue.launchTime.measured(performance.now() - since);
    return placed;
  }

  #candidates(wish: Wish): Candidate[] {
    const { own, directory } = this.#options;
    const told = wish.isPlain && !wish.needsWebDriver ? this.#takeAnticipated() : undefined;
    const others = candidates(directory.placeable, wish).filter((one) => one !== told);
    const found = [...(told ? [told] : []), ...others].map((known) => {
      const { nodeId: id, epoch } = known.beacon;
      const choose = () => {
        known.placed++;
        return this.find(id);
      };
      return { choose, isOver: () => directory.isOver({ id, epoch }) };
    });
    return found.length === 0 && own ? [{ choose: () => own, isOver: () => false }] : found;
  }

  /** The node that was told just now, for one runtime. */
  #takeAnticipated(): KnownNode | undefined {
    const { nodeId, at } = this.#anticipated ?? { at: -Infinity };
    this.#anticipated = undefined;
    if (performance.now() - at > ANTICIPATED_MS) return undefined;
    return this.#options.directory.placeable.find(({ beacon }) => beacon.nodeId === nodeId);
  }

  #find({ organizationId, runtime }: CreateOrder): Promise<Runtime | undefined> {
    return this.#options.store.find(organizationId, runtime.workspace, runtime.id);
  }

  #nobody(): RuntimeError {
    const retryAfterSeconds = 1;
    if (!this.#options.bus.isConnected) {
      const message = 'The message bus of the service does not answer now.';
      return new RuntimeError('service.unavailable', message, { retryAfterSeconds });
    }
    const message = 'There is currently no node that runs browsers.';
    return new RuntimeError('runtime.no_capacity', message, { retryAfterSeconds });
  }
}

function isDecline(error: unknown): error is RuntimeError {
  return error instanceof RuntimeError && DECLINES.has(error.code);
}

/** In how many seconds the first of those that declined expects to have room. */
function soonest(declines: readonly RuntimeError[]): number | undefined {
  const known = declines.flatMap(({ retryAfterSeconds }) => retryAfterSeconds ?? []);
  return known.length > 0 ? Math.min(...known) : undefined;
}

/** Undefined for a refusal of the request itself, which any node would give. */
function outcomeOf(error: unknown): Exclude<PlacementOutcome, 'taken' | 'queued'> | undefined {
  if (isUncertain(error)) return 'timeout';
  if (!isDecline(error)) return undefined;
  return error.code === 'runtime.unreachable' ? 'no_responders' : 'declined';
}

/** Whether a node may have begun what it was asked. */
function isUncertain(error: unknown): boolean {
  if (!(error instanceof RuntimeError) || !(error.cause instanceof BusError)) return false;
  const { failure } = error.cause;
  return failure === 'timeout' || failure === 'interrupted' || failure === 'aborted';
}

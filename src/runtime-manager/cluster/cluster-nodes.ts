import { RuntimeError, type RuntimeErrorCode } from '../errors.ts';
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
import { BusError } from './bus.ts';
import type { Directory } from './directory.ts';
import { candidates, type Wish } from './placement.ts';
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

export interface ClusterNodesOptions extends Omit<RemoteNodeOptions, 'id' | 'gone'> {
  directory: Directory;
  /** The node of this process, if it has one. */
  own: OwnNode | undefined;
  /** Counts what became of each question. */
  noted: (outcome: PlacementOutcome) => void;
}

/** The nodes of a cluster, as one of its processes sees them. */
export class ClusterNodes implements Nodes {
  readonly #options: ClusterNodesOptions;

  constructor(options: ClusterNodesOptions) {
    this.#options = options;
  }

  find(nodeId: string): RuntimeNode {
    const { own, directory, ...parts } = this.#options;
    if (own?.id === nodeId) return own;
    return new RemoteNode({ ...parts, id: nodeId, gone: directory.goneOf(nodeId) });
  }

  create(order: CreateOrder, scope: CallScope): Promise<Runtime | undefined> {
    const { launch, driver } = order.runtime;
    const wish = { isPlain: isPlain(launch), needsWebDriver: driver === 'selenium' };
    return this.#place(wish, (node, mayWait) => node.create(order, { ...scope, mayWait }));
  }

  start(order: StartOrder, scope: CallScope): Promise<Runtime | undefined> {
    return this.#place(ANY, (node, mayWait) => node.start(order, { ...scope, mayWait }));
  }

  anticipate(): void {
    this.#options.own?.anticipate();
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
   * Asks one node after the other while they decline; when none takes it, the best one that is full has it wait.
   * Nobody else is asked when one may have begun. Then the record says what became of it, so this
   * resolves with undefined.
   */
  async #place(
    wish: Wish,
    ask: (node: RuntimeNode, mayWait: boolean) => Promise<Runtime | undefined>,
  ): Promise<Runtime | undefined> {
    const { noted } = this.#options;
    let full: (() => RuntimeNode) | undefined;
    let declined: unknown;
    for (const choose of this.#candidates(wish)) {
      try {
        const placed = await ask(choose(), false);
        noted('taken');
        return placed;
      } catch (error) {
        const outcome = outcomeOf(error);
        if (outcome) noted(outcome);
        if (outcome === 'timeout') return undefined;
        if (!isDecline(error)) throw error;
        if (hasCode(error, 'runtime.no_capacity')) full ??= choose;
        declined = error;
      }
    }
    if (full) {
      noted('queued');
      return ask(full(), true);
    }
    if (declined === undefined || hasCode(declined, 'runtime.unreachable')) throw this.#nobody();
    throw declined;
  }

  /** Each counts the runtime when it is asked. */
  #candidates(wish: Wish): (() => RuntimeNode)[] {
    const { own, directory } = this.#options;
    const found = candidates(directory.placeable, wish).map((known) => () => {
      known.placed++;
      return this.find(known.beacon.nodeId);
    });
    return found.length === 0 && own ? [() => own] : found;
  }

  #nobody(): RuntimeError {
    const retryAfterSeconds = 1;
    if (!this.#options.bus.isConnected) {
      const message = 'The message bus of the service does not answer now.';
      return new RuntimeError('service.unavailable', message, { retryAfterSeconds });
    }
    const message = 'There is no machine with browsers now.';
    return new RuntimeError('runtime.no_capacity', message, { retryAfterSeconds });
  }
}

function isDecline(error: unknown): boolean {
  return error instanceof RuntimeError && DECLINES.has(error.code);
}

function hasCode(error: unknown, code: RuntimeErrorCode): boolean {
  return error instanceof RuntimeError && error.code === code;
}

/** Undefined for a refusal of the request itself, which any node would give. */
function outcomeOf(error: unknown): Exclude<PlacementOutcome, 'taken' | 'queued'> | undefined {
  if (isUncertain(error)) return 'timeout';
  if (hasCode(error, 'runtime.unreachable')) return 'no_responders';
  return isDecline(error) ? 'declined' : undefined;
}

/** Whether a node may have begun what it was asked. */
function isUncertain(error: unknown): boolean {
  if (!(error instanceof RuntimeError) || !(error.cause instanceof BusError)) return false;
  const { failure } = error.cause;
  return failure === 'timeout' || failure === 'interrupted' || failure === 'aborted';
}

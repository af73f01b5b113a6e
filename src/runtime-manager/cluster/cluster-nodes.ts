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
}

interface Placing {
  ask: (node: RuntimeNode, mayWait: boolean) => Promise<Runtime | undefined>;
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
    return this.#place(wish, {
      ask: (node, mayWait) => node.create(order, { ...scope, mayWait }),
      isBegun: async () => (await this.#find(order)) !== undefined,
    });
  }

  start(order: StartOrder, scope: CallScope): Promise<Runtime | undefined> {
    return this.#place(ANY, {
      ask: (node, mayWait) => node.start(order, { ...scope, mayWait }),
      isBegun: async () => true,
    });
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
   * Asks one node after the other while they decline; when all are full, the best one has it wait.
   * Nobody else is asked when one may have begun, or may still begin. Then the record says what
   * became of it, so this resolves with undefined.
   */
  async #place(wish: Wish, { ask, isBegun }: Placing): Promise<Runtime | undefined> {
    const nodes = this.#candidates(wish);
    let declined: unknown;
    for (const { choose, isOver } of nodes) {
      try {
        return await ask(choose(), false);
      } catch (error) {
        if (isUncertain(error)) {
          if (!isOver() || (await isBegun())) return undefined;
        } else if (!isDecline(error)) throw error;
        declined = error;
      }
    }
    const [best] = nodes;
    if (best && hasCode(declined, 'runtime.no_capacity')) return ask(best.choose(), true);
    if (declined === undefined || hasCode(declined, 'runtime.unreachable')) throw this.#nobody();
    throw declined;
  }

  #candidates(wish: Wish): Candidate[] {
    const { own, directory } = this.#options;
    const found = candidates(directory.placeable, wish).map((known) => {
      const { nodeId: id, epoch } = known.beacon;
      const choose = () => {
        known.placed++;
        return this.find(id);
      };
      return { choose, isOver: () => directory.isOver({ id, epoch }) };
    });
    return found.length === 0 && own ? [{ choose: () => own, isOver: () => false }] : found;
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

/** Whether a node may have begun what it was asked. */
function isUncertain(error: unknown): boolean {
  if (!(error instanceof RuntimeError) || !(error.cause instanceof BusError)) return false;
  const { failure } = error.cause;
  return failure === 'timeout' || failure === 'interrupted' || failure === 'aborted';
}

import { RuntimeError } from '../errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { OwnNode, RuntimeNode } from './runtime-node.ts';

type OfAll = 'create' | 'start' | 'anticipate' | 'isReady' | 'languages';

/** Which nodes there are, and which one gets the next runtime. */
export interface Nodes extends Pick<OwnNode, OfAll> {
  /** Holds the runtimes that wait for any node, where there are several. */
  readonly queue?: RuntimeNode;
  find(nodeId: string): RuntimeNode | undefined;
}

/** The nodes of a service that is one process. */
export function onlyNode(node: OwnNode): Nodes {
  return {
    find: (nodeId) => (nodeId === node.id ? node : undefined),
    create: (order, scope) => node.create(order, scope),
    start: (order, scope) => node.start(order, scope),
    anticipate: () => node.anticipate(),
    isReady: () => node.isReady(),
    languages: node.languages,
  };
}

/** Whatever holds an active runtime. Throws `runtime.unreachable` when it is out of reach. */
export function nodeOf(
  nodes: Nodes,
  { nodeId, queuedAt }: Pick<Runtime, 'nodeId'> & Partial<Pick<Runtime, 'queuedAt'>>,
): RuntimeNode {
  const node = queuedAt ? nodes.queue : nodes.find(nodeId);
  if (node) return node;
  throw unreachable();
}

export function unreachable(cause?: unknown): RuntimeError {
  const message = 'The machine that holds the runtime cannot be reached now.';
  return new RuntimeError('runtime.unreachable', message, { cause, retryAfterSeconds: 1 });
}

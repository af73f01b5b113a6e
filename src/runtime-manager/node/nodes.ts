import { RuntimeError } from '../errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { OwnNode, RuntimeNode } from './runtime-node.ts';

type OfAll = 'create' | 'start' | 'anticipate' | 'isReady' | 'languages';

/** Which nodes there are, and which one gets the next runtime. */
export interface Nodes extends Pick<OwnNode, OfAll> {
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

/** The node that owns an active runtime. Throws `runtime.unreachable` when it is out of reach. */
export function nodeOf(nodes: Nodes, { nodeId }: Pick<Runtime, 'nodeId'>): RuntimeNode {
  const node = nodes.find(nodeId);
  if (node) return node;
  throw unreachable();
}

export function unreachable(cause?: unknown): RuntimeError {
  const message = 'The machine that holds the runtime cannot be reached now.';
  return new RuntimeError('runtime.unreachable', message, { cause, retryAfterSeconds: 1 });
}

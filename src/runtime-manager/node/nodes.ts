import { RuntimeError } from '../errors.ts';
import { statusOf } from '../runtime/lifecycle.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { RuntimeNode } from './runtime-node.ts';

/** Which nodes there are, and which one gets the next runtime. */
export interface Nodes {
  find(nodeId: string): RuntimeNode | undefined;
  /** The node for a runtime that has none yet, or none any more. */
  place(): RuntimeNode;
}

/** The nodes of a service that is one process. */
export function onlyNode(node: RuntimeNode): Nodes {
  return { find: (nodeId) => (nodeId === node.id ? node : undefined), place: () => node };
}

/**
 * The node that owns a runtime, or owned its last life. Throws `runtime.held_elsewhere` when an
 * active runtime's node is out of reach.
 */
export function nodeOf(
  nodes: Nodes,
  { state, nodeId }: Pick<Runtime, 'state' | 'nodeId'>,
): RuntimeNode {
  const node = nodes.find(nodeId);
  if (node) return node;
  if (statusOf(state) !== 'active') return nodes.place();
  throw new RuntimeError('runtime.held_elsewhere', 'Another service holds this runtime.');
}

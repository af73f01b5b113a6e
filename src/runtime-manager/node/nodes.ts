import { RuntimeError } from '../errors.ts';
import { statusOf } from '../runtime/lifecycle.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { RuntimeNode } from './runtime-node.ts';

/** Who is there, and who gets the next runtime. */
export interface Nodes {
  find(nodeId: string): RuntimeNode | undefined;
  /** For a runtime that has no node yet, or none any more. */
  place(): RuntimeNode;
}

/** There is this process, and no other. */
export function onlyNode(node: RuntimeNode): Nodes {
  return { find: (nodeId) => (nodeId === node.id ? node : undefined), place: () => node };
}

/** The node that owns a runtime, or owned its last life. Throws `runtime.held_elsewhere` for one that is out of reach. */
export function nodeOf(
  nodes: Nodes,
  { state, nodeId }: Pick<Runtime, 'state' | 'nodeId'>,
): RuntimeNode {
  const node = nodes.find(nodeId);
  if (node) return node;
  if (statusOf(state) !== 'active') return nodes.place();
  throw new RuntimeError('runtime.held_elsewhere', 'Another service holds this runtime.');
}

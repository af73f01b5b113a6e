import { RuntimeError } from '../errors.ts';
import type { NodeRole, PresentNodeState } from '../runtime/node-store.ts';
import type { NodeLoad } from './capacity.ts';
import type { Drain } from './drain.ts';
import type { OwnNode } from './runtime-node.ts';

/** A process of the service, as its operator sees it. */
export interface NodeStatus {
  id: string;
  role: NodeRole;
  state: PresentNodeState;
  build: string;
  startedAt: Date;
  /** Undefined for a process without browsers, and for one that was not heard yet. */
  load: NodeLoad | undefined;
  /** Undefined where there are no others. */
  membership: NodeMembership | undefined;
}

/** What a process is to the others of its cluster. */
export interface NodeMembership {
  epoch: number;
  /** Where others dial it, `host:port`. */
  address: string | undefined;
  /** For how long its lease still holds; negative when the lease is over. */
  leaseLeftMs: number;
  /** When the process that answers heard of it last. */
  lastHeardAt: Date | undefined;
}

/** What an operator sees and does of nodes. */
export interface NodeControl {
  /** Newest first. */
  list(): Promise<NodeStatus[]>;
  /**
   * Has a node take no more runtimes; those that it has go on. A node that drains already goes on with
   * it. Throws `node.not_found`.
   */
  drain(nodeId: string): Promise<NodeStatus>;
  /** Has a node take runtimes again. Throws `node.not_found`. */
  undrain(nodeId: string): Promise<NodeStatus>;
}

export interface OnlyNodeParts {
  node: OwnNode;
  drain: Drain;
  build: string;
}

/** The node of a service that is one process. */
export class OnlyNodeControl implements NodeControl {
  readonly #parts: OnlyNodeParts;
  readonly #startedAt = new Date();

  constructor(parts: OnlyNodeParts) {
    this.#parts = parts;
  }

  async list(): Promise<NodeStatus[]> {
    return [this.#status()];
  }

  async drain(nodeId: string): Promise<NodeStatus> {
    this.#assertIs(nodeId);
    this.#parts.drain.begin();
    return this.#status();
  }

  async undrain(nodeId: string): Promise<NodeStatus> {
    this.#assertIs(nodeId);
    this.#parts.drain.undo();
    return this.#status();
  }

  #status(): NodeStatus {
    const { node, build } = this.#parts;
    const { id, load, isDraining } = node;
    const state = isDraining ? 'draining' : 'up';
    const startedAt = this.#startedAt;
    return { id, role: 'all', state, build, startedAt, load, membership: undefined };
  }

  #assertIs(nodeId: string): void {
    if (nodeId !== this.#parts.node.id) throw nodeNotFound();
  }
}

export function nodeNotFound(): RuntimeError {
  return new RuntimeError('node.not_found', 'There is no such node, or it has no browsers.');
}

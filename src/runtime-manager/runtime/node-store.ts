import type { RuntimeLife } from './runtime.ts';

/** What a process of the cluster does: it owns runtimes, answers requests, or both. */
export const NODE_ROLES = ['all', 'node', 'api'] as const;
export type NodeRole = (typeof NODE_ROLES)[number];

/** The states of a process that is there. One that is `draining` takes no new runtimes. */
export const PRESENT_NODE_STATES = ['up', 'draining'] as const;
export type PresentNodeState = (typeof PRESENT_NODE_STATES)[number];
/** Those of one that others declared gone, and of one that said so itself. */
export const GONE_NODE_STATES = ['lost', 'left'] as const;
export type NodeState = PresentNodeState | (typeof GONE_NODE_STATES)[number];

/** One life of a process: whoever restarts, or comes back after it was lost, lives one epoch later. */
export interface NodeLife {
  id: string;
  epoch: number;
}

export interface NewNode {
  id: string;
  role: NodeRole;
  /** Where its data plane listens, `host:port`; undefined when it has none. */
  address: string | undefined;
  /** Where it answers HTTP, `host:port`: requests of clients, or how it is. */
  httpAddress?: string | undefined;
  build: string;
  /** The version of the cluster's messages that it speaks. */
  protocol: number;
}

export interface ListedNode extends NewNode, NodeLife {
  state: PresentNodeState;
  startedAt: Date;
  /** For how long its lease still holds; negative when the lease is over. */
  leaseLeftMs: number;
}

/** The processes that were declared lost, and the lives of runtimes that ended with them. */
export interface LostNodes {
  nodeIds: string[];
  runtimes: RuntimeLife[];
}

/** Numbers of a whole cluster. */
export interface ClusterFigures {
  /** Without those that wait. */
  activeRuntimes: number;
  /** Runtimes that wait for any node with room. */
  waiting: number;
  /** For how long the first of them has waited; 0 when none does. */
  oldestWaitMs: number;
  /** How many nodes are in each state; those that are gone count for a day. */
  nodes: Record<NodeState, number>;
}

/**
 * What the cluster needs of a database to know its processes. Each holds a lease, which only the
 * database's clock measures. What an earlier life says changes nothing.
 */
export interface NodeStore {
  /** Begins a life, which ends every earlier one, with a lease for so long. */
  join(node: NewNode, leaseMs: number): Promise<NodeLife>;
  /**
   * Resolves with the state that the row is in; undefined when a later life has begun, or this one was
   * declared lost or has left: it is over.
   */
  renew(life: NodeLife, leaseMs: number): Promise<PresentNodeState | undefined>;
  drain(life: NodeLife): Promise<void>;
  undrain(life: NodeLife): Promise<void>;
  leave(life: NodeLife): Promise<void>;
  /** Those that are up or draining, also when their lease is over; newest first, 1000 at most. */
  list(): Promise<ListedNode[]>;
  /** Costs as much as there are organizations, processes and runtimes that wait, whatever else there is. */
  figures(): Promise<ClusterFigures>;
  /**
   * Declares those lost that are up or draining and whose lease is over, and fails their runtimes
   * (`runtime.node_lost`, or `runtime.abandoned` for those that they had wait for a node), in one
   * statement. Others of `ids` are left alone.
   */
  declareLost(ids: readonly string[]): Promise<LostNodes>;
  /**
   * Fails what was recorded for nodes after they were declared lost: the database may carry out late
   * what a node asked of it. Resolves with the lives that it ends. Also fails the files that arrived on
   * nodes that are gone.
   */
  failLate(): Promise<RuntimeLife[]>;
}

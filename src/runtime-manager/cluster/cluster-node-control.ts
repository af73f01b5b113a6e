import { nodeNotFound, type NodeControl, type NodeStatus } from '../node/node-control.ts';
import type { ListedNode, NodeStore } from '../runtime/node-store.ts';
import type { Directory } from './directory.ts';

export interface ClusterNodeControlParts {
  store: Pick<NodeStore, 'list' | 'drain' | 'undrain'>;
  directory: Directory;
}

/**
 * The processes of a cluster, by their rows and their beacons. A node learns from its own row, when it
 * renews its lease, that it is to drain.
 */
export class ClusterNodeControl implements NodeControl {
  readonly #parts: ClusterNodeControlParts;

  constructor(parts: ClusterNodeControlParts) {
    this.#parts = parts;
  }

  async list(): Promise<NodeStatus[]> {
    return (await this.#parts.store.list()).map((listed) => this.#status(listed));
  }

  async drain(nodeId: string): Promise<NodeStatus> {
    const found = await this.#find(nodeId);
    await this.#parts.store.drain(found);
    return this.#status({ ...found, state: 'draining' });
  }

  async undrain(nodeId: string): Promise<NodeStatus> {
    const found = await this.#find(nodeId);
    await this.#parts.store.undrain(found);
    return this.#status({ ...found, state: 'up' });
  }

  async #find(nodeId: string): Promise<ListedNode> {
    const listed = await this.#parts.store.list();
    const found = listed.find(({ id, role }) => id === nodeId && role !== 'api');
    if (found) return found;
    throw nodeNotFound();
  }

  #status({ id, role, state, build, startedAt, ...row }: ListedNode): NodeStatus {
    const { epoch, address, leaseLeftMs } = row;
    const heard = this.#parts.directory.find(id);
    // What an earlier life told is not so any more.
    const known = heard?.beacon.epoch === epoch ? heard : undefined;
    const lastHeardAt = known && new Date(Date.now() - (performance.now() - known.heardAt));
    const membership = { epoch, address, leaseLeftMs, lastHeardAt };
    return { id, role, state, build, startedAt, load: known?.beacon, membership };
  }
}

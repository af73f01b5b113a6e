import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge } from 'prom-client';
import type { CapacityHistory, OwnNode } from '../../runtime-manager/index.ts';
import type { ClusterFigures } from '../../runtime-manager/runtime/index.ts';
import type { PlacementOutcome } from '../../runtime-manager/cluster/index.ts';
import type { Figures } from '../cached-figures.ts';
import { showGauge, type Registers } from './gauge.ts';
import { createTiming, type Exemplar } from './timing.ts';

/** How exactly a stall of the event loop is measured. */
const STALL_RESOLUTION_MS = 10;
/** From a database beside the process to a renewal that came too late. */
const RENEWAL_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2];

export interface ClusterMetrics {
  placed: (outcome: PlacementOutcome) => void;
  /** Times one renewal of the lease. */
  renewal: <T>(work: () => Promise<T>) => Promise<T>;
  /** Adds gauges of the node of this process. */
  showNode: (node: Pick<OwnNode, 'load' | 'isDraining'>) => void;
  /** Adds gauges of the whole cluster, which are the same from every process that answers clients. */
  showCluster: (parts: ClusterParts) => void;
}

export interface ClusterParts {
  capacity: CapacityHistory;
  figures: Figures<ClusterFigures>;
}

export function createClusterMetrics(registers: Registers, exemplar: Exemplar): ClusterMetrics {
  const placements = new Counter({
    name: 'bctrl_placements_total',
    help: 'Requests to nodes to take a runtime, by outcome; one runtime may need several requests.',
    labelNames: ['outcome'],
    registers,
  });
  const renewals = createTiming<never>(
    {
      name: 'bctrl_lease_renew_seconds',
      help: 'How long it takes to renew the lease of this process.',
      buckets: RENEWAL_SECONDS,
      registers,
    },
    exemplar,
  );
  return {
    placed: (outcome) => placements.inc({ outcome }),
    renewal: (work) => renewals.time({}, work),
    showNode: (node) => showNode(registers, node),
    showCluster: ({ capacity, figures }) => {
      showFigures(registers, figures);
      showCapacity(registers, capacity);
    },
  };
}

function showNode(registers: Registers, node: Pick<OwnNode, 'load' | 'isDraining'>): void {
  showGauge(registers, 'bctrl_node_free', {
    help: 'How many more runtimes this node could start now.',
    read: () => node.load.free,
  });
  showGauge(registers, 'bctrl_node_draining', {
    help: 'Whether this node is draining: 1 or 0.',
    read: () => Number(node.isDraining),
  });
  const stalls = monitorEventLoopDelay({ resolution: STALL_RESOLUTION_MS });
  stalls.enable();
  showGauge(registers, 'bctrl_node_stall_seconds', {
    help: 'The longest time that the event loop of this node was blocked since the last scrape.',
    read: () => {
      const seconds = stalls.max / 1e9;
      stalls.reset();
      return seconds;
    },
  });
}

/** What only the database knows is left out while it does not answer. */
function showFigures(registers: Registers, figures: Figures<ClusterFigures>): void {
  showGauge(registers, 'bctrl_cluster_runtimes_active', {
    help: 'Active runtimes in the whole cluster, not counting those that are waiting for a slot.',
    read: async () => (await figures())?.activeRuntimes,
  });
  showGauge(registers, 'bctrl_cluster_queue_length', {
    help: 'Runtimes that are waiting for a slot on any node.',
    read: async () => (await figures())?.waiting,
  });
  showGauge(registers, 'bctrl_cluster_queue_oldest_seconds', {
    help: 'How long the oldest of these runtimes has been waiting.',
    read: async () => secondsOf((await figures())?.oldestWaitMs),
  });
  new Gauge({
    name: 'bctrl_cluster_nodes',
    help: 'Nodes by state; a node that is lost or has left is counted for one day.',
    labelNames: ['state'],
    registers,
    async collect() {
      this.reset();
      const found = await figures();
      for (const [state, count] of found ? Object.entries(found.nodes) : []) {
        this.set({ state }, count);
      }
    },
  });
}

/** As the nodes told last, within a second. */
function showCapacity(registers: Registers, capacity: CapacityHistory): void {
  showGauge(registers, 'bctrl_cluster_slots', {
    help: 'The maximum number of active runtimes on all nodes.',
    read: async () => (await capacity.now()).total.slots,
  });
  showGauge(registers, 'bctrl_cluster_free', {
    help: 'How many more runtimes the cluster could start now.',
    read: async () => (await capacity.now()).total.free,
  });
  showGauge(registers, 'bctrl_cluster_headroom_wanted', {
    help: 'How many free slots there should be: the largest increase of runtimes, including those in the queue, in any two minutes of the last hour (a node takes two minutes to start), plus the square root of that number.',
    read: () => capacity.headroomWanted,
  });
}

function secondsOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

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
    help: 'What became of asking nodes for runtimes; one runtime may take several questions.',
    labelNames: ['outcome'],
    registers,
  });
  const renewals = createTiming<never>(
    {
      name: 'bctrl_lease_renew_seconds',
      help: 'How long renewals of the lease of this process take.',
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
    help: 'How many more runtimes would find room on this node now.',
    read: () => node.load.free,
  });
  showGauge(registers, 'bctrl_node_draining', {
    help: 'Whether this node drains: 1 or 0.',
    read: () => Number(node.isDraining),
  });
  const stalls = monitorEventLoopDelay({ resolution: STALL_RESOLUTION_MS });
  stalls.enable();
  showGauge(registers, 'bctrl_node_stall_seconds', {
    help: 'The longest time for which this node did nothing else, since the last scrape.',
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
    help: 'Runtimes that are active in the whole cluster, without those that wait for room.',
    read: async () => (await figures())?.activeRuntimes,
  });
  showGauge(registers, 'bctrl_cluster_queue_length', {
    help: 'Runtimes that wait for room on any node.',
    read: async () => (await figures())?.waiting,
  });
  showGauge(registers, 'bctrl_cluster_queue_oldest_seconds', {
    help: 'For how long the first of them has waited.',
    read: async () => secondsOf((await figures())?.oldestWaitMs),
  });
  new Gauge({
    name: 'bctrl_cluster_nodes',
    help: 'Nodes by their state; one that is lost or has left counts for a day.',
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
    help: 'Runtimes that the nodes may have at once.',
    read: async () => (await capacity.now()).total.slots,
  });
  showGauge(registers, 'bctrl_cluster_free', {
    help: 'Runtimes that would find room now.',
    read: async () => (await capacity.now()).total.free,
  });
  showGauge(registers, 'bctrl_cluster_headroom_wanted', {
    help: 'How many free places there should be: the most by which runtimes, with those that wait, became more within two minutes (the time that a node takes to start) of the last hour, plus the square root of that.',
    read: () => capacity.headroomWanted,
  });
}

function secondsOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

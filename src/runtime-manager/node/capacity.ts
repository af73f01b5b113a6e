import type { MachineState } from '../machine/machine-state.ts';

/** How busy a node is, by numbers of runtimes. */
export interface NodeLoad {
  /** How many there may be at once. */
  slots: number;
  /** How many there are, with those that are being launched. */
  active: number;
  /** How many wait for room. */
  waiting: number;
  /** How many more would find room now. */
  free: number;
  /** How many browsers are ready to be handed out. */
  warm: number;
}

/** What a node has room for, and what it does. */
export interface NodeCapacity extends NodeLoad, MachineState {
  /** For how long the first in the queue has waited; 0 when nobody waits. */
  oldestWaitMs: number;
}

/** Of all nodes together: sums, the longest wait, and the launch times of the slowest. */
export function totalOf(nodes: readonly NodeCapacity[]): NodeCapacity {
  const sum = (of: (node: NodeCapacity) => number) =>
    nodes.reduce((total, node) => total + of(node), 0);
  const most = (of: (node: NodeCapacity) => number) => Math.max(0, ...nodes.map(of));
  return {
    slots: sum(({ slots }) => slots),
    active: sum(({ active }) => active),
    waiting: sum(({ waiting }) => waiting),
    free: sum(({ free }) => free),
    warm: sum(({ warm }) => warm),
    launching: sum(({ launching }) => launching),
    oldestWaitMs: most(({ oldestWaitMs }) => oldestWaitMs),
    memory: {
      freeBytes: sum(({ memory }) => memory.freeBytes),
      floorBytes: sum(({ memory }) => memory.floorBytes),
      browserBytes: sum(({ memory }) => memory.browserBytes),
    },
    launches: {
      perMinute: sum(({ launches }) => launches.perMinute),
      failedPerMinute: sum(({ launches }) => launches.failedPerMinute),
      p50Ms: most(({ launches }) => launches.p50Ms),
      p95Ms: most(({ launches }) => launches.p95Ms),
    },
  };
}

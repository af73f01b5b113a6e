import type { NodeLoad } from './runtime-node.ts';

/** Of a machine's memory, in bytes. */
export interface MemoryState {
  /** What could still be used. */
  freeBytes: number;
  /** What is to stay free. */
  floorBytes: number;
  /** What all browsers use, as last measured. */
  browserBytes: number;
}

/** The launches of browsers in the last minute, for a request or ahead of one. */
export interface LaunchRates {
  perMinute: number;
  failedPerMinute: number;
  /** How long those took that succeeded; 0 when there were none. */
  p50Ms: number;
  p95Ms: number;
}

export interface MachineState {
  /** How many browsers are being launched. */
  launching: number;
  memory: MemoryState;
  launches: LaunchRates;
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

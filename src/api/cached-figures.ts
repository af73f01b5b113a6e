import type { ClusterFigures, NodeStore } from '../runtime-manager/runtime/index.ts';

const FRESH_MS = 1000;

/** The figures of the cluster; undefined when the database did not tell. */
export type Figures = () => Promise<ClusterFigures | undefined>;

/** Asks the database at most once a second, however many ask here. */
export function cachedFigures(store: Pick<NodeStore, 'figures'>): Figures {
  let askedAt = -Infinity;
  let last: ReturnType<Figures> = Promise.resolve(undefined);
  return () => {
    if (performance.now() - askedAt < FRESH_MS) return last;
    askedAt = performance.now();
    last = store.figures().catch(() => undefined);
    return last;
  };
}

const FRESH_MS = 1000;

/** Figures of all organizations or processes; undefined when the database did not tell. */
export type Figures<T> = () => Promise<T | undefined>;

/** Asks the database at most once a second, however many ask here. */
export function cachedFigures<T>(store: { figures: () => Promise<T> }): Figures<T> {
  let askedAt = -Infinity;
  let last: Promise<T | undefined> = Promise.resolve(undefined);
  return () => {
    if (performance.now() - askedAt < FRESH_MS) return last;
    askedAt = performance.now();
    last = store.figures().catch(() => undefined);
    return last;
  };
}

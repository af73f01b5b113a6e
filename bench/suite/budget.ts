/** How long a measure may go on taking samples, and how many it wants of each kind. */
export interface Budget {
  rounds: number;
  /** No round begins after it; a time of `performance.now()`. */
  until: number;
}

export function budgetOf(rounds: number, seconds: number): Budget {
  return { rounds, until: performance.now() + seconds * 1000 };
}

/** The first share of it. */
export function partOf({ rounds, until }: Budget, share: number): Budget {
  const now = performance.now();
  return { rounds, until: now + (until - now) * share };
}

/** One round, whatever it takes: the first, which is not counted. */
export const ONCE: Budget = { rounds: 1, until: Infinity };

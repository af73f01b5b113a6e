/** What was taken longer ago says nothing about what will be. */
const WINDOW_MS = 60_000;

interface Taking {
  at: number;
  /** How many were taken by then, and not replaced yet. */
  open: number;
}

/**
 * How many browsers have to be ready so that nobody waits. Each one that is taken is open until a
 * launch replaces it; whoever comes waits when as many are open as were ready. So what is needed is
 * the most that were open at once in the last minute, and its square root more: what comes at random
 * goes beyond the most of n takings once in n + 1, and the reserve covers that. How long a launch
 * takes, and how long it waits for its turn, is in it without being measured. Times are those of
 * `performance.now()`.
 */
export class Demand {
  /** Each with more open than any later one: the first has the most. No longer than that number. */
  readonly #peaks: Taking[] = [];
  #open = 0;

  /** Somebody takes one, or begins to wait for one. */
  taken(at: number): void {
    const open = ++this.#open;
    while ((this.#peaks.at(-1)?.open ?? Infinity) <= open) this.#peaks.pop();
    this.#peaks.push({ at, open });
  }

  /** A launch came to its end. */
  replaced(): void {
    this.#open = Math.max(0, this.#open - 1);
  }

  /** As many are ready as are wanted, so none is open, whatever became of those who waited. */
  filled(): void {
    this.#open = 0;
  }

  needed(now: number): number {
    while ((this.#peaks[0]?.at ?? now) < now - WINDOW_MS) this.#peaks.shift();
    const most = this.#peaks[0]?.open ?? 0;
    return most + Math.ceil(Math.sqrt(most));
  }
}

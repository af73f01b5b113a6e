/** Browsers that were taken longer ago say nothing about how many will be. */
const WINDOW_MS = 60_000;

interface Taking {
  at: number;
  /** How many were taken by then, and not replaced yet. */
  open: number;
}

/**
 * How many browsers have to be ready so that nobody waits. A taken browser is open until a launch
 * replaces it, and a client waits when as many are open as were ready. So the need is the most that
 * were open at once in the last minute, plus the square root of that: demand that comes at random
 * goes beyond the most of n takings once in n + 1, and the reserve covers that. The number includes
 * how long a launch takes and how long it waits for its turn, without a measurement. Times are
 * those of `performance.now()`.
 */
export class Demand {
  /**
   * Each entry has more open than any later one, so the first has the most, and there are no more
   * entries than that.
   */
  readonly #peaks: Taking[] = [];
  #open = 0;

  /** Somebody takes one, or begins to wait for one. */
  taken(at: number): void {
    const open = ++this.#open;
    while ((this.#peaks.at(-1)?.open ?? Infinity) <= open) this.#peaks.pop();
    this.#peaks.push({ at, open });
  }

  /** A launch has replaced one. */
  replaced(): void {
    this.#open = Math.max(0, this.#open - 1);
  }

  /** As many browsers are ready as are wanted, so none is open, whatever became of the waiters. */
  filled(): void {
    this.#open = 0;
  }

  needed(now: number): number {
    while ((this.#peaks[0]?.at ?? now) < now - WINDOW_MS) this.#peaks.shift();
    const most = this.#peaks[0]?.open ?? 0;
    return most + Math.ceil(Math.sqrt(most));
  }
}

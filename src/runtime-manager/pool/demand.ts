/** What came longer ago says nothing about what will come. */
const WINDOW_MS = 60_000;
/** A longer list would not change what it says. */
const ARRIVALS_KEPT = 512;
const FIRST_GUESS_MS = 500;

/**
 * How many browsers have to be ready so that nobody waits: those that may be asked for while one is
 * being launched (arrival rate × launch time). Taken at the highest it was in the last minute, since
 * browsers are asked for in bursts. Times are those of `performance.now()`.
 */
export class Demand {
  readonly #arrivals: number[] = [];
  #launchMs = FIRST_GUESS_MS;

  arrived(at: number): void {
    this.#arrivals.push(at);
    if (this.#arrivals.length > ARRIVALS_KEPT) this.#arrivals.shift();
  }

  launched(tookMs: number): void {
    this.#launchMs += (tookMs - this.#launchMs) / 5;
  }

  /** The most that came within the time of one launch. */
  peak(now: number): number {
    while ((this.#arrivals[0] ?? now) < now - WINDOW_MS) this.#arrivals.shift();
    let most = 0;
    let first = 0;
    for (const [last, at] of this.#arrivals.entries()) {
      while (at - (this.#arrivals[first] ?? at) > this.#launchMs) first++;
      most = Math.max(most, last - first + 1);
    }
    return most;
  }
}

/** How much a burst of input may be delayed. A client's own limit is 30 s in most libraries. */
const CAPACITY_MS = 10_000;
/** A client that sends nothing for this long has ended its burst. */
const IDLE_MS = 300;

/**
 * How much of a person's delays a burst of input still has. For the first half of `CAPACITY_MS` they
 * are as long as they should be, then they get shorter and shorter: a burst takes at most 10 s more
 * than it would have taken anyway, so that it ends before a client gives up.
 */
export class Burst {
  #leftMs = CAPACITY_MS;
  #restedAt: number | undefined;

  /** The factor for delays, from 0 to 1. */
  get pace(): number {
    return Math.min(1, (2 * this.#leftMs) / CAPACITY_MS);
  }

  /** Called when a command's turn comes; `now` in ms, of any clock that only goes on. */
  enter(now: number): void {
    const passedMs = Math.max(0, now - (this.#restedAt ?? now));
    if (passedMs >= IDLE_MS) this.renew();
    this.#restedAt = now;
  }

  /** Called when the burst was delayed by `ms`. */
  spend(ms: number, now: number): void {
    this.#leftMs = Math.max(0, this.#leftMs - ms);
    this.#restedAt = now;
  }

  /** Begins another burst. */
  renew(): void {
    this.#leftMs = CAPACITY_MS;
  }
}

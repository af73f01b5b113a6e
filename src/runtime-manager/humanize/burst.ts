/** What a burst of input may be slowed down by. A client's own limit is 30 s in most libraries. */
const CAPACITY_MS = 10_000;
/** Who sends nothing for so long has ended what he was about. */
const IDLE_MS = 300;

/**
 * How much of the delays of a person is still to be had in a burst of input. The first half is as
 * long as it should be, then it gets faster and faster: a burst takes 10 s more than it would have
 * taken anyway, so that it ends before a client gives up.
 */
export class Burst {
  #leftMs = CAPACITY_MS;
  #restedAt: number | undefined;

  /** What delays are to be multiplied with, from 0 to 1. */
  get pace(): number {
    return Math.min(1, (2 * this.#leftMs) / CAPACITY_MS);
  }

  /** Called when a command comes to its turn; `now` in ms, of any clock that goes on. */
  enter(now: number): void {
    const passedMs = Math.max(0, now - (this.#restedAt ?? now));
    if (passedMs >= IDLE_MS) this.renew();
    this.#restedAt = now;
  }

  /** Called when it was slowed down by so much. */
  spend(ms: number, now: number): void {
    this.#leftMs = Math.max(0, this.#leftMs - ms);
    this.#restedAt = now;
  }

  /** Something else begins. */
  renew(): void {
    this.#leftMs = CAPACITY_MS;
  }
}

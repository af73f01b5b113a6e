/** A launch that takes longer at low priority goes on at normal priority. */
const UNHURRIED_MS = 30_000;

interface Launching {
  hurry: AbortController;
  settled: Promise<void>;
}

/** Launches under way, each at low priority until somebody waits for it, or it takes too long. */
export class Launches {
  /** Oldest first. */
  readonly #all = new Set<Launching>();

  get size(): number {
    return this.#all.size;
  }

  /**
   * `launch` must not throw, and gives the browser that it brought up normal priority. `then` is
   * called when the launch is over and does not count any more.
   */
  begin(launch: (hurry: AbortController) => Promise<void>, then: () => void): void {
    const hurry = new AbortController();
    const long = setTimeout(() => hurry.abort(), UNHURRIED_MS).unref();
    const launching = { hurry, settled: launch(hurry) };
    this.#all.add(launching);
    void launching.settled.then(() => {
      clearTimeout(long);
      this.#all.delete(launching);
      then();
    });
  }

  /**
   * Gives the `count` oldest launches normal priority. If all had it, each would take longer, and
   * waiters would wait for launches that nobody needs yet.
   */
  hurry(count: number): void {
    for (const { hurry } of [...this.#all].slice(0, count)) hurry.abort();
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#all].map(({ settled }) => settled));
  }
}

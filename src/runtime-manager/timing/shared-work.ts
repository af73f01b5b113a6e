import { untilAborted } from './until-aborted.ts';

interface UnderWay<T> {
  result: Promise<T>;
  /** Gives the work up. */
  over: AbortController;
  waiting: number;
}

/** Work that whoever asks for the same meanwhile shares; nobody waits for it any more: it is given up. */
export class SharedWork<T> {
  readonly #underWay = new Map<string, UnderWay<T>>();

  /**
   * Resolves with the result of what is under way for `key`, else of `work`, whose signal aborts when
   * everybody has left. Throws what the work throws, or the reason of `signal`.
   */
  async join(
    key: string,
    signal: AbortSignal,
    work: (over: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const joined = this.#underWay.get(key) ?? this.#begin(key, work);
    joined.waiting++;
    try {
      return await untilAborted(joined.result, signal);
    } finally {
      joined.waiting--;
      if (joined.waiting === 0) this.#end(key, joined);
    }
  }

  #begin(key: string, work: (over: AbortSignal) => Promise<T>): UnderWay<T> {
    const over = new AbortController();
    const begun = { result: work(over.signal), over, waiting: 0 };
    this.#underWay.set(key, begun);
    return begun;
  }

  #end(key: string, { over }: UnderWay<T>): void {
    this.#underWay.delete(key);
    over.abort();
  }
}

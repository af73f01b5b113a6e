/** How long one piece of work goes first; then it takes too long for others to wait. */
const FIRST_MS = 50;
/** For so long after it goes first what may come next, as the next request of a client does. */
const LINGER_MS = 5;
/** How long others give way at most; afterwards they go on for a third of the time that took. */
const WAIT_MS = 150;
const GO_ON_SHARE = 1 / 3;

/**
 * Which of two threads goes first. On a small machine the system lets a thread that runs run on for
 * milliseconds, whatever priority another one has, and that is as long as a whole request takes.
 */
export class Precedence {
  /** How much is under way that goes first; shared by the threads. */
  readonly #count: Int32Array<SharedArrayBuffer>;
  #waiting: Promise<void> | undefined;
  #goesOnUntil = 0;

  /** What another thread makes one of that knows of the same work. */
  readonly shared: SharedArrayBuffer;

  constructor(shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#count = new Int32Array(shared);
  }

  /** Begins work that goes first, until the result is disposed, but not for long. */
  first(): Disposable {
    Atomics.add(this.#count, 0, 1);
    let isOver = false;
    const end = () => {
      if (isOver) return;
      isOver = true;
      clearTimeout(late);
      if (Atomics.sub(this.#count, 0, 1) === 1) Atomics.notify(this.#count, 0);
    };
    const late = setTimeout(end, FIRST_MS).unref();
    return { [Symbol.dispose]: () => void setTimeout(end, LINGER_MS).unref() };
  }

  /** Resolves when nothing is under way that goes first, or that was waited for long enough. */
  async giveWay(): Promise<void> {
    if (Atomics.load(this.#count, 0) === 0 || performance.now() < this.#goesOnUntil) return;
    this.#waiting ??= this.#wait();
    await this.#waiting;
  }

  async #wait(): Promise<void> {
    const began = performance.now();
    for (;;) {
      const leftMs = began + WAIT_MS - performance.now();
      const count = Atomics.load(this.#count, 0);
      if (count === 0 || leftMs <= 0) break;
      await Atomics.waitAsync(this.#count, 0, count, leftMs).value;
    }
    const now = performance.now();
    this.#goesOnUntil = now + (now - began) * GO_ON_SHARE;
    this.#waiting = undefined;
  }
}

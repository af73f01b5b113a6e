/** The clients that wait for one thing. When all of them have hung up, nobody wants it any more. */
export class WaitingClients {
  readonly #unwanted: () => void;
  #count = 0;

  constructor(unwanted: () => void) {
    this.#unwanted = unwanted;
  }

  /** Waits as one client, until its signal aborts; without one, the client never hangs up. */
  async wait<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    this.#count++;
    const leave = () => {
      if (--this.#count === 0) this.#unwanted();
    };
    if (signal?.aborted) leave();
    else signal?.addEventListener('abort', leave, { once: true });
    try {
      return await work();
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }
}

import { setTimeout as delay } from 'node:timers/promises';

/** One client that waits. */
export interface WaitingClient<T> {
  /** Aborts when the client hangs up; without it, the client never does. */
  signal?: AbortSignal | undefined;
  /** Delivers the result; a client that it does not reach has hung up. */
  deliver?: ((result: T) => Promise<boolean>) | undefined;
}

/**
 * The clients that wait for one thing, or have got it. When all of them have hung up, nobody wants it
 * any more.
 */
export class WaitingClients<T> {
  readonly #unwanted: () => void;
  /** Aborts when the first client has come. */
  readonly #come = new AbortController();
  #count = 0;

  constructor(unwanted: () => void) {
    this.#unwanted = unwanted;
  }

  /** Waits as one client. */
  wait(work: () => Promise<T>, client: WaitingClient<T>): Promise<T> {
    const done = this.#wait(work, client);
    this.#come.abort();
    return done;
  }

  /** Waits in place of a client that has yet to come, until `ms` after the work is done. */
  expect(work: () => Promise<T>, ms: number): Promise<T> {
    const { signal } = this.#come;
    const deliver = async () => {
      await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
      return false;
    };
    return this.#wait(work, { signal, deliver });
  }

  async #wait(work: () => Promise<T>, { signal, deliver }: WaitingClient<T>): Promise<T> {
    this.#count++;
    let isThere = true;
    const leave = () => {
      if (isThere && --this.#count === 0) this.#unwanted();
      isThere = false;
    };
    if (signal?.aborted) leave();
    else signal?.addEventListener('abort', leave, { once: true });
    try {
      const result = await work();
      if (deliver && !(await deliver(result))) leave();
      return result;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }
}

import type { Duplex } from 'node:stream';

/** More is left where it is. */
const AHEAD_MAX_BYTES = 64 * 1024;

/**
 * A connection whose way on is not open yet. It is read ahead a little: only who reads hears that
 * the other end is gone.
 */
export class WaitingClient {
  readonly #client: Duplex;
  readonly #gone = new AbortController();
  readonly #ahead: Buffer[] = [];
  #bytes = 0;

  constructor(client: Duplex) {
    this.#client = client;
    client.on('data', this.#take);
    client.once('end', this.#leave);
    client.once('close', this.#leave);
  }

  /** Aborts when nobody waits any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Reads no more, and resolves with what came so far. */
  stop(): Buffer {
    this.#client.off('data', this.#take);
    this.#client.off('end', this.#leave);
    this.#client.off('close', this.#leave);
    this.#client.pause();
    return Buffer.concat(this.#ahead);
  }

  readonly #take = (chunk: Buffer) => {
    this.#ahead.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes >= AHEAD_MAX_BYTES) this.#client.pause();
  };

  readonly #leave = () => this.#gone.abort();
}

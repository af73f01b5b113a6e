import type { Duplex } from 'node:stream';

/** When this much was read ahead, the rest is left unread. */
const AHEAD_MAX_BYTES = 64 * 1024;

/**
 * A client whose way to its destination is not open yet. The client is read ahead a little, because
 * only whoever reads a connection hears that its other end is gone.
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

  /** Aborts when the client has gone. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Stops reading, and returns what came so far. */
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

import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** How much is read from a waiting client, which should not send anything yet. */
const EARLY_MAX_BYTES = 64 * 1024;

/** What is needed to join an admitted client to a browser. */
export interface Opening {
  request: IncomingMessage;
  socket: Duplex;
  /** What the client has sent so far. */
  head: Buffer;
  /** Call it once the client was told that it is joined. */
  onOpen: () => void;
}

/**
 * A request for a websocket whose answer takes a while. Meanwhile the service reads the socket:
 * otherwise it would not notice that the client hangs up.
 */
export class Handshake implements Disposable {
  readonly #request: IncomingMessage;
  readonly #socket: Duplex;
  readonly #gone = new AbortController();
  readonly #early: Buffer[];
  #isAnswered = false;

  constructor(request: IncomingMessage, socket: Duplex, head: Buffer) {
    this.#request = request;
    this.#socket = socket;
    this.#early = [head];
    socket.on('readable', this.#read);
    socket.on('end', this.#leave);
    socket.on('close', this.#leave);
  }

  /** Aborts when the client hangs up before it is answered. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Whether the client was told that it is joined. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** Hands over the socket, with all that was read from it. */
  open(): Opening {
    this[Symbol.dispose]();
    const onOpen = () => {
      this.#isAnswered = true;
    };
    const head = Buffer.concat(this.#early);
    return { request: this.#request, socket: this.#socket, head, onOpen };
  }

  /** Stops reading the socket. */
  [Symbol.dispose](): void {
    this.#socket.off('readable', this.#read);
    this.#socket.off('end', this.#leave);
    this.#socket.off('close', this.#leave);
  }

  readonly #read = (): void => {
    while (this.#earlyBytes < EARLY_MAX_BYTES) {
      const chunk: unknown = this.#socket.read();
      if (!Buffer.isBuffer(chunk)) return;
      this.#early.push(chunk);
    }
  };

  get #earlyBytes(): number {
    return this.#early.reduce((sum, { length }) => sum + length, 0);
  }

  /** Treats a client that half-closes its socket as gone. */
  readonly #leave = (): void => {
    this.#socket.destroy();
    this.#gone.abort();
  };
}

export interface Refusal {
  status: number;
  headers: Record<string, string>;
  /** The body, as JSON. */
  text: string;
}

/** Answers a request for a websocket and hangs up, without waiting for the client to do so. */
export function refuse(socket: Duplex, { status, headers, text }: Refusal): void {
  const all = {
    ...headers,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    connection: 'close',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${text}`,
    () => socket.destroy(),
  );
}

import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** What is read ahead of a client that waits; it should not send anything yet. */
const EARLY_MAX_BYTES = 64 * 1024;

/** What a client is joined by, once it may come in. */
export interface Opening {
  request: IncomingMessage;
  socket: Duplex;
  /** What the client sent already. */
  head: Buffer;
  /** To be called when the client was told that it is joined. */
  onOpen: () => void;
}

/**
 * A request for a websocket whose answer takes a while. The socket is read meanwhile: otherwise
 * nobody would notice that the client hangs up.
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

  /** Hands the socket over, with all that came by it. */
  open(): Opening {
    this[Symbol.dispose]();
    const onOpen = () => {
      this.#isAnswered = true;
    };
    const head = Buffer.concat(this.#early);
    return { request: this.#request, socket: this.#socket, head, onOpen };
  }

  /** Leaves the socket alone. */
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

  /** A client that says it has no more to send is as good as gone. */
  readonly #leave = (): void => {
    this.#socket.destroy();
    this.#gone.abort();
  };
}

export interface Refusal {
  status: number;
  headers: Record<string, string>;
  /** JSON. */
  text: string;
}

/** Answers a request for a websocket and hangs up: the client gets no say in how long this takes. */
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

import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import type { Credentials, LineEnd } from './credentials.ts';

/** As on the bus. */
const MOST_CHARACTERS = 1024 * 1024;
/** Until the other end has said who it is. */
const INTRODUCTION_MAX_MS = 10_000;

/** Each end has chosen a part of the name. */
export interface LineParts extends LineEnd {
  socket: Socket;
  credentials: Credentials;
}

/**
 * One end of a connection that an API process keeps to a node. Each end introduces itself with a
 * signature for this line, so that nobody who has heard another one can be taken for it. Then both
 * say messages of JSON, a line of text each.
 */
export class Line implements Disposable {
  readonly #parts: LineParts;
  readonly #introduced = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #isIntroduced = false;
  /** The beginning of a message whose rest is to come. */
  #begun = '';
  #heard: (message: unknown) => void = () => undefined;

  constructor(parts: LineParts) {
    const { socket } = parts;
    this.#parts = parts;
    socket.setTimeout(INTRODUCTION_MAX_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    // Whoever says nothing more does not listen either.
    socket.on('end', () => socket.destroySoon());
    socket.once('close', () => this.#closed.resolve());
    const decoder = new StringDecoder();
    socket.on('data', (chunk: Buffer) => this.#read(decoder.write(chunk)));
    socket.write(`${parts.credentials.signLine(parts)}\n`);
  }

  get isOpen(): boolean {
    return this.#parts.socket.writable;
  }

  /** Resolves when the other end has shown that it has the keys. */
  get introduced(): Promise<void> {
    return this.#introduced.promise;
  }

  /** Resolves when nothing more is said or heard. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Has all messages heard from now on. */
  listen(heard: (message: unknown) => void): void {
    this.#heard = heard;
  }

  /** Says a message, if the line is open. Throws a RangeError when it is too large. */
  say(message: unknown): void {
    const text = JSON.stringify(message);
    if (text.length > MOST_CHARACTERS) {
      const most = `a line carries ${MOST_CHARACTERS} at most`;
      throw new RangeError(`the message has ${text.length} characters, and ${most}`);
    }
    if (this.isOpen) this.#parts.socket.write(`${text}\n`);
  }

  [Symbol.dispose](): void {
    this.#parts.socket.destroySoon();
  }

  #read(chunk: string): void {
    const { socket } = this.#parts;
    const [first = '', ...more] = chunk.split('\n');
    const lines = [this.#begun + first, ...more];
    this.#begun = lines.pop() ?? '';
    for (const line of lines) this.#take(line);
    if (this.#begun.length > MOST_CHARACTERS) socket.destroy();
  }

  #take(said: string): void {
    const { socket } = this.#parts;
    if (socket.destroyed) return;
    if (!this.#isIntroduced) return this.#introduce(said);
    let message: unknown;
    try {
      message = JSON.parse(said);
    } catch {
      return void socket.destroy();
    }
    this.#heard(message);
  }

  #introduce(mac: string): void {
    const { socket, credentials, name, side } = this.#parts;
    const other = side === 'api' ? 'node' : 'api';
    if (!credentials.isLine(mac, { name, side: other })) return void socket.destroy();
    this.#isIntroduced = true;
    socket.setTimeout(0);
    this.#introduced.resolve();
  }
}

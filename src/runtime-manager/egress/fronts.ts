import { STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { answerSocks5 } from './socks-front.ts';

const ESTABLISHED = 'HTTP/1.1 200 Connection Established\r\n\r\n';

/** A browser's connection that waits to hear whether its destination was reached. */
export interface Front {
  /** The destination was reached: from now on, what comes is from there. */
  accept(): void;
  /** The destination may not be reached; a page says why, where the browser shows one. */
  refuse(why: string): void;
  /** The browser tries the next way on its list, which leads nowhere. Breaks after `accept`. */
  letFall(): void;
  /** The customer's proxy did not reach the destination. */
  failProxy(): void;
  /** The connection breaks, as if the destination had reset it. */
  breakOff(): void;
}

/** A connection that asks for a tunnel, as of an HTTP proxy. */
export class TunnelFront implements Front {
  readonly #client: Duplex;
  #accepted = false;

  constructor(client: Duplex) {
    this.#client = client;
  }

  accept(): void {
    if (!this.#accepted) this.#client.write(ESTABLISHED);
    this.#accepted = true;
  }

  refuse(why: string): void {
    this.#answer(403, why);
  }

  letFall(): void {
    reset(this.#client);
  }

  failProxy(): void {
    this.#answer(502, '');
  }

  breakOff(): void {
    this.accept();
    reset(this.#client);
  }

  #answer(status: number, text: string): void {
    if (this.#accepted) reset(this.#client);
    else this.#client.resume().end(asResponse(status, text));
  }
}

/** A connection by SOCKS5, for `http:`: it can be answered in the site's stead. */
export class SocksFront implements Front {
  readonly #client: Socket;
  #accepted = false;

  constructor(client: Socket) {
    this.#client = client;
  }

  accept(): void {
    if (!this.#accepted) answerSocks5(this.#client, true);
    this.#accepted = true;
  }

  refuse(why: string): void {
    this.#whenAsked(() => this.#client.end(asResponse(403, why)));
  }

  letFall(): void {
    if (this.#accepted) return this.breakOff();
    answerSocks5(this.#client, false);
    this.#client.resume().end();
  }

  failProxy(): void {
    this.breakOff();
  }

  breakOff(): void {
    this.#whenAsked(() => reset(this.#client));
  }

  /** Answers the client's first bytes; the client may also go without having sent any. */
  #whenAsked(answer: () => void): void {
    this.accept();
    this.#client.once('data', answer);
    this.#client.once('end', () => this.#client.end());
    this.#client.resume();
  }
}

export function reset(client: Duplex): void {
  if (client instanceof Socket) client.resetAndDestroy();
  else client.destroy();
}

function asResponse(status: number, text: string): string {
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: text/plain\r\n` +
    'cache-control: no-store\r\nconnection: close\r\n' +
    `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
  );
}

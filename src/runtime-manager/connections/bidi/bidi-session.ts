import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { BidiMapper, type Protocol } from 'chromium-bidi';
import { BidiParser } from 'chromium-bidi/out/Default/gen/src/bidiTab/BidiParser.js';
import { MapperCdpConnection } from 'chromium-bidi/out/Default/gen/src/cdp/CdpConnection.js';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { CdpTransport } from './bidi-cdp-transport.ts';

/** Chromium takes no larger message. */
export const SOCKET_OPTIONS = { maxPayload: 100 * 1024 * 1024, perMessageDeflate: false };
const GOING_AWAY = 1001;
const NOT_UNDERSTOOD = 1007;

type Command = Protocol.ChromiumBidi.Command;
type Message = Protocol.ChromiumBidi.Message;

const Shape = z.looseObject({
  id: z.int(),
  method: z.string(),
  params: z.record(z.string(), z.unknown()),
});
/** The translation itself checks the method and its parameters. */
const Command = z.custom<Command>((value) => Shape.safeParse(value).success);

export async function openCdp(url: string): Promise<WebSocket> {
  const cdp = new WebSocket(url, SOCKET_OPTIONS);
  cdp.on('error', () => cdp.terminate());
  await once(cdp, 'open');
  return cdp;
}

/** WebDriver BiDi for one client, over a connection of its own to the browser. */
export class BidiSession {
  readonly #cdp: WebSocket;
  /** Marks the one command that is not the client's, and its answer. */
  readonly #ownChannel = randomUUID();
  readonly #begun = Promise.withResolvers<void>();
  #client: WebSocket | undefined;
  #receive: (command: Command) => Promise<void> | void = () => undefined;

  private constructor(cdp: WebSocket) {
    this.#cdp = cdp;
  }

  /** Resolves when all pages that exist are known. The socket's end ends the session at any time. */
  static async open(cdpUrl: string, capabilities: unknown, socket: Duplex): Promise<BidiSession> {
    const cdp = await openCdp(cdpUrl);
    socket.once('close', () => cdp.terminate());
    if (socket.destroyed) cdp.terminate();
    const session = new BidiSession(cdp);
    await session.#begin(capabilities);
    return session;
  }

  async #begin(capabilities: unknown): Promise<void> {
    const transport = new CdpTransport(this.#cdp);
    const connection = new MapperCdpConnection(transport);
    // Whoever waits for an answer then learns that there is none.
    this.#cdp.once('close', () => connection.close());
    await BidiMapper.BidiServer.createAndStart(
      {
        setOnMessage: (receive) => (this.#receive = receive),
        sendMessage: (message) => this.#send(message),
        close: () => this.#cdp.terminate(),
      },
      connection,
      await connection.createBrowserSession(),
      '',
      new BidiParser(),
    );
    const own = { id: 0, 'goog:channel': this.#ownChannel };
    const params = { capabilities: { alwaysMatch: capabilities } };
    void this.#receive(Command.parse({ ...own, method: 'session.new', params }));
    // The command is answered when all pages have loaded, for which nobody should have to wait.
    await Promise.race([this.#begun.promise, transport.known]);
  }

  /** Serves the client, until one of the two ends goes. */
  join(client: WebSocket): void {
    this.#client = client;
    this.#cdp.once('close', () => client.close(GOING_AWAY));
    client.on('error', () => client.terminate());
    client.on('message', (data: Buffer) => this.#take(client, data));
  }

  #take(client: WebSocket, data: Buffer): void {
    try {
      void this.#receive(Command.parse(JSON.parse(data.toString())));
    } catch {
      client.close(NOT_UNDERSTOOD);
    }
  }

  /** Resolves when the message is sent; the browser is not read before, so that nothing piles up. */
  async #send(message: Message): Promise<void> {
    if ('goog:channel' in message && message['goog:channel'] === this.#ownChannel) {
      if (message.type === 'error') this.#begun.reject(new Error(message.message));
      else this.#begun.resolve();
      return;
    }
    const client = this.#client;
    if (!client) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    client.send(JSON.stringify(message), () => resolve());
    if (client.bufferedAmount > 0) this.#cdp.pause();
    await promise;
    this.#cdp.resume();
  }
}

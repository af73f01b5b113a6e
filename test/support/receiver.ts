import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

const Told = z.looseObject({
  id: z.string().optional(),
  type: z.string(),
  runtimeId: z.string().optional(),
  alias: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
});

/** A message as it came. */
export interface Received {
  id: string;
  headers: Record<string, string>;
  body: string;
  event: z.infer<typeof Told>;
}

export type Answering = (message: Received, response: ServerResponse) => void;

/** Answers messages with a status, and headers if any. */
export function answering(status: number, headers: Record<string, string> = {}): Answering {
  return (_message, response) => response.writeHead(status, headers).end();
}

/** A server that webhooks lead to. */
export class Receiver implements AsyncDisposable {
  /** All messages so far, in the order in which they came. */
  readonly received: Received[] = [];
  answer: Answering = answering(204);
  readonly #server = createServer((request, response) => void this.#receive(request, response));

  static async open(port = 0): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.listen(port, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  /** The messages of an event's type, or of a runtime. */
  of(what: string): Received[] {
    return this.received.filter(({ event }) => event.type === what || event.runtimeId === what);
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const headers = z.record(z.string(), z.string()).parse(request.headers);
    const message = {
      id: headers['webhook-id'] ?? '',
      headers,
      body,
      event: Told.parse(JSON.parse(body)),
    };
    this.received.push(message);
    this.answer(message, response);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }
}

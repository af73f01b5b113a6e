import { BusError, type Asking, type BusFailure, type BusRequestOptions } from '../bus.ts';
import type { Line } from '../data-plane/line.ts';
import { FromNode, type FromApi } from './messages.ts';

interface Waiting {
  resolve: (answer: unknown) => void;
  fail: (failure: BusFailure) => void;
}

/** Asks a node over a line, as over the bus. Without the line, requests fail as `disconnected`. */
export class LineClient implements Asking {
  readonly #line: Line;
  readonly #waiting = new Map<number, Waiting>();
  #requests = 0;

  constructor(line: Line) {
    this.#line = line;
    line.listen((message) => this.#hear(message));
    void line.closed.then(() => {
      for (const { fail } of this.#waiting.values()) fail('interrupted');
    });
  }

  get isOpen(): boolean {
    return this.#line.isOpen;
  }

  async request(
    subject: string,
    message: unknown,
    { timeoutMs, signal }: BusRequestOptions,
  ): Promise<unknown> {
    if (signal?.aborted) throw new BusError('aborted', subject);
    if (!this.#line.isOpen) throw new BusError('disconnected', subject);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const fail = (failure: BusFailure) => reject(new BusError(failure, subject));
    const abort = () => fail('aborted');
    const id = this.#requests++;
    const timer = setTimeout(() => fail('timeout'), timeoutMs);
    signal?.addEventListener('abort', abort, { once: true });
    this.#waiting.set(id, { resolve, fail });
    try {
      this.#say({ is: 'request', id, subject, message });
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      this.#waiting.delete(id);
    }
  }

  publish(subject: string, message: unknown): void {
    this.#say({ is: 'news', subject, message });
  }

  #hear(message: unknown): void {
    const { data: said } = FromNode.safeParse(message);
    const waiting = said && this.#waiting.get(said.id);
    if (!waiting) return;
    if (said.is === 'nobody') return waiting.fail('no_responders');
    this.#say({ is: 'confirmation', id: said.id });
    waiting.resolve(said.message);
  }

  #say(message: FromApi): void {
    this.#line.say(message);
  }
}

import type { Logger } from 'pino';
import type { BusCall, BusWork, Serving } from '../bus.ts';
import type { Line } from '../data-plane/line.ts';
import { FromApi, type FromNode } from './messages.ts';

type Listener = Parameters<Serving['subscribe']>[1];

/** One request, by the line that it came over. */
interface Asked {
  line: Line;
  id: number;
  subject: string;
}

/** Serves subjects, without wildcards, to API processes over their lines to this node. */
export class LineServer implements Serving, Disposable {
  readonly #log: Logger;
  readonly #works = new Map<string, BusWork>();
  readonly #listeners = new Map<string, Listener>();
  /** The lines, each with the answers that are not confirmed yet, by their requests. */
  readonly #lines = new Map<Line, Map<number, (isConfirmed: boolean) => void>>();

  constructor(log: Logger) {
    this.#log = log;
  }

  serve(subject: string, work: BusWork): Disposable {
    this.#works.set(subject, work);
    return { [Symbol.dispose]: () => this.#works.delete(subject) };
  }

  subscribe(subject: string, heard: Listener): Disposable {
    this.#listeners.set(subject, heard);
    return { [Symbol.dispose]: () => this.#listeners.delete(subject) };
  }

  /** Serves an API process until its line is closed. */
  take(line: Line): void {
    const unconfirmed = new Map<number, (isConfirmed: boolean) => void>();
    this.#lines.set(line, unconfirmed);
    void line.closed.then(() => {
      this.#lines.delete(line);
      for (const settle of unconfirmed.values()) settle(false);
    });
    line.listen((message) => this.#hear(line, message));
  }

  /** Closes every line. */
  [Symbol.dispose](): void {
    for (const line of this.#lines.keys()) line[Symbol.dispose]();
  }

  #hear(line: Line, message: unknown): void {
    const { data: said } = FromApi.safeParse(message);
    if (said?.is === 'request') {
      const { id, subject } = said;
      void this.#carryOut({ line, id, subject }, said.message);
    } else if (said?.is === 'confirmation') {
      this.#lines.get(line)?.get(said.id)?.(true);
    } else if (said?.is === 'news') {
      this.#tell(said);
    }
  }

  async #carryOut(asked: Asked, message: unknown): Promise<void> {
    const { line, id, subject } = asked;
    const work = this.#works.get(subject);
    if (!work) return say(line, { is: 'nobody', id });
    let isAnswered = false;
    const call: BusCall = {
      answer: (given, withinMs) => {
        isAnswered = true;
        return this.#isConfirmed(asked, given, withinMs);
      },
    };
    try {
      const given = await work(message, call);
      if (!isAnswered) say(line, { is: 'answer', id, message: given });
    } catch (err) {
      this.#log.error({ err, subject }, 'a request could not be carried out');
    }
  }

  async #isConfirmed({ line, id }: Asked, given: unknown, withinMs: number): Promise<boolean> {
    const unconfirmed = this.#lines.get(line);
    if (!unconfirmed) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), withinMs);
    unconfirmed.set(id, resolve);
    try {
      say(line, { is: 'answer', id, message: given });
      return await promise;
    } finally {
      clearTimeout(timer);
      unconfirmed.delete(id);
    }
  }

  #tell({ subject, message }: { subject: string; message?: unknown }): void {
    try {
      this.#listeners.get(subject)?.(message, subject);
    } catch (err) {
      this.#log.error({ err, subject }, 'a message could not be taken');
    }
  }
}

function say(line: Line, message: FromNode): void {
  line.say(message);
}

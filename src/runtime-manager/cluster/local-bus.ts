import { BusError, type Bus, type BusCall, type BusRequestOptions, type BusWork } from './bus.ts';

interface Server {
  subject: string;
  queue: string | undefined;
  work: BusWork;
}

interface Listener {
  isHeard: (subject: string) => boolean;
  heard: (message: unknown, subject: string) => void;
}

/** A bus within one process, for tests. Messages pass as JSON, as between processes. */
export class LocalBus implements Bus {
  /** Whether messages are carried; a test may cut the bus. */
  isConnected = true;
  readonly #servers = new Set<Server>();
  readonly #listeners = new Set<Listener>();
  #next = 0;

  async request(
    subject: string,
    message: unknown,
    { timeoutMs, signal }: BusRequestOptions,
  ): Promise<unknown> {
    if (signal?.aborted) throw new BusError('aborted', subject);
    if (!this.isConnected) throw new BusError('disconnected', subject);
    const server = this.#serverOf(subject);
    if (!server) throw new BusError('no_responders', subject);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const fail = (failure: 'timeout' | 'aborted') => reject(new BusError(failure, subject));
    const timer = setTimeout(() => fail('timeout'), timeoutMs);
    const abort = () => fail('aborted');
    signal?.addEventListener('abort', abort, { once: true });
    let isWaiting = true;
    const answer = (given: unknown) => {
      const isHeard = isWaiting && this.isConnected;
      if (isHeard) resolve(given);
      return isHeard;
    };
    void this.#carryOut(server, message, answer);
    try {
      return await promise;
    } finally {
      isWaiting = false;
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  async #carryOut(
    { work }: Server,
    message: unknown,
    answer: (given: unknown) => boolean,
  ): Promise<void> {
    let isAnswered = false;
    const call: BusCall = {
      answer: async (given) => {
        isAnswered = true;
        return answer(asJson(given));
      },
    };
    const given = await work(asJson(message), call);
    if (!isAnswered) answer(asJson(given));
  }

  serve(subject: string, work: BusWork, { queue }: { queue?: string } = {}): Disposable {
    const server = { subject, queue, work };
    this.#servers.add(server);
    return { [Symbol.dispose]: () => this.#servers.delete(server) };
  }

  publish(subject: string, message: unknown): void {
    if (!this.isConnected) return;
    for (const { isHeard, heard } of this.#listeners) {
      if (isHeard(subject)) queueMicrotask(() => heard(asJson(message), subject));
    }
  }

  subscribe(subject: string, heard: (message: unknown, subject: string) => void): Disposable {
    const listener = { isHeard: matcher(subject), heard };
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isConnected = false;
    this.#servers.clear();
    this.#listeners.clear();
  }

  /** Those in a queue take turns. */
  #serverOf(subject: string): Server | undefined {
    const found = [...this.#servers].filter((server) => server.subject === subject);
    return found[this.#next++ % Math.max(1, found.length)];
  }
}

function matcher(subject: string): (one: string) => boolean {
  const words = subject.split('.').map((word) => {
    if (word === '>') return '.+';
    return word === '*' ? '[^.]+' : word.replaceAll(/[^\w-]/g, String.raw`\$&`);
  });
  const pattern = new RegExp(`^${words.join(String.raw`\.`)}$`);
  return (one) => pattern.test(one);
}

function asJson(message: unknown): unknown {
  return message === undefined ? undefined : JSON.parse(JSON.stringify(message));
}

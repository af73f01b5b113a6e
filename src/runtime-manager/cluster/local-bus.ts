import type { Logger } from 'pino';
import { untilAborted } from '../timing/until-aborted.ts';
import { decode, encode } from './bus-json.ts';
import { BusError, type Bus, type BusCall, type BusRequestOptions, type BusWork } from './bus.ts';

/** What a server of NATS carries unless told otherwise. */
const MOST_BYTES = 1024 * 1024;

/** Gives the asker an answer, and says whether the asker still waited for it. */
type Answer = (given: Uint8Array) => boolean;

interface Listener {
  isMeant: (subject: string) => boolean;
  queue: string | undefined;
  /** Without `answer`, nobody asked. */
  take: (data: Uint8Array, subject: string, answer: Answer | undefined) => void;
}

/** A bus within one process, for tests. Messages pass as JSON, as between processes. */
export class LocalBus implements Bus {
  readonly #log: Logger | undefined;
  readonly #listeners = new Set<Listener>();
  #cut = new AbortController();
  #turn = 0;

  constructor(log?: Logger) {
    this.#log = log;
  }

  get isConnected(): boolean {
    return !this.#cut.signal.aborted;
  }

  /** A test may cut the bus, and connect it again. */
  set isConnected(isConnected: boolean) {
    if (!isConnected) this.#cut.abort();
    else if (!this.isConnected) this.#cut = new AbortController();
  }

  async request(
    subject: string,
    message: unknown,
    { timeoutMs, signal }: BusRequestOptions,
  ): Promise<unknown> {
    if (signal?.aborted) throw new BusError('aborted', subject);
    const data = encode(subject, message, MOST_BYTES);
    if (!this.isConnected) throw new BusError('disconnected', subject);
    const { promise: answered, resolve } = Promise.withResolvers<Uint8Array>();
    let isWaiting = true;
    const isHeard = this.#deliver(subject, data, (given) => {
      if (!isWaiting) return false;
      isWaiting = false;
      resolve(given);
      return true;
    });
    if (!isHeard) throw new BusError('no_responders', subject);
    const late = AbortSignal.timeout(timeoutMs);
    const ends = [late, this.#cut.signal, ...(signal ? [signal] : [])];
    try {
      return decode(await untilAborted(answered, AbortSignal.any(ends)));
    } catch {
      if (signal?.aborted) throw new BusError('aborted', subject);
      throw new BusError(late.aborted ? 'timeout' : 'interrupted', subject);
    } finally {
      isWaiting = false;
    }
  }

  serve(subject: string, work: BusWork, { queue }: { queue?: string } = {}): Disposable {
    return this.#listen(subject, queue, (data, _, answer) => {
      void this.#carryOut(subject, work, { data, answer });
    });
  }

  async #carryOut(
    subject: string,
    work: BusWork,
    { data, answer }: { data: Uint8Array; answer: Answer | undefined },
  ): Promise<void> {
    let isAnswered = false;
    const give = (given: unknown) => answer?.(encode(subject, given, MOST_BYTES)) ?? false;
    const call: BusCall = {
      answer: async (given) => {
        isAnswered = true;
        return give(given);
      },
    };
    try {
      const given = await work(decode(data), call);
      if (!isAnswered) give(given);
    } catch (err) {
      this.#log?.error({ err, subject }, 'a request could not be carried out');
    }
  }

  publish(subject: string, message: unknown): void {
    const data = encode(subject, message, MOST_BYTES);
    if (this.isConnected) this.#deliver(subject, data, undefined);
  }

  subscribe(subject: string, heard: (message: unknown, subject: string) => void): Disposable {
    return this.#listen(subject, undefined, (data, told) => {
      try {
        heard(decode(data), told);
      } catch (err) {
        this.#log?.error({ err, subject: told }, 'a message could not be taken');
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isConnected = false;
    this.#listeners.clear();
  }

  #listen(subject: string, queue: string | undefined, take: Listener['take']): Disposable {
    const listener = { isMeant: matcher(subject), queue, take };
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** False when nobody listens. */
  #deliver(subject: string, data: Uint8Array, answer: Answer | undefined): boolean {
    const listeners = this.#listenersOf(subject);
    for (const { take } of listeners) queueMicrotask(() => take(data, subject, answer));
    return listeners.length > 0;
  }

  /** All that are in no queue, and one of each queue: those in a queue take turns. */
  #listenersOf(subject: string): Listener[] {
    const all = [...this.#listeners].filter(({ isMeant }) => isMeant(subject));
    const turn = this.#turn++;
    return [...Map.groupBy(all, ({ queue }) => queue)].flatMap(([queue, listeners]) => {
      const next = turn % listeners.length;
      return queue === undefined ? listeners : listeners.slice(next, next + 1);
    });
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

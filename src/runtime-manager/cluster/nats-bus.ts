import { setTimeout as sleep } from 'node:timers/promises';
import {
  NoRespondersError,
  PermissionViolationError,
  TimeoutError,
  type Msg,
  type NatsConnectionImpl,
  type Status,
} from '@nats-io/transport-node';
import type { Logger } from 'pino';
import { untilAborted } from '../timing/until-aborted.ts';
import { decode, encode } from './bus-json.ts';
import {
  BusError,
  type Bus,
  type BusCall,
  type BusFailure,
  type BusRequestOptions,
  type BusWork,
} from './bus.ts';
import { openConnection, type NatsConnectionOptions } from './nats-connection.ts';

/** How long the end waits until all that was said is sent. */
const DRAIN_TIMEOUT_MS = 1000;
/** How many different errors of one connection are logged. */
const MOST_ERRORS = 100;

export interface NatsOptions extends NatsConnectionOptions {
  log: Logger;
}

/** The bus between machines: core NATS. It finds its way back by itself after each loss, for ever. */
export class NatsBus implements Bus {
  readonly #connection: NatsConnectionImpl;
  readonly #log: Logger;
  /** Aborted when the connection is lost; the next one has its own. */
  #lost = new AbortController();
  /** What the server has told of this connection. */
  readonly #errors = new Set<string>();
  /** Subscribe anew to what the server refused to one connection. */
  readonly #refused = new Set<() => void>();

  constructor(connection: NatsConnectionImpl, log: Logger) {
    this.#connection = connection;
    this.#log = log;
    void this.#watch();
  }

  /** Throws a sentence for whoever operates the service when no server lets it in within seconds. */
  static async open(options: NatsOptions): Promise<NatsBus> {
    return new NatsBus(await openConnection(options), options.log);
  }

  get isConnected(): boolean {
    // The client tells of a loss, and of the way back, a moment later.
    return this.#connection.protocol.connected && !this.#lost.signal.aborted;
  }

  async request(
    subject: string,
    message: unknown,
    { timeoutMs, signal }: BusRequestOptions,
  ): Promise<unknown> {
    if (signal?.aborted) throw new BusError('aborted', subject);
    const data = this.#encode(subject, message);
    if (!this.isConnected) throw new BusError('disconnected', subject);
    try {
      const asked = this.#ask(subject, data, timeoutMs);
      const answer = await (signal ? untilAborted(asked, signal) : asked);
      const given = decode(answer.data);
      if (answer.reply) this.publish(answer.reply, undefined);
      return given;
    } catch (cause) {
      throw new BusError(signal?.aborted ? 'aborted' : failureOf(cause), subject, { cause });
    }
  }

  serve(subject: string, work: BusWork, { queue }: { queue?: string } = {}): Disposable {
    return this.#listen(subject, queue, (message, from) => {
      void this.#carryOut(work, message, from);
    });
  }

  async #carryOut(work: BusWork, message: unknown, { subject, reply }: Msg): Promise<void> {
    let isAnswered = false;
    const call: BusCall = {
      answer: async (given, withinMs) => {
        isAnswered = true;
        return reply ? await this.#isConfirmed(reply, given, withinMs) : false;
      },
    };
    try {
      const given = await work(message, call);
      if (!isAnswered && reply) this.publish(reply, given);
    } catch (err) {
      this.#log.error({ err, subject }, 'a request could not be carried out');
    }
  }

  /** An answer is itself a request, which its asker confirms with nothing. */
  async #isConfirmed(reply: string, given: unknown, withinMs: number): Promise<boolean> {
    const data = this.#encode(reply, given);
    if (!this.isConnected) return false;
    try {
      await this.#ask(reply, data, withinMs);
      return true;
    } catch {
      return false;
    }
  }

  publish(subject: string, message: unknown): void {
    const data = this.#encode(subject, message);
    if (this.isConnected) this.#connection.publish(subject, data);
  }

  subscribe(subject: string, heard: (message: unknown, subject: string) => void): Disposable {
    return this.#listen(subject, undefined, (message, { subject: told }) => heard(message, told));
  }

  /** Ends quickly: what is under way fails, and what was said is sent if that goes at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { protocol } = this.#connection;
    const { isConnected } = this;
    this.#lost.abort();
    if (isConnected) {
      const drained = this.#connection.drain().catch(() => undefined);
      await Promise.race([drained, sleep(DRAIN_TIMEOUT_MS, undefined, { ref: false })]);
    }
    await this.#connection.close();
    // Closing leaves a connection that is only being made.
    protocol.transport.discard();
  }

  #encode(subject: string, message: unknown): Uint8Array {
    return encode(subject, message, this.#connection.info?.max_payload ?? Infinity);
  }

  /** Fails as soon as the connection is lost, which the client leaves to the timeout. */
  async #ask(subject: string, data: Uint8Array, timeoutMs: number): Promise<Msg> {
    // The client takes 0 for a second.
    const asked = this.#connection.request(subject, data, { timeout: Math.max(1, timeoutMs) });
    return untilAborted(asked, this.#lost.signal);
  }

  #listen(
    subject: string,
    queue: string | undefined,
    take: (message: unknown, from: Msg) => void,
  ): Disposable {
    const callback = (refusal: Error | null, from: Msg) => {
      // The client forgets it then, and the refusal is logged with the other errors.
      if (refusal) this.#refused.add(subscribe);
      else this.#take(take, from);
    };
    const options = queue === undefined ? { callback } : { callback, queue };
    let subscription = this.#connection.subscribe(subject, options);
    const subscribe = () => {
      subscription = this.#connection.subscribe(subject, options);
    };
    return {
      [Symbol.dispose]: () => {
        this.#refused.delete(subscribe);
        subscription.unsubscribe();
      },
    };
  }

  /** The client would read nothing more after an error. */
  #take(take: (message: unknown, from: Msg) => void, from: Msg): void {
    const { subject, data } = from;
    try {
      take(decode(data), from);
    } catch (err) {
      this.#log.error({ err, subject, bytes: data.length }, 'a message could not be taken');
    }
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) this.#note(status);
  }

  /** While it connects again, the client may tell of the loss and of the way back many times. */
  #note(status: Status): void {
    const { protocol } = this.#connection;
    const isLost = this.#lost.signal.aborted;
    if (status.type === 'disconnect' && !isLost) {
      this.#log.warn({ server: status.server }, 'the connection to NATS is lost');
      this.#lost.abort();
    } else if (status.type === 'reconnect' && isLost) {
      this.#log.info({ server: status.server }, 'the connection to NATS is back');
      this.#comeBack();
    } else if (status.type === 'staleConnection' && protocol.connected) {
      // The client would first send what it has, to a server that takes nothing.
      void protocol.transport.close(new Error('the server does not answer'));
    } else if (status.type === 'error') {
      this.#complain(status.error);
    }
  }

  #comeBack(): void {
    this.#lost = new AbortController();
    this.#errors.clear();
    const refused = [...this.#refused];
    this.#refused.clear();
    for (const subscribe of refused) subscribe();
  }

  /** Logs what was not logged yet: a refusal comes with every message, and with every attempt to connect. */
  #complain(err: Error): void {
    if (this.#errors.has(err.message) || this.#errors.size >= MOST_ERRORS) return;
    this.#errors.add(err.message);
    this.#log.error({ err }, 'NATS tells an error');
  }
}

function failureOf(error: unknown): BusFailure {
  if (error instanceof TimeoutError) return 'timeout';
  const cause = error instanceof Error ? error.cause : undefined;
  const isRefused = cause instanceof PermissionViolationError && cause.operation === 'publish';
  return isRefused || cause instanceof NoRespondersError ? 'no_responders' : 'interrupted';
}

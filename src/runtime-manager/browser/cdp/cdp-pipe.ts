import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { untilAborted } from '../../timing/until-aborted.ts';
import { MessageReader } from './message-reader.ts';

/** Only the envelope is parsed here: whoever reads the content parses it. */
const Message = z.object({
  id: z.number().optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  sessionId: z.string().optional(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});
type Message = z.infer<typeof Message>;

/** Chromium writes no spaces, and the id of an answer or the method of an event first. */
const START = /^\{"(?:id":(\d+)[,}]|method":"([^"\\]+)")/;
const START_BYTES = 128;
/** Chromium writes the session last; in a message without a session, an object comes last. */
const END = /(?:"sessionId":"([^"\\]+)"|\})\}$/;
const END_BYTES = 128;
/** How large an answer may be that is asked for as a large one. */
const LARGE_BYTES = 128 * 1024 ** 2;

/** Chromium's refusal of a command. */
export class CdpRefusal extends Error {
  readonly code: number;

  constructor({ code, message }: { code: number; message: string }) {
    super(message);
    this.code = code;
  }
}

/** An answer was too large to be read. */
export class CdpTooLarge extends Error {}

/** Undefined: the browser itself. */
type SessionId = string | undefined;
type Listener = (params: unknown) => void;

export interface CdpCommand {
  method: string;
  params: object;
  sessionId: SessionId;
}

/** How long to wait for an answer. */
export interface SendOptions {
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
  /** Whether the answer may have 128 MB, as a picture may, instead of 16. */
  isLarge?: boolean | undefined;
}

interface Waiting {
  sessionId: SessionId;
  resolve: (result: unknown) => void;
  reject: (cause: Error) => void;
}

/**
 * Commands and events over Chromium's debugging pipe: JSON messages, each ended by a NUL byte. For the
 * service's own use, by `CdpSession`; clients have connections of their own.
 *
 * An event is looked up by its method and its session before it is parsed, so what nobody listens to
 * costs a look at its first and last 128 bytes: Chromium puts the method first and the session last.
 * An answer is looked up by its id. The look only saves work: a message that is written in another
 * way is parsed, and what was parsed decides who gets it.
 */
export class CdpPipe {
  readonly #input: Writable;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Map<string, Map<SessionId, Set<Listener>>>();
  readonly #byteListeners = new Map<string, (bytes: Buffer) => void>();
  readonly #closed = new AbortController();
  readonly #reader = new MessageReader({
    message: (message) => this.#dispatch(message),
    passedOver: (start) => this.#passedOver(start),
  });
  readonly #usualBytes = this.#reader.mostBytes;
  #lastId = 0;
  /** How many large answers are waited for. */
  #large = 0;

  constructor(input: Writable, output: Readable) {
    this.#input = input;
    input.on('error', (cause) => this.#close(cause));
    output.on('data', (chunk: Buffer) => this.#reader.take(chunk));
    output.on('error', (cause) => this.#close(cause));
    output.on('close', () => this.#close());
  }

  /** Aborts when the pipe closes. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /**
   * Resolves with what `receive` makes of the answer; `receive` is called before the next message
   * is looked at. Throws when Chromium refuses the command, its session ends, the pipe closes, the
   * answer is too large or does not come in time, with the method in the message; throws the reason
   * of `signal` when that aborts.
   */
  async send<T>(
    command: CdpCommand,
    receive: (result: unknown) => T,
    { signal, timeoutMs, isLarge = false }: SendOptions,
  ): Promise<T> {
    signal?.throwIfAborted();
    using _expected = isLarge ? this.#expectLarge() : undefined;
    const { method, sessionId } = command;
    const { promise, resolve, reject: throwOut } = Promise.withResolvers<T>();
    const reject = (cause: Error) => throwOut(new Error(`${method}: ${cause.message}`, { cause }));
    const id = ++this.#lastId;
    const late = () => reject(new Error(`no answer within ${timeoutMs} ms`));
    const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs).unref();
    const answered = (result: unknown) => resolve(new Promise((done) => done(receive(result))));
    this.#waiting.set(id, { sessionId, resolve: answered, reject });
    if (this.closed.aborted) reject(this.closed.reason);
    else this.#input.write(`${JSON.stringify({ id, ...command })}\0`);
    try {
      return await (signal ? untilAborted(promise, signal) : promise);
    } finally {
      this.#waiting.delete(id);
      clearTimeout(timer);
    }
  }

  /**
   * Calls `listener` with the content of each such event of a session, until the result is
   * disposed.
   */
  listen(method: string, sessionId: SessionId, listener: Listener): Disposable {
    const sessions = this.#listeners.get(method) ?? new Map<SessionId, Set<Listener>>();
    const listeners = sessions.get(sessionId) ?? new Set<Listener>();
    this.#listeners.set(method, sessions.set(sessionId, listeners.add(listener)));
    return {
      [Symbol.dispose]: () => {
        const wasThere = listeners.delete(listener);
        if (wasThere && listeners.size === 0) this.#unlisten(method, sessionId);
      },
    };
  }

  /**
   * Calls `listener` with the bytes of each message that begins as such an event and ends as one of
   * the session, until the result is disposed; nobody else hears of the event then. For events that
   * are large and frequent: their strings would keep the collector of garbage busy.
   */
  listenToBytes(method: string, sessionId: string, listener: (bytes: Buffer) => void): Disposable {
    const key = `${method} ${sessionId}`;
    this.#byteListeners.set(key, listener);
    return { [Symbol.dispose]: () => this.#byteListeners.delete(key) };
  }

  /**
   * Fails a session's open commands and drops its listeners: Chromium says no more of the session.
   */
  endSession(sessionId: SessionId, cause: Error): void {
    for (const method of this.#listeners.keys()) this.#unlisten(method, sessionId);
    for (const waiting of this.#waiting.values()) {
      if (waiting.sessionId === sessionId) waiting.reject(cause);
    }
  }

  #expectLarge(): Disposable {
    this.#large++;
    this.#reader.mostBytes = LARGE_BYTES;
    return {
      [Symbol.dispose]: () => {
        this.#large--;
        if (this.#large === 0) this.#reader.mostBytes = this.#usualBytes;
      },
    };
  }

  /** Whoever waits for an answer learns that it was too large. */
  #passedOver(start: Buffer): void {
    const [, id] = START.exec(start.toString('latin1')) ?? [];
    const waiting = id === undefined ? undefined : this.#waiting.get(Number(id));
    waiting?.reject(new CdpTooLarge('the answer was too large'));
  }

  #unlisten(method: string, sessionId: SessionId): void {
    const sessions = this.#listeners.get(method);
    sessions?.delete(sessionId);
    if (sessions?.size === 0) this.#listeners.delete(method);
  }

  #dispatch(bytes: Buffer): void {
    if (this.#isTaken(bytes) || !this.#mayMatter(bytes)) return;
    const message = parseMessage(bytes);
    if (message?.id !== undefined) this.#answered(message.id, message);
    else if (message?.method !== undefined) this.#happened(message.method, message);
  }

  /** Whether a message was for somebody who takes it as it is. */
  #isTaken(bytes: Buffer): boolean {
    if (this.#byteListeners.size === 0) return false;
    const [, , method] = START.exec(bytes.toString('latin1', 0, START_BYTES)) ?? [];
    const from = Math.max(0, bytes.length - END_BYTES);
    const [, sessionId] = END.exec(bytes.toString('latin1', from)) ?? [];
    const listener = this.#byteListeners.get(`${method} ${sessionId}`);
    listener?.(bytes);
    return listener !== undefined;
  }

  /** Whether somebody may wait for a message, as far as its first and last bytes tell. */
  #mayMatter(bytes: Buffer): boolean {
    const start = START.exec(bytes.toString('latin1', 0, START_BYTES));
    if (!start) return true;
    const [, id, method = ''] = start;
    if (id !== undefined) return this.#waiting.has(Number(id));
    const sessions = this.#listeners.get(method);
    if (!sessions) return false;
    const end = END.exec(bytes.toString('latin1', Math.max(0, bytes.length - END_BYTES)));
    return !end || sessions.has(end[1]);
  }

  #answered(id: number, { sessionId, result, error }: Message): void {
    const waiting = this.#waiting.get(id);
    // Otherwise a page that took over its process could answer for others: ids are easily guessed.
    if (!waiting || waiting.sessionId !== sessionId) return;
    if (error) waiting.reject(new CdpRefusal(error));
    else waiting.resolve(result);
  }

  #happened(method: string, { sessionId, params }: Message): void {
    for (const listener of this.#listeners.get(method)?.get(sessionId) ?? []) listener(params);
  }

  #close(cause?: Error): void {
    if (this.closed.aborted) return;
    const error = new Error('the debugging pipe closed', { cause });
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#closed.abort(error);
  }
}

function parseMessage(bytes: Buffer): Message | undefined {
  try {
    return Message.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}

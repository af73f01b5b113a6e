import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { MessageReader } from '../browser/cdp/message-reader.ts';

/** A file of 50 MB in base64, and some room. */
const MESSAGE_MAX_BYTES = 80 * 1024 ** 2;

const Failure = z.object({
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
});

const Message = z.union([
  z.object({ id: z.int(), method: z.string(), params: z.unknown() }),
  z.object({ answers: z.int(), result: z.unknown() }),
  z.object({ answers: z.int(), error: Failure }),
  z.object({ gaveUp: z.int() }),
]);
type Message = z.infer<typeof Message>;

/** What the other side failed with; `code` is one of its own words. */
export class PeerError extends Error {
  readonly code: string;
  readonly details: Record<string, unknown> | undefined;

  constructor({ code, message, details }: z.infer<typeof Failure>) {
    super(message);
    this.name = 'PeerError';
    this.code = code;
    this.details = details;
  }
}

/** Carries a call of the other side out; `signal` aborts when the other side gives the call up. */
export type PeerMethod = (params: unknown, signal: AbortSignal) => Promise<unknown>;

interface Call {
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
}

export interface PeerPipes {
  input: Readable;
  output: Writable;
}

/**
 * One of two processes that call each other over a pair of pipes. A message is JSON that a NUL byte
 * ends. What is no message is passed over, since the other side may be anybody's by now.
 */
export class Peer {
  readonly #output: Writable;
  readonly #methods: ReadonlyMap<string, PeerMethod>;
  readonly #calls = new Map<number, Call>();
  readonly #served = new Map<number, AbortController>();
  #lastId = 0;
  #over: Error | undefined;

  constructor({ input, output }: PeerPipes, methods: Record<string, PeerMethod> = {}) {
    this.#output = output;
    this.#methods = new Map(Object.entries(methods));
    const reader = new MessageReader({
      message: (message) => this.#take(message),
      passedOver: () => undefined,
    });
    reader.mostBytes = MESSAGE_MAX_BYTES;
    input.on('data', (chunk: Buffer) => reader.take(chunk));
    input.once('close', () => this.#end());
    for (const pipe of [input, output]) pipe.on('error', () => this.#end());
  }

  /**
   * When `signal` aborts, the other side is told to give the call up, and answers when it has. Throws
   * PeerError, or an error when the other side has gone.
   */
  async call(method: string, params: unknown, signal: AbortSignal): Promise<unknown> {
    if (this.#over) throw this.#over;
    signal.throwIfAborted();
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#calls.set(id, { resolve, reject });
    const giveUp = () => this.#send({ gaveUp: id });
    signal.addEventListener('abort', giveUp, { once: true });
    this.#send({ id, method, params });
    try {
      return await promise;
    } finally {
      this.#calls.delete(id);
      signal.removeEventListener('abort', giveUp);
    }
  }

  #send(message: Message): void {
    if (!this.#over) this.#output.write(`${JSON.stringify(message)}\0`);
  }

  #take(bytes: Buffer): void {
    const message = read(bytes);
    if (!message) return;
    if ('method' in message) void this.#serve(message);
    else if ('gaveUp' in message) this.#served.get(message.gaveUp)?.abort();
    else if ('error' in message) {
      this.#calls.get(message.answers)?.reject(new PeerError(message.error));
    } else this.#calls.get(message.answers)?.resolve(message.result);
  }

  async #serve({ id, method, params }: Extract<Message, { method: string }>): Promise<void> {
    const controller = new AbortController();
    this.#served.set(id, controller);
    try {
      const carryOut = this.#methods.get(method);
      if (!carryOut) throw new Error(`there is no method ${method}`);
      this.#send({ answers: id, result: (await carryOut(params, controller.signal)) ?? null });
    } catch (error) {
      this.#send({ answers: id, error: failureOf(error) });
    } finally {
      this.#served.delete(id);
    }
  }

  #end(): void {
    if (this.#over) return;
    this.#over = new Error('the other process has gone');
    for (const { reject } of this.#calls.values()) reject(this.#over);
    for (const controller of this.#served.values()) controller.abort(this.#over);
  }
}

function read(bytes: Buffer): Message | undefined {
  try {
    return Message.safeParse(JSON.parse(bytes.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Errors that have a code of their own, such as those of steps, keep it. */
function failureOf(error: unknown): z.infer<typeof Failure> {
  const message = error instanceof Error ? error.message : String(error);
  const { data } = Failure.omit({ message: true }).safeParse(error);
  return { code: data?.code ?? 'failed', message, ...(data?.details && { details: data.details }) };
}

import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';

const Message = z.object({
  id: z.number().optional(),
  result: z.unknown(),
  error: z.object({ message: z.string() }).optional(),
});

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

/**
 * Commands over Chromium's debugging pipe: JSON messages, each ended by a NUL byte. Browser-wide
 * commands only; clients have connections of their own.
 */
export class CdpPipe {
  readonly #input: Writable;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #chunks: Buffer[] = [];
  #closed = false;

  constructor(input: Writable, output: Readable) {
    this.#input = input;
    input.on('error', (cause) => this.#close(cause));
    output.on('data', (chunk: Buffer) => this.#receive(chunk));
    output.on('error', (cause) => this.#close(cause));
    output.on('close', () => this.#close());
  }

  /** Throws when Chromium refuses the command, the pipe closes or the signal aborts. */
  async send<T>(
    method: string,
    params: Record<string, unknown>,
    result: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<T> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (this.#closed) throw new Error(`${method}: the debugging pipe is closed`);
    const id = this.#nextId++;
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#waiting.set(id, { resolve, reject: (cause) => reject(new Error(method, { cause })) });
    this.#input.write(`${JSON.stringify({ id, method, params })}\0`);
    try {
      return result.parse(await promise);
    } finally {
      this.#waiting.delete(id);
      signal.removeEventListener('abort', abort);
    }
  }

  #receive(chunk: Buffer): void {
    let rest = chunk;
    for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
      this.#chunks.push(rest.subarray(0, end));
      this.#dispatch(Buffer.concat(this.#chunks).toString('utf8'));
      this.#chunks = [];
      rest = rest.subarray(end + 1);
    }
    if (rest.length > 0) this.#chunks.push(rest);
  }

  #dispatch(text: string): void {
    const message = parseMessage(text);
    if (!message) return this.#close(new Error('what came over the debugging pipe is not CDP'));
    const { id, result, error } = message;
    if (id === undefined) return;
    const waiting = this.#waiting.get(id);
    if (error) waiting?.reject(new Error(error.message));
    else waiting?.resolve(result);
  }

  #close(cause?: Error): void {
    this.#closed = true;
    const error = new Error('the debugging pipe closed', { cause });
    for (const { reject } of this.#waiting.values()) reject(error);
  }
}

function parseMessage(text: string): z.infer<typeof Message> | undefined {
  try {
    return Message.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { untilAborted } from '../../timing/until-aborted.ts';

const Message = z.object({
  id: z.number().optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  sessionId: z.string().optional(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});

/** A page can make events of any size; larger ones are passed over. */
const MESSAGE_MAX_BYTES = 16 * 1024 ** 2;

/** What Chromium says against a command. */
export class CdpRefusal extends Error {
  readonly code: number;

  constructor({ code, message }: { code: number; message: string }) {
    super(message);
    this.code = code;
  }
}

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

/** What Chromium says unasked; `sessionId` names the session with a target that it is of. */
export interface CdpEvent {
  method: string;
  params: unknown;
  sessionId: string | undefined;
}

/**
 * Commands over Chromium's debugging pipe: JSON messages, each ended by a NUL byte. For the service's own
 * use; clients have connections of their own.
 */
export class CdpPipe {
  readonly #input: Writable;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<(event: CdpEvent) => void>();
  #nextId = 1;
  #chunks: Buffer[] = [];
  #received = 0;
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
    sessionId?: string,
  ): Promise<T> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (this.#closed) throw new Error(`${method}: the debugging pipe is closed`);
    const id = this.#nextId++;
    this.#waiting.set(id, { resolve, reject: (cause) => reject(new Error(method, { cause })) });
    this.#input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    try {
      return result.parse(await untilAborted(promise, signal));
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Until what it returns is called. */
  listen(listener: (event: CdpEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #receive(chunk: Buffer): void {
    let rest = chunk;
    for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
      this.#take(rest.subarray(0, end));
      if (this.#received <= MESSAGE_MAX_BYTES) {
        this.#dispatch(Buffer.concat(this.#chunks).toString('utf8'));
      }
      this.#chunks = [];
      this.#received = 0;
      rest = rest.subarray(end + 1);
    }
    if (rest.length > 0) this.#take(rest);
  }

  #take(bytes: Buffer): void {
    this.#received += bytes.length;
    if (this.#received > MESSAGE_MAX_BYTES) this.#chunks = [];
    else this.#chunks.push(bytes);
  }

  #dispatch(text: string): void {
    const message = parseMessage(text);
    if (!message) return;
    const { id, method, params, sessionId, result, error } = message;
    if (id === undefined) {
      if (method === undefined) return;
      for (const listener of this.#listeners) listener({ method, params, sessionId });
      return;
    }
    const waiting = this.#waiting.get(id);
    if (error) waiting?.reject(new CdpRefusal(error));
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

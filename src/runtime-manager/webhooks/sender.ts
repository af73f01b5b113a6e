import { once } from 'node:events';
import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { failureCode } from '../egress/egress-errors.ts';
import { JudgedAgents, type ReceiverPolicy } from './judged-agents.ts';
import { headersOf, type Message } from './message.ts';
import { retryAfterMs } from './retry-schedule.ts';
import type { WebhookTarget } from './webhook.ts';

/** From the first byte of a request to the status of its answer. */
const ANSWER_TIMEOUT_MS = 15_000;
/** An answer's content is thrown away; one that is longer or slower costs the connection. */
const CONTENT_MAX_BYTES = 64 * 1024;
const CONTENT_TIMEOUT_MS = 2000;
const GONE = 410;

/** What became of one try. */
export interface Attempt {
  isDelivered: boolean;
  responseStatus: number | undefined;
  /** Why it failed, in one word. */
  error: string | undefined;
  durationMs: number;
  /** After how long the receiver wants to be asked again. */
  retryAfterMs: number | undefined;
  /** Whether the receiver wants no more messages. */
  isGone: boolean;
}

export interface SenderOptions {
  policy: ReceiverPolicy;
  /** Of this service, which receivers are told. */
  version: string;
  answerTimeoutMs?: number;
}

/** Sends messages to receivers, within what may be reached from here. */
export class Sender implements Disposable {
  readonly #agents: JudgedAgents;
  readonly #userAgent: string;
  readonly #answerTimeoutMs: number;

  constructor({ policy, version, answerTimeoutMs = ANSWER_TIMEOUT_MS }: SenderOptions) {
    this.#answerTimeoutMs = answerTimeoutMs;
    this.#agents = new JudgedAgents(policy);
    this.#userAgent = `bctrl/${version}`;
  }

  /** Throws only the reason of `signal`: whatever else goes wrong is an attempt that failed. */
  async send(target: WebhookTarget, message: Message, signal: AbortSignal): Promise<Attempt> {
    const began = performance.now();
    const took = () => Math.round(performance.now() - began);
    // A controller rather than joined signals: those live as long as their timeouts.
    const over = new AbortController();
    const giveUp = () => over.abort();
    const late = setTimeout(giveUp, this.#answerTimeoutMs);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      signal.throwIfAborted();
      return attemptOf(await this.#ask(target, message, over.signal), took());
    } catch (error) {
      signal.throwIfAborted();
      return failedBy(over.signal.aborted ? 'timed_out' : wordOf(error), took());
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** A connection that its receiver had closed meanwhile says nothing about the receiver. */
  async #ask(target: WebhookTarget, message: Message, signal: AbortSignal) {
    const first = this.#request(target, message, signal);
    try {
      return await answerOf(first);
    } catch (error) {
      if (!first.reusedSocket || signal.aborted) throw error;
      return answerOf(this.#request(target, message, signal));
    }
  }

  #request(target: WebhookTarget, message: Message, signal: AbortSignal): ClientRequest {
    const url = new URL(target.url);
    const body = Buffer.from(message.body);
    const options = {
      method: 'POST',
      signal,
      headers: {
        ...headersOf(target, message),
        'content-length': body.length,
        'user-agent': this.#userAgent,
      },
    };
    const asked =
      url.protocol === 'https:'
        ? requestHttps(url, { ...options, agent: this.#agents.https })
        : requestHttp(url, { ...options, agent: this.#agents.http });
    return asked.end(body);
  }

  [Symbol.dispose](): void {
    this.#agents[Symbol.dispose]();
  }
}

/** Resolves once the status is there. */
async function answerOf(asked: ClientRequest): Promise<IncomingMessage> {
  const [answer]: IncomingMessage[] = await once(asked, 'response');
  // What breaks from now on concerns nobody.
  asked.on('error', () => undefined);
  if (!answer) throw new Error('there is no answer');
  throwAway(answer);
  return answer;
}

/** Leaves the connection for the next message, unless there is too much to read. */
function throwAway(answer: IncomingMessage): void {
  let bytes = 0;
  const slow = setTimeout(() => answer.destroy(), CONTENT_TIMEOUT_MS).unref();
  answer
    .on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > CONTENT_MAX_BYTES) answer.destroy();
    })
    .on('error', () => undefined)
    .on('close', () => clearTimeout(slow));
}

function attemptOf({ statusCode = 0, headers }: IncomingMessage, durationMs: number): Attempt {
  const isDelivered = statusCode >= 200 && statusCode < 300;
  const isRedirect = statusCode >= 300 && statusCode < 400;
  return {
    isDelivered,
    responseStatus: statusCode,
    error: isDelivered ? undefined : isRedirect ? 'redirect' : 'status',
    durationMs,
    retryAfterMs: isDelivered ? undefined : retryAfterMs(headers['retry-after']),
    isGone: statusCode === GONE,
  };
}

function failedBy(error: string, durationMs: number): Attempt {
  const none = { responseStatus: undefined, retryAfterMs: undefined };
  return { ...none, isDelivered: false, isGone: false, error, durationMs };
}

/** Node's parser and TLS have codes of their own. */
function wordOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('HPE_')) return 'invalid_answer';
  if (/CERT|^ERR_TLS|^ERR_SSL|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)) return 'tls';
  return failureCode(error);
}

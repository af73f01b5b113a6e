import { hkdfSync } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { z } from 'zod';
import { decrypt, encrypt } from '../../db/aes-gcm.ts';
import type { Db } from '../../db/client.ts';
import {
  claimKey,
  findRequest,
  releaseKey,
  releaseUnfinished,
  saveAnswer,
} from '../../db/queries/idempotency-keys.ts';
import { retry } from '../../runtime-manager/timing/retry.ts';
import { ApiError } from './errors.ts';

const RECORD_WAIT_MS = 2000;
const RETRY_DELAYS = { minMs: 100, maxMs: 5000 };
/** How often to look whether another service has answered the same request, or is gone. */
const LOOK_MS = 250;
const LOOKS_MAX = 240;

const Answer = z.object({
  status: z.number(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});
export type Answer = z.infer<typeof Answer>;

export interface KeyedRequest {
  /** The caller's credential: the same key from another credential is another request. */
  secret: string;
  key: string;
  /** A digest of the method, path and body of the request. */
  digest: string;
}

/** Is given the id that a runtime gets which the request makes. */
type CarryOut = (runtimeId: string) => Promise<Answer>;

interface Running {
  digest: string;
  answer: Promise<Answer>;
}

/**
 * Carries each request out once: for a day, a request with the same key gets the answer of the
 * first one, even while the first is still under way. When the process that carries a request out
 * is gone, one that waits for its answer carries the request out again, for the same runtime. Only
 * final answers are kept: a caller may retry temporary refusals (429) and failures (5xx). Answers
 * are stored encrypted under the caller's own credential, since they contain connection URLs.
 */
export class IdempotentAnswers implements Disposable {
  readonly #db: Db;
  readonly #nodeId: string;
  readonly #log: Logger;
  readonly #running = new Map<string, Running>();
  readonly #closed = new AbortController();

  private constructor(db: Db, nodeId: string, log: Logger) {
    this.#db = db;
    this.#nodeId = nodeId;
    this.#log = log;
  }

  /**
   * Frees the keys of requests that were unfinished when the service last ended. Those of a service
   * that has joined a cluster wait for whoever asks again.
   */
  static async open(db: Db, nodeId: string, log: Logger): Promise<IdempotentAnswers> {
    await releaseUnfinished(db, nodeId);
    return new IdempotentAnswers(db, nodeId, log);
  }

  /** Gives up on answers that are not recorded yet. */
  [Symbol.dispose](): void {
    this.#closed.abort();
  }

  /** Throws `idempotency.mismatch` when the key was used for another request. */
  async answer(
    request: KeyedRequest,
    carryOut: CarryOut,
  ): Promise<{ answer: Answer; isReplay: boolean }> {
    const { id, cipherKey } = derive(request);
    const running = this.#running.get(id);
    if (running) {
      assertSame(request, running.digest);
      return { answer: await running.answer, isReplay: true };
    }
    const answering = this.#answer(id, request, cipherKey, carryOut);
    const answer = answering.then((given) => given.answer);
    answer.catch(() => undefined);
    this.#running.set(id, { digest: request.digest, answer });
    // Repeats are answered from memory until the answer is recorded.
    const over = () => this.#running.delete(id);
    answering.then(({ recorded }) => recorded.finally(over), over);
    const { isReplay, recorded } = await answering;
    // The answer is recorded before the caller gets it, unless the database is away.
    await Promise.race([recorded, delay(RECORD_WAIT_MS, undefined, { ref: false })]);
    return { answer: await answer, isReplay };
  }

  async #answer(id: string, request: KeyedRequest, cipherKey: Buffer, carryOut: CarryOut) {
    const claimed = await this.#claim(id, request, cipherKey);
    if ('answer' in claimed) return { ...claimed, isReplay: true, recorded: Promise.resolve() };
    const holder = { id, nodeId: this.#nodeId };
    try {
      const answer = await carryOut(claimed.runtimeId);
      const recorded = this.#record(() =>
        isFinal(answer)
          ? saveAnswer(this.#db, holder, seal(answer, cipherKey))
          : releaseKey(this.#db, holder),
      );
      return { answer, isReplay: false, recorded };
    } catch (error) {
      void this.#record(() => releaseKey(this.#db, holder));
      throw error;
    }
  }

  /**
   * Retries until the write succeeds or the service ends: the request was carried out, whatever
   * happens to the database.
   */
  async #record(write: () => Promise<void>): Promise<void> {
    const { signal } = this.#closed;
    const recorded = retry(write, {
      ...RETRY_DELAYS,
      signal,
      onFailure: (err) =>
        this.#log.warn({ err }, 'the answer of an idempotent request could not be recorded yet'),
    });
    await recorded.catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  /**
   * Resolves with the recorded answer, or with the id for a runtime when this service has to carry
   * out the request. Each look may find that another service which did so is gone.
   */
  async #claim(
    id: string,
    request: KeyedRequest,
    cipherKey: Buffer,
  ): Promise<{ answer: Answer } | { runtimeId: string }> {
    const claim = { id, request: request.digest, nodeId: this.#nodeId };
    for (let look = 0; look < LOOKS_MAX; look++) {
      const runtimeId = await claimKey(this.#db, claim);
      if (runtimeId !== undefined) return { runtimeId };
      const recorded = await findRequest(this.#db, id);
      if (recorded) assertSame(request, recorded.request);
      if (recorded?.answer) return { answer: open(recorded.answer, cipherKey) };
      await delay(LOOK_MS);
    }
    throw new ApiError(
      'idempotency.in_progress',
      'The first request with this key is still in progress.',
    );
  }
}

function isFinal({ status }: Answer): boolean {
  return status < 500 && status !== 429;
}

function assertSame({ digest }: KeyedRequest, recorded: string): void {
  if (digest === recorded) return;
  const message = 'This Idempotency-Key was used for another request.';
  throw new ApiError('idempotency.mismatch', message);
}

/** https://www.rfc-editor.org/rfc/rfc5869 */
function derive({ secret, key }: KeyedRequest): { id: string; cipherKey: Buffer } {
  const bytes = Buffer.from(hkdfSync('sha256', secret, key, 'bctrl idempotency', 64));
  return { id: bytes.subarray(0, 32).toString('hex'), cipherKey: bytes.subarray(32) };
}

function seal(answer: Answer, cipherKey: Buffer): Buffer {
  return encrypt(JSON.stringify(answer), cipherKey);
}

function open(sealed: Buffer, cipherKey: Buffer): Answer {
  return Answer.parse(JSON.parse(decrypt(sealed, cipherKey)));
}

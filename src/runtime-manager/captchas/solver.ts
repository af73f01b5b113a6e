import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { captchaError, CaptchaError, type CaptchaErrorCode } from './error.ts';
import type { SolverTask } from './solver-tasks.ts';

export interface SolverOptions {
  /** Where `createTask` and `getTaskResult` are. */
  url: string;
  key: string;
  /** How often the solver is asked whether a task is done. */
  pollIntervalMs: number;
  /** How long one answer may take. */
  requestTimeoutMs: number;
}

/** A token, or the text in an image. The cost is what the solver says, in its currency. */
export interface Solution {
  text: string;
  cost: string | undefined;
}

/** When an answer fails, the result is asked for again: the task may have been paid for. */
const POLL_FAILURES_MAX = 3;
/** Tokens have a few kilobytes. */
const ANSWER_MAX_BYTES = 256 * 1024;
const TOO_MANY_REQUESTS = 429;
const SOLVER_CODE = /^[A-Z][A-Z0-9_]{2,63}$/;

const Answer = z.object({
  errorId: z.int(),
  errorCode: z.string().nullish(),
  taskId: z.union([z.string().min(1), z.number()]).nullish(),
  status: z.string().nullish(),
  cost: z
    .union([z.string().regex(/^\d{1,9}(?:\.\d{1,9})?$/), z.number()])
    .nullish()
    .catch(undefined),
  solution: z
    .object({
      gRecaptchaResponse: z.string().nullish(),
      token: z.string().nullish(),
      text: z.string().nullish(),
    })
    .nullish(),
});
type Answer = z.infer<typeof Answer>;

/** What the codes that all solvers have mean; all other codes are `captcha.solver_failed`. */
const CODES: Record<string, CaptchaErrorCode> = {
  ERROR_KEY_DOES_NOT_EXIST: 'captcha.solver_refused',
  ERROR_WRONG_USER_KEY: 'captcha.solver_refused',
  ERROR_KEY_DENIED_ACCESS: 'captcha.solver_refused',
  ERROR_IP_NOT_ALLOWED: 'captcha.solver_refused',
  ERROR_IP_BLOCKED: 'captcha.solver_refused',
  ERROR_IP_BANNED: 'captcha.solver_refused',
  ERROR_ACCOUNT_SUSPENDED: 'captcha.solver_refused',
  ERROR_ZERO_BALANCE: 'captcha.no_balance',
  ERROR_CAPTCHA_UNSOLVABLE: 'captcha.unsolvable',
  ERROR_NO_SLOT_AVAILABLE: 'captcha.solver_unavailable',
  ERROR_SERVICE_UNAVALIABLE: 'captcha.solver_unavailable',
  ERROR_TASK_NOT_SUPPORTED: 'captcha.unsupported',
  ERROR_INVALID_TASK_TYPE: 'captcha.unsupported',
};

/** A client of the protocol that 2Captcha, Anti-Captcha, CapSolver and CapMonster share. */
export class Solver {
  readonly url: string;
  readonly #options: SolverOptions;

  constructor(options: SolverOptions) {
    this.url = options.url;
    this.#options = options;
  }

  /**
   * Throws RuntimeError with a code of `CODES`, `captcha.solver_failed` or
   * `captcha.solver_unavailable`, or an AbortError. No error contains the key or the task, which
   * may have a proxy's password.
   */
  async solve(task: SolverTask, signal: AbortSignal): Promise<Solution> {
    const created = await this.#post('createTask', { task }, signal);
    if (created.status === 'ready') return solutionOf(created);
    const { taskId } = created;
    if (taskId === undefined || taskId === null) throw captchaError('captcha.solver_failed');
    for (let failures = 0; ;) {
      await delay(this.#options.pollIntervalMs, undefined, { signal });
      try {
        const answer = await this.#post('getTaskResult', { taskId }, signal);
        failures = 0;
        if (answer.status === 'ready') return solutionOf(answer);
      } catch (error) {
        if (!isUnavailable(error) || ++failures >= POLL_FAILURES_MAX) throw error;
      }
    }
  }

  async #post(method: string, body: object, signal: AbortSignal): Promise<Answer> {
    const { url, key, requestTimeoutMs } = this.#options;
    const late = AbortSignal.timeout(requestTimeoutMs);
    let json: unknown;
    try {
      const response = await fetch(`${url.replace(/\/+$/, '')}/${method}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ clientKey: key, ...body }),
        // The key and the task are for the solver alone.
        redirect: 'error',
        signal: AbortSignal.any([signal, late]),
      });
      json = JSON.parse(await readUpTo(ANSWER_MAX_BYTES, response));
      if (response.status >= 500 || response.status === TOO_MANY_REQUESTS) {
        throw new Error(`the solver answered ${response.status}`);
      }
    } catch (cause) {
      signal.throwIfAborted();
      throw captchaError('captcha.solver_unavailable', { cause });
    }
    const answer = Answer.safeParse(json);
    if (!answer.success) throw captchaError('captcha.solver_failed');
    if (answer.data.errorId !== 0) throw refusalOf(answer.data);
    return answer.data;
  }
}

async function readUpTo(maxBytes: number, { body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`the solver answered with more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function solutionOf({ solution, cost }: Answer): Solution {
  const text = solution?.gRecaptchaResponse ?? solution?.token ?? solution?.text;
  if (!text) throw captchaError('captcha.solver_failed');
  return { text, cost: cost === undefined || cost === null ? undefined : String(cost) };
}

/** Leaves out the answer's description, which may repeat what was sent. */
function refusalOf({ errorCode }: Answer): CaptchaError {
  const solverCode = SOLVER_CODE.test(errorCode ?? '') ? (errorCode ?? '') : 'unknown';
  return captchaError(CODES[solverCode] ?? 'captcha.solver_failed', { details: { solverCode } });
}

function isUnavailable(error: unknown): boolean {
  return error instanceof CaptchaError && error.code === 'captcha.solver_unavailable';
}

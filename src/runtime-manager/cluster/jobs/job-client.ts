import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { RuntimeError } from '../../errors.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import { callOf } from '../../tracing/spans.ts';
import { inSpan } from '../../tracing/tracing.ts';
import { BusError, type Bus, type BusFailure } from '../bus.ts';
import { errorOf } from '../problems.ts';
import { SUBJECTS } from '../subjects.ts';
import { withPosition } from '../traced-message.ts';
import { getJson, JobObject } from './job-objects.ts';
import { Answer, type Job } from './messages.ts';

const TIMEOUT_MS = 120_000;
/** Within this time a node that is just restarted, or connects again, is there. */
const ASK_AGAIN_MS = 1000;
const RETRY_AFTER_S = 5;

const UNREACHABLE = 'The machines with browsers cannot be reached now.';
const REASONS: Partial<Record<BusFailure, string>> = {
  no_responders: 'No machine with browsers is there now.',
  timeout: 'No machine with browsers did it in time.',
};

export interface JobClientOptions {
  bus: Bus;
  /** The storage of the whole cluster. */
  storage: ObjectStorage;
  /** How long a job may take. */
  timeoutMs?: number;
  log: Logger;
}

/** Asks for jobs, of which each is done by some node. */
export class JobClient {
  readonly storage: ObjectStorage;
  readonly #log: Logger;
  readonly #bus: Bus;
  readonly #timeoutMs: number;

  constructor({ bus, storage, timeoutMs = TIMEOUT_MS, log }: JobClientOptions) {
    this.storage = storage;
    this.#log = log;
    this.#bus = bus;
    this.#timeoutMs = timeoutMs;
  }

  /** The place of a file for a job, until the job is over. */
  openObject(kind: 'tar' | 'json'): JobObject {
    return new JobObject(kind, { storage: this.storage, log: this.#log });
  }

  /** Throws what the job throws, and `service.unavailable` where no node does it in time. */
  ask<Task, Result>(job: Job<Task, Result>, task: Task): Promise<Result> {
    const { span, attributes } = callOf('client', 'job', job.name);
    return inSpan(span, attributes, () => this.#ask(job, task));
  }

  async #ask<Task, Result>(job: Job<Task, Result>, task: Task): Promise<Result> {
    await using result = this.openObject('json');
    const answer = await this.#request(job.name, { resultKey: result.key, task });
    if (answer.is === 'failed') throw errorOf(answer.problem);
    const { sha256 } = answer;
    return job.result.parse(await getJson(this.storage, { key: result.key, sha256 }));
  }

  async #request(name: string, message: object): Promise<Answer> {
    const timeoutMs = this.#timeoutMs;
    const asked = withPosition({ ...message, budgetMs: timeoutMs });
    const request = () => this.#bus.request(SUBJECTS.job(name), asked, { timeoutMs });
    try {
      return Answer.parse(await askedAgain(request));
    } catch (cause) {
      if (!(cause instanceof BusError)) throw cause;
      const reason = REASONS[cause.failure] ?? UNREACHABLE;
      const retryAfterSeconds = RETRY_AFTER_S;
      throw new RuntimeError('service.unavailable', reason, { cause, retryAfterSeconds });
    }
  }
}

/** Asks once more after a moment when nobody has got it. */
async function askedAgain(request: () => Promise<unknown>): Promise<unknown> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof BusError && error.failure === 'no_responders')) throw error;
  }
  await delay(ASK_AGAIN_MS);
  return request();
}

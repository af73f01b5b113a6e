import { mkdir, mkdtempDisposable } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { RuntimeError } from '../../errors.ts';
import type { ExtensionTrial } from '../../extensions/extensions.ts';
import { unpack } from '../../machine/profiles/local-profile.ts';
import type { StorageStates } from '../../machine/profiles/storage-states.ts';
import { GivenStorageState } from '../../profiles/storage-state.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import { callOf } from '../../tracing/spans.ts';
import { continued, inSpan } from '../../tracing/tracing.ts';
import type { Bus, BusWork } from '../bus.ts';
import { problemOf } from '../problems.ts';
import { SUBJECTS } from '../subjects.ts';
import { positionOf } from '../traced-message.ts';
import { getJson, putJson } from './job-objects.ts';
import { JOBS, requestOf, type Answer, type Job, type JobFile } from './messages.ts';

/** The nodes take turns. */
const QUEUE = 'any';
const HEARD_WITHIN_MS = 5000;

export interface JobServerParts {
  /** Loads an extension in a browser of its own. */
  tryOut: (directory: string, signal: AbortSignal) => Promise<ExtensionTrial>;
  states: StorageStates;
  /** The storage of the whole cluster. */
  storage: ObjectStorage;
  /** The folder in which extensions are unpacked. */
  workDir: string;
  log: Logger;
}

/** Does a job, until nobody waits for it any more. */
type Work<Task, Result> = (task: Task, signal: AbortSignal) => Promise<Result>;

/** Does jobs for processes that have no browsers. */
export function serveJobs(bus: Bus, parts: JobServerParts): Disposable {
  const { states, storage } = parts;
  using served = new DisposableStack();
  const serve = <Task, Result>(job: Job<Task, Result>, work: Work<Task, Result>) =>
    served.use(bus.serve(SUBJECTS.job(job.name), answering(job, work, parts), { queue: QUEUE }));
  serve(JOBS.tryOut, ({ packed }, signal) => tryOut(packed, signal, parts));
  serve(JOBS.toStorageState, ({ archive }, signal) => states.toStorageState(archive, signal));
  serve(JOBS.fromStorageState, async ({ profileId, state }, signal) => {
    const given = GivenStorageState.parse(await getJson(storage, state));
    return states.fromStorageState(profileId, given, signal);
  });
  return served.move();
}

/** Answers every message, also one of nonsense, and leaves no result that nobody fetches. */
function answering<Task, Result>(
  job: Job<Task, Result>,
  work: Work<Task, Result>,
  { storage, log: parent }: JobServerParts,
): BusWork {
  const log = parent.child({ job: job.name });
  const Request = requestOf(job.task);
  const { span, attributes } = callOf('server', 'job', job.name);
  return async (message, call) => {
    const asked = Request.safeParse(message);
    if (!asked.success) return failed(asked.error, log);
    const { task, budgetMs, resultKey } = asked.data;
    const signal = AbortSignal.timeout(budgetMs);
    const done = async (): Promise<Answer> => {
      const result = await work(task, signal);
      signal.throwIfAborted();
      const { sha256 } = await putJson(storage, resultKey, result);
      return { is: 'done', sha256 };
    };
    const traced = continued(positionOf(message), () => inSpan(span, attributes, done));
    const answer = await traced.catch((error: unknown) => failed(error, log));
    try {
      if (!(await call.answer(answer, HEARD_WITHIN_MS))) await storage.delete(resultKey);
    } catch (err) {
      log.warn({ err }, 'a job could not be answered');
    }
    return undefined;
  };
}

/** What the customer is not told is logged. */
function failed(error: unknown, log: Logger): Answer {
  const isTold = error instanceof RuntimeError && error.cause === undefined;
  if (!isTold) log.warn({ err: error }, 'a job failed');
  return { is: 'failed', problem: problemOf(error) };
}

async function tryOut(
  packed: JobFile,
  signal: AbortSignal,
  { workDir, storage, tryOut: tryOutHere }: JobServerParts,
): Promise<ExtensionTrial> {
  await mkdir(workDir, { recursive: true, mode: 0o700 });
  await using directory = await mkdtempDisposable(join(workDir, 'trial-'));
  const unpacked = join(directory.path, 'extension');
  await unpack(packed, storage, unpacked).catch((cause: unknown) => {
    throw new RuntimeError('service.unavailable', 'The extension could not be unpacked there.', {
      cause,
    });
  });
  return await tryOutHere(unpacked, signal);
}

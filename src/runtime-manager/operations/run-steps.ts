import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { PeerError } from '../playwright/peer.ts';
import { inSpan } from '../tracing/tracing.ts';
import type { StepSession } from './step-session.ts';
import type {
  OperationError,
  OperationErrorCode,
  OperationProgress,
  StepResult,
} from './operation.ts';
import { FailedStep, type StepOutcome } from './outcome.ts';
import type { Step } from './steps/step.ts';
import type { StepFiles } from './step-files.ts';

/** Of the values of all steps together, as JSON. */
const VALUES_MAX_BYTES = 4_000_000;
/** Of their logs. */
const LOGS_MAX_BYTES = 1_000_000;
/** How soon the end of a browser is known. */
const GOING_MS = 1000;
/** How much later than the process itself the service ends a step. */
const SLACK_MS = 1000;

/** The process' word for a step that was given up. */
const CANCELLED = 'cancelled';
const UNANSWERED =
  'The step could not be carried out: the browser did not answer. A dialog that is open may be why.';

const HELD = ' A person drives the browser now, and input waits until control is given back.';

/** What the words of the process that carries steps out mean. */
const CODES: Readonly<Record<string, OperationErrorCode>> = {
  step_failed: 'operation.step_failed',
  step_timeout: 'operation.step_timeout',
  result_too_large: 'operation.result_too_large',
  binding_gone: 'operation.binding_gone',
  file_not_stored: 'operation.file_not_stored',
};

/** What one operation is carried out with. */
export interface StepsRun {
  /** Rejects where there is no process to carry steps out. */
  ready: Promise<void>;
  session: Pick<StepSession, 'run'>;
  files: Pick<StepFiles, 'keep'>;
  /** Aborts when the operation is to end, with an OperationStop. */
  signal: AbortSignal;
  progressed: (progress: OperationProgress) => void;
  /** Whether a person drives the browser now, for whom input waits. */
  isHeld: () => boolean;
  log: Logger;
}

/** Carries steps out until one fails, and tells what became of each. */
export async function runSteps(steps: readonly Step[], run: StepsRun): Promise<StepResult[]> {
  const results: StepResult[] = [];
  let roomBytes = VALUES_MAX_BYTES;
  let logsRoomBytes = LOGS_MAX_BYTES;
  for (const [index, step] of steps.entries()) {
    const about = aboutStep(step, index + 1);
    if ((results.at(-1)?.status ?? 'succeeded') !== 'succeeded') {
      results.push({ ...about, status: 'not_run' });
      continue;
    }
    const { call, options } = step;
    const message = options.scriptName;
    run.progressed({ step: index + 1, totalSteps: steps.length, currentCall: call, message });
    const result = await inStepSpan(about, () => runStep(step, { ...run, about, roomBytes }));
    roomBytes -= bytesOf(result.value);
    const logs = result.logs && fitting(result.logs, logsRoomBytes);
    logsRoomBytes -= bytesOf(logs);
    results.push({ ...result, ...(logs && { logs }) });
  }
  return results;
}

/** What is said of steps none of which was begun. */
export function notRun(steps: readonly Step[]): StepResult[] {
  return steps.map((step, index) => ({ ...aboutStep(step, index + 1), status: 'not_run' }));
}

type About = Pick<StepResult, 'step' | 'call' | 'scriptId' | 'scriptName'>;

function aboutStep({ call, options }: Step, step: number): About {
  const { scriptId, scriptName } = options;
  return {
    step,
    call,
    ...(scriptId !== undefined && { scriptId }),
    ...(scriptName !== undefined && { scriptName }),
  };
}

/** The call of a step is one of a list, so it is no text of a customer's. */
function inStepSpan({ step, call }: About, work: () => Promise<StepResult>): Promise<StepResult> {
  const attributes = { 'bctrl.operation.step': step, 'bctrl.operation.call': call };
  return inSpan('operation.step', attributes, async (span) => {
    const result = await work();
    if (result.error) span.fail(result.error.code);
    return result;
  });
}

async function runStep(
  step: Step,
  { about, roomBytes, ...run }: StepsRun & { about: About; roomBytes: number },
): Promise<StepResult> {
  const { ready, session, files, signal, log } = run;
  const began = performance.now();
  const ended = () => ({ durationMs: Math.round(performance.now() - began) });
  const late = AbortSignal.timeout(step.options.timeoutMs + SLACK_MS);
  try {
    await ready;
    const outcome = await session.run(step, AbortSignal.any([signal, late]));
    if (bytesOf(outcome.value) > roomBytes) throw tooLarge();
    const { file, ...said } = outcome;
    const kept = file && { file: await keep(files, file) };
    return { ...about, status: 'succeeded', ...ended(), ...said, ...kept };
  } catch (error) {
    if (!(error instanceof PeerError)) {
      log.warn({ err: error }, 'a step was not carried out');
      // A process that has gone may have gone with its browser.
      await delay(GOING_MS, undefined, { signal }).catch(() => undefined);
    }
    if (signal.aborted) return { ...about, status: 'cancelled', ...ended() };
    return {
      ...about,
      status: 'failed',
      ...ended(),
      ...logsOf(error),
      error: errorOf(error, { late, isHeld: run.isHeld() }),
    };
  }
}

async function keep(files: StepsRun['files'], file: NonNullable<StepOutcome['file']>) {
  try {
    return await files.keep(file);
  } catch (error) {
    throw new PeerError({ code: 'file_not_stored', message: messageOf(error) });
  }
}

function logsOf(error: unknown): Pick<StepResult, 'logs'> {
  const details = error instanceof PeerError ? error.details : undefined;
  const { logs } = FailedStep.safeParse(details).data ?? {};
  return logs ? { logs } : {};
}

/** The first of them. */
function fitting<T>(logs: T[], roomBytes: number): T[] {
  let left = roomBytes;
  const end = logs.findIndex((log) => (left -= bytesOf(log)) < 0);
  return end < 0 ? logs : logs.slice(0, end);
}

function bytesOf(value: unknown): number {
  return value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value));
}

function tooLarge(): PeerError {
  const message = `The values of all steps have at most ${VALUES_MAX_BYTES} bytes together, as JSON.`;
  return new PeerError({ code: 'result_too_large', message });
}

function errorOf(
  error: unknown,
  { late, isHeld }: { late: AbortSignal; isHeld: boolean },
): OperationError {
  const known = error instanceof PeerError ? error : undefined;
  const isLate = late.aborted && (!known || known.code === CANCELLED);
  const code = isLate ? 'operation.step_timeout' : codeOf(known);
  const message = isLate ? 'The step took too long.' : (known?.message ?? UNANSWERED);
  const why = isHeld && code === 'operation.step_timeout' ? HELD : '';
  return { code, message: message + why };
}

function codeOf(known: PeerError | undefined): OperationErrorCode {
  return (known && CODES[known.code]) ?? 'operation.step_failed';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

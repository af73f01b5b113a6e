import { sql } from 'drizzle-orm';
import type {
  LoadedExtension,
  RunningMove,
  RuntimeLife,
  RuntimeMove,
  Usage,
} from '../../runtime-manager/index.ts';
import { runtimes } from '../schema/index.ts';

/** What a move is told as; undefined: it is not. */
export function eventOf({ generation }: Pick<RuntimeLife, 'generation'>, move: RuntimeMove) {
  switch (move.to) {
    case 'running':
      return { type: 'runtime.launched', data: { generation } } as const;
    case 'stopped':
      return { type: 'runtime.stopped', data: { reason: move.reason } } as const;
    case 'failed':
      return { type: 'runtime.failed', data: { ...move.failure } } as const;
    case 'launching':
    case 'stopping':
      return undefined;
  }
}

/** What a move writes. */
export function valuesOf(move: RuntimeMove) {
  const now = new Date();
  switch (move.to) {
    case 'launching':
    case 'stopping':
      return { state: move.to };
    case 'running':
      return runningValues(move, runtimes.maxDurationSeconds);
    case 'stopped':
      return { ...ended(move, now), stopReason: move.reason };
    case 'failed':
      return {
        ...ended(move, now),
        failureCode: move.failure.code,
        failureMessage: move.failure.message,
      };
  }
}

/** `maxDurationSeconds`: as a number, or as a row has it. */
export function runningValues(
  { to, proxy, ...facts }: RunningMove,
  maxDurationSeconds: number | typeof runtimes.maxDurationSeconds,
) {
  const now = new Date();
  return {
    ...facts,
    state: to,
    proxy: proxy ?? null,
    startedAt: now,
    lastActivityAt: now,
    expiresAt: sql<Date>`${now.toISOString()}::timestamptz + make_interval(secs => ${maxDurationSeconds})`,
  };
}

const NO_BROWSER = {
  currentDriver: null,
  defaultContextId: null,
  defaultPageId: null,
  browserDirectory: null,
  proxy: null,
  extensions: [] as LoadedExtension[],
  expiresAt: null,
} as const;

function ended({ to, usage }: Extract<RuntimeMove, { to: 'stopped' | 'failed' }>, stoppedAt: Date) {
  return { state: to, ...NO_BROWSER, stoppedAt, ...(usage && usageColumns(usage)) };
}

export function usageColumns({ bytesIn, bytesOut, connections }: Usage) {
  return { bytesIn, bytesOut, connections };
}

import { sql, type SQL } from 'drizzle-orm';
import type {
  NewEvent,
  RuntimeLife,
  RuntimeMove,
  Usage,
} from '../../runtime-manager/runtime/index.ts';
import { given } from '../prepared.ts';
import { runtimes } from '../schema/index.ts';

/** The events that tell of a move. */
export function eventsOf(
  { generation }: Pick<RuntimeLife, 'generation'>,
  move: RuntimeMove,
): NewEvent[] {
  switch (move.to) {
    case 'running':
      return [{ type: 'runtime.launched', data: { generation } }];
    case 'stopped':
      return [{ type: 'runtime.stopped', data: { reason: move.reason } }];
    case 'failed':
      return [{ type: 'runtime.failed', data: { ...move.failure } }];
    case 'launching':
    case 'stopping':
      return [];
  }
}

/**
 * What a runtime has from the moment it runs; `maxDurationSeconds` is a row's column or a given
 * value.
 */
export function runningValues(maxDurationSeconds: SQL | typeof runtimes.maxDurationSeconds) {
  return {
    state: 'running',
    defaultContextId: given(runtimes.defaultContextId),
    defaultPageId: given(runtimes.defaultPageId),
    browserDirectory: given(runtimes.browserDirectory),
    proxy: given(runtimes.proxy),
    extensions: given(runtimes.extensions),
    warnings: given(runtimes.warnings),
    startedAt: given(runtimes.startedAt, 'now'),
    lastActivityAt: given(runtimes.lastActivityAt, 'now'),
    expiresAt: sql<Date>`${given(runtimes.expiresAt, 'now')}::timestamptz + make_interval(secs => ${maxDurationSeconds})`,
  } as const;
}

const ENDED = {
  currentDriver: null,
  defaultContextId: null,
  defaultPageId: null,
  browserDirectory: null,
  proxy: null,
  extensions: [],
  warnings: [],
  connectionEpochs: {},
  expiresAt: null,
  queuedAt: null,
  stoppedAt: given(runtimes.stoppedAt, 'now'),
  bytesIn: sql`coalesce(${given(runtimes.bytesIn)}, ${runtimes.bytesIn})`,
  bytesOut: sql`coalesce(${given(runtimes.bytesOut)}, ${runtimes.bytesOut})`,
  connections: sql`coalesce(${given(runtimes.connections)}, ${runtimes.connections})`,
};

/** What each move writes, with the values that `moveParameters` has. */
export const MOVE_VALUES = {
  launching: { state: 'launching' },
  running: runningValues(runtimes.maxDurationSeconds),
  stopping: { state: 'stopping' },
  stopped: { ...ENDED, state: 'stopped', stopReason: given(runtimes.stopReason) },
  failed: {
    ...ENDED,
    state: 'failed',
    failureCode: given(runtimes.failureCode),
    failureMessage: given(runtimes.failureMessage),
  },
} as const satisfies Record<RuntimeMove['to'], object>;

export function moveParameters(move: RuntimeMove): Record<string, unknown> {
  const now = new Date();
  switch (move.to) {
    case 'launching':
    case 'stopping':
      return { now };
    case 'running':
      return { now, ...move, proxy: move.proxy ?? null };
    case 'stopped':
      return { now, ...usageParameters(move), stopReason: move.reason };
    case 'failed':
      return {
        now,
        ...usageParameters(move),
        failureCode: move.failure.code,
        failureMessage: move.failure.message,
      };
  }
}

/** An end without usage leaves the usage as it is. */
function usageParameters({ usage }: { usage?: Usage | undefined }) {
  return usage ? usageColumns(usage) : { bytesIn: null, bytesOut: null, connections: null };
}

export function usageColumns({ bytesIn, bytesOut, connections }: Usage) {
  return { bytesIn, bytesOut, connections };
}

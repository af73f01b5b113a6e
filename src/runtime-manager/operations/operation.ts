import type { BindingType } from './calls/kinds.ts';

/** `queued`: the runtime carries out an operation that came before. The last three are for good. */
export const OPERATION_STATUSES = [
  'queued',
  'running',
  'succeeded',
  'failed',
  'cancelled',
] as const;
export type OperationStatus = (typeof OPERATION_STATUSES)[number];
export type OperationEndStatus = Exclude<OperationStatus, 'queued' | 'running'>;

export function isOver({ status }: Pick<Operation, 'status'>): boolean {
  return status !== 'queued' && status !== 'running';
}

/** Why an operation failed. */
export const OPERATION_ERROR_CODES = [
  'operation.step_failed',
  'operation.step_timeout',
  'operation.result_too_large',
  'operation.binding_gone',
  'operation.file_not_stored',
  'operation.interrupted',
  'operation.cancelled',
] as const;
export type OperationErrorCode = (typeof OPERATION_ERROR_CODES)[number];

export interface OperationError {
  code: OperationErrorCode;
  message: string;
  details?: Record<string, unknown> | undefined;
}

/** How far an operation is, or was when it ended. */
export interface OperationProgress {
  /** The step that is, or was last, carried out; the first is 1, and 0 is none yet. */
  step: number;
  totalSteps: number;
  currentCall?: string | undefined;
  message?: string | undefined;
}

export const STEP_STATUSES = ['succeeded', 'failed', 'cancelled', 'not_run'] as const;

/** What became of one step. */
export interface StepResult {
  /** The first is 1. */
  step: number;
  call: string;
  status: (typeof STEP_STATUSES)[number];
  durationMs?: number | undefined;
  scriptId?: string | undefined;
  scriptName?: string | undefined;
  dryRun?: boolean | undefined;
  /** What the call returned, where that is JSON. */
  value?: unknown;
  binding?: { alias: string; id: string; type: BindingType } | undefined;
  /** A file of the runtime. */
  file?: { id: string; name: string; contentType: string; sizeBytes: number } | undefined;
  logs?: { level: string; text: string; url: string }[] | undefined;
  error?: OperationError | undefined;
}

export const OPERATION_MODES = ['fail-fast'] as const;
export type OperationMode = (typeof OPERATION_MODES)[number];

export interface OperationResult {
  mode: OperationMode;
  steps: StepResult[];
}

/** A list of steps that a runtime carries out, as it is recorded. */
export interface Operation {
  id: string;
  organizationId: string;
  workspaceId: string;
  runtimeId: string;
  /** Of the runtime. */
  alias: string;
  status: OperationStatus;
  progress: OperationProgress;
  /** Undefined until it is over; then also of one that failed, as far as it came. */
  result: OperationResult | undefined;
  error: OperationError | undefined;
  createdAt: Date;
  startedAt: Date | undefined;
  endedAt: Date | undefined;
}

export interface NewOperation extends Pick<Operation, 'id' | 'organizationId' | 'runtimeId'> {
  workspaceId: string;
  alias: string;
  /** The node that has the runtime. */
  nodeId: string;
  status: 'queued' | 'running';
  progress: OperationProgress;
}

export interface OperationEnd extends Pick<Operation, 'result' | 'error' | 'progress'> {
  status: OperationEndStatus;
}

/** What an operation failed with whose runtime or service ended. */
export const INTERRUPTED = {
  code: 'operation.interrupted',
  message: 'The runtime ended before the operation was over.',
} as const satisfies OperationError;

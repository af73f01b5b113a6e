import type { StepLog } from './step-outcome.ts';

export const STEP_ERROR_CODES = [
  'step_failed',
  'step_timeout',
  'result_too_large',
  'binding_gone',
  'cancelled',
] as const;
export type StepErrorCode = (typeof STEP_ERROR_CODES)[number];

/** Why a step came to no result. The customer is shown the message. */
export class StepError extends Error {
  readonly code: StepErrorCode;
  /** What pages wrote during the step; undefined: nobody asked for it. */
  logs: StepLog[] | undefined;

  constructor(code: StepErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'StepError';
    this.code = code;
  }
}

import { z } from 'zod';
import type { CompanionVerb } from '../companion.ts';
import { OPERATION_MODES } from './operation.ts';
import { Step } from './steps/step.ts';

/** The companion that carries operations out. */
export const OPERATIONS = 'operations';

/** Nothing: whoever asked reads the record. */
const Nothing = z.object({});

/**
 * Carries steps out, in the order of such messages. Answers when the operation is over, or after
 * `waitMs`. An operation that is here already, or was, is not begun again. Throws
 * `operation.too_many`.
 */
export const executeSteps = {
  name: `${OPERATIONS}.execute`,
  message: z.object({
    id: z.uuid(),
    mode: z.enum(OPERATION_MODES),
    steps: z.array(Step),
    waitMs: z.number(),
  }),
  answer: Nothing,
} as const satisfies CompanionVerb<z.ZodType, z.ZodType>;
export type StepsOrder = Omit<z.infer<typeof executeSteps.message>, 'waitMs'>;

/** Answers when an operation is over or not here, and after `timeoutMs` at the latest. */
export const waitForOperation = {
  name: `${OPERATIONS}.wait`,
  message: z.object({ id: z.uuid(), timeoutMs: z.number() }),
  answer: Nothing,
} as const satisfies CompanionVerb<z.ZodType, z.ZodType>;

/** Gives an operation up, and answers when its end is recorded. */
export const cancelOperation = {
  name: `${OPERATIONS}.cancel`,
  message: z.object({ id: z.uuid() }),
  answer: Nothing,
} as const satisfies CompanionVerb<z.ZodType, z.ZodType>;

import { z } from 'zod';
import type { CompanionVerb } from '../companion.ts';
import {
  OPERATION_MODES,
  OPERATION_STATUSES,
  type Operation,
  type OperationError,
  type OperationProgress,
  type OperationResult,
} from './operation.ts';
import { Step } from './steps/step.ts';

/** The companion that carries operations out. */
export const OPERATIONS = 'operations';

/** An operation as it is recorded, also where it was passed on as JSON. */
const Recorded = z
  .object({
    id: z.uuid(),
    organizationId: z.uuid(),
    workspaceId: z.uuid(),
    runtimeId: z.uuid(),
    alias: z.string(),
    status: z.enum(OPERATION_STATUSES),
    progress: z.custom<OperationProgress>(),
    result: z.custom<OperationResult | undefined>(),
    error: z.custom<OperationError | undefined>(),
    createdAt: z.coerce.date(),
    startedAt: z.coerce.date().optional(),
    endedAt: z.coerce.date().optional(),
  })
  .transform(({ startedAt, endedAt, ...rest }): Operation => ({ ...rest, startedAt, endedAt }));

/** Without the operation, whoever asked reads its record. */
const Ended = z.object({ operation: Recorded.optional().catch(undefined) });

/** The bus carries 1 MiB. */
const TOLD_MAX_BYTES = 250_000;

/** What is answered of an operation that is over: itself, unless it is large. */
export function toldOf(operation: Operation | undefined): z.input<typeof Ended> {
  const isSmall = Buffer.byteLength(JSON.stringify(operation ?? null)) <= TOLD_MAX_BYTES;
  return operation && isSmall ? { operation } : {};
}

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
  answer: Ended,
} as const satisfies CompanionVerb<z.ZodType, z.ZodType>;
export type StepsOrder = Omit<z.infer<typeof executeSteps.message>, 'waitMs'>;

/** Answers when an operation is over or not here, and after `timeoutMs` at the latest. */
export const waitForOperation = {
  name: `${OPERATIONS}.wait`,
  message: z.object({ id: z.uuid(), timeoutMs: z.number() }),
  answer: Ended,
} as const satisfies CompanionVerb<z.ZodType, z.ZodType>;

/** Gives an operation up, and answers when its end is recorded. */
export const cancelOperation = {
  name: `${OPERATIONS}.cancel`,
  message: z.object({ id: z.uuid() }),
  answer: Ended,
} as const satisfies CompanionVerb<z.ZodType, z.ZodType>;

import { z } from '@hono/zod-openapi';
import { checkSteps, Step } from '../../runtime-manager/index.ts';
import {
  BINDING_TYPES,
  OPERATION_ERROR_CODES,
  OPERATION_MODES,
  OPERATION_STATUSES,
  STEP_STATUSES,
  type Operation,
  type StepResult,
} from '../../runtime-manager/runtime/index.ts';
import { EXAMPLE_ID } from './example-id.ts';

const WAIT_DEFAULT_MS = 25_000;
const WAIT_MAX_MS = 120_000;
const KEY_MAX = 255;

const EXAMPLE = {
  runtime: 'TestBrowser01',
  steps: [
    { call: 'page.goto', args: ['https://example.com'] },
    { call: 'page.getByRole', args: ['heading'], as: 'heading' },
    { call: 'heading.textContent' },
    { call: 'page.screenshot', args: [{ fullPage: true }] },
  ],
};

const waitMs = z.int().min(0).max(WAIT_MAX_MS).default(WAIT_DEFAULT_MS);

export const ExecuteRequest = z
  .strictObject({
    runtime: z.string().min(1).openapi({ description: 'The alias or id of an active runtime.' }),
    steps: z
      .array(Step)
      .min(1)
      .superRefine((steps, context) => {
        for (const { path, message } of checkSteps(steps)) {
          context.addIssue({ code: 'custom', path, message });
        }
      })
      .openapi({ description: 'The steps, which run in this order until one fails.' }),
    mode: z.enum(OPERATION_MODES).default('fail-fast'),
    idempotencyKey: z
      .string()
      .min(1)
      .max(KEY_MAX)
      .optional()
      .openapi({ description: 'Has the same effect as the header `Idempotency-Key`.' }),
    waitMs: waitMs.openapi({
      description:
        'For how many milliseconds the response waits for the operation to end. If it has not ended by then, the status is 202.',
    }),
  })
  .openapi('ExecuteRequest', { example: EXAMPLE });

export const WaitForOperationRequest = z
  .strictObject({ timeoutMs: waitMs })
  .openapi('WaitForOperationRequest', { example: { timeoutMs: 1000 } });

export const OperationPath = z.object({
  id: z.uuid().openapi({
    param: { name: 'id', in: 'path' },
    description: "The operation's id.",
    example: EXAMPLE_ID,
  }),
});

const OperationErrorBody = z
  .object({
    code: z.enum(OPERATION_ERROR_CODES),
    message: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi('OperationError');

const StepResultBody = z
  .object({
    step: z.int().openapi({ description: 'The number of the step; the first is 1.' }),
    call: z.string(),
    status: z.enum(STEP_STATUSES),
    durationMs: z.int().optional(),
    scriptId: z.string().optional(),
    scriptName: z.string().optional(),
    dryRun: z.boolean().optional(),
    value: z.unknown().optional().openapi({ description: 'What the call returned, as JSON.' }),
    binding: z
      .object({ alias: z.string(), id: z.string(), type: z.enum(BINDING_TYPES) })
      .optional(),
    file: z
      .object({
        id: z.uuid(),
        name: z.string(),
        contentType: z.string(),
        sizeBytes: z.int(),
      })
      .optional()
      .openapi({
        description:
          'A file of the runtime. To download it: `GET …/runtimes/{alias}/files/{fileId}/content`.',
      }),
    logs: z.array(z.object({ level: z.string(), text: z.string(), url: z.string() })).optional(),
    error: OperationErrorBody.optional(),
  })
  .openapi('StepResult');

export const OperationBody = z
  .object({
    id: z.uuid(),
    workspaceId: z.uuid(),
    runtime: z.string().openapi({ description: 'The alias of the runtime.' }),
    runtimeId: z.uuid(),
    status: z.enum(OPERATION_STATUSES),
    progress: z.object({
      step: z
        .int()
        .openapi({ description: 'The number of the current or last step; 0 if none has started.' }),
      totalSteps: z.int(),
      currentCall: z.string().optional(),
      message: z.string().optional(),
    }),
    result: z
      .object({ mode: z.enum(OPERATION_MODES), steps: z.array(StepResultBody) })
      .optional()
      .openapi({ description: 'Present once the operation has ended, also after a failure.' }),
    error: OperationErrorBody.optional(),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().nullable(),
    endedAt: z.iso.datetime().nullable(),
  })
  .openapi('Operation');

export const WaitedOperation = z.object({ operation: OperationBody }).openapi('WaitedOperation');

export function toOperationBody(operation: Operation): z.infer<typeof OperationBody> {
  const { id, workspaceId, runtimeId, alias, status, progress, result, error } = operation;
  const { createdAt, startedAt, endedAt } = operation;
  return {
    id,
    workspaceId,
    runtime: alias,
    runtimeId,
    status,
    progress,
    ...(result && { result: { ...result, steps: result.steps.map(toStepBody) } }),
    ...(error && { error }),
    createdAt: createdAt.toISOString(),
    startedAt: startedAt?.toISOString() ?? null,
    endedAt: endedAt?.toISOString() ?? null,
  };
}

function toStepBody(step: StepResult): z.infer<typeof StepResultBody> {
  return step;
}

import { createRoute } from '@hono/zod-openapi';
import type { Operations } from '../../runtime-manager/index.ts';
import { isOver } from '../../runtime-manager/runtime/index.ts';
import {
  errors,
  IdempotencyKeyHeader,
  json,
  jsonBody,
  POST_ERRORS,
  requires,
  RUNTIME_NOT_FOUND,
} from '../http/openapi.ts';
import { createRouter } from '../http/api-env.ts';
import {
  ExecuteRequest,
  OperationBody,
  OperationPath,
  toOperationBody,
  WaitedOperation,
  WaitForOperationRequest,
} from '../schemas/operation.ts';
import { WorkspacePath } from '../schemas/workspace.ts';

const common = { tags: ['Operations'] };
const ONE = '/v1/operations/{id}';

const execute = createRoute({
  ...common,
  ...requires('runtimes:connect'),
  operationId: 'execute',
  method: 'post',
  path: '/v1/workspaces/{id}/execute',
  summary: 'Run steps in a runtime',
  description:
    "Each step is a call of Playwright's API, by its public name, with Playwright's arguments as JSON. A step can name its result with `as`; later calls on that result begin with this alias. All steps are checked before the first one runs. A runtime runs one operation at a time, in the order in which they arrived. Returns 200 if the operation ends within `waitMs`, whether its steps succeeded or not, and otherwise 202: then wait with `POST /v1/operations/{id}/wait`. The operation continues if the client disconnects. Screenshots and PDFs become files of the runtime.",
  parameters: [IdempotencyKeyHeader],
  request: { params: WorkspacePath, ...jsonBody(ExecuteRequest) },
  responses: {
    200: json(OperationBody, 'The operation, which has ended'),
    202: json(OperationBody, 'The operation, which has not ended yet'),
    ...errors(
      ...POST_ERRORS,
      ...RUNTIME_NOT_FOUND,
      'idempotency.two_keys',
      'runtime.not_active',
      'runtime.unreachable',
      'operation.too_many',
    ),
  },
});

const get = createRoute({
  ...common,
  ...requires('runtimes:read'),
  operationId: 'operations-get',
  method: 'get',
  path: ONE,
  summary: 'Get an operation',
  description:
    'Returns the status and progress of the operation, and the results of its steps once it has ended.',
  request: { params: OperationPath },
  responses: { 200: json(OperationBody, 'The operation'), ...errors('operation.not_found') },
});

const wait = createRoute({
  ...common,
  ...requires('runtimes:read'),
  operationId: 'operations-wait',
  method: 'post',
  path: `${ONE}/wait`,
  summary: 'Wait for an operation to end',
  description: 'Returns the operation when it ends, or as it is after `timeoutMs`.',
  request: { params: OperationPath, ...jsonBody(WaitForOperationRequest) },
  responses: {
    200: json(WaitedOperation, 'The operation'),
    ...errors(
      'request.too_large',
      'request.unsupported_media_type',
      'operation.not_found',
      'runtime.unreachable',
    ),
  },
});

const cancel = createRoute({
  ...common,
  ...requires('runtimes:connect'),
  operationId: 'operations-cancel',
  method: 'post',
  path: `${ONE}/cancel`,
  summary: 'Cancel an operation',
  description:
    'Aborts the current step, and ends a script that it runs in a page. Returns the operation when it has ended. An operation that had already ended does not change.',
  parameters: [IdempotencyKeyHeader],
  request: { params: OperationPath },
  responses: {
    200: json(OperationBody, 'The operation'),
    ...errors(...POST_ERRORS, 'operation.not_found', 'runtime.unreachable'),
  },
});

export function operationRoutes({ operations }: { operations: Operations }) {
  return createRouter()
    .openapi(execute, async (c) => {
      const { id: workspace } = c.req.valid('param');
      const { idempotencyKey: _, ...request } = c.req.valid('json');
      const scope = { id: c.var.newId, signal: c.req.raw.signal };
      const operation = await operations.execute(c.var.actor, { workspace, ...request }, scope);
      c.set('runtimeId', operation.runtimeId);
      c.set('targetId', operation.id);
      return c.json(toOperationBody(operation), isOver(operation) ? 200 : 202);
    })
    .openapi(get, async (c) => {
      const { id } = c.req.valid('param');
      return c.json(toOperationBody(await operations.get(c.var.actor, id)), 200);
    })
    .openapi(wait, async (c) => {
      const { id } = c.req.valid('param');
      const { timeoutMs } = c.req.valid('json');
      const { signal } = c.req.raw;
      const operation = await operations.wait(c.var.actor, id, timeoutMs, signal);
      return c.json({ operation: toOperationBody(operation) }, 200);
    })
    .openapi(cancel, async (c) => {
      const { id } = c.req.valid('param');
      const operation = await operations.cancel(c.var.actor, id, c.req.raw.signal);
      return c.json(toOperationBody(operation), 200);
    });
}

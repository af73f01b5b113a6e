import { createRoute, type z } from '@hono/zod-openapi';
import {
  getControl,
  requestControl,
  setControl,
  type RuntimeManager,
} from '../../runtime-manager/index.ts';
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
  ControlBody,
  RequestControlRequest,
  SetControlRequest,
  toControlBody,
} from '../schemas/control.ts';
import { RuntimePath } from '../schemas/runtime.ts';

const common = { tags: ['Control'] };
const PATH = '/v1/workspaces/{id}/runtimes/{alias}/control';
const CONTROL_ERRORS = [...RUNTIME_NOT_FOUND, 'runtime.not_active', 'runtime.unreachable'] as const;

const get = createRoute({
  ...common,
  ...requires('runtimes:read'),
  operationId: 'runtime-control-get',
  method: 'get',
  path: PATH,
  summary: 'See who drives a runtime',
  description:
    'Says whether a person or a program drives the browser now, and whether a person was asked to.',
  request: { params: RuntimePath },
  responses: { 200: json(ControlBody, 'Who drives'), ...errors(...CONTROL_ERRORS) },
});

const set = createRoute({
  ...common,
  ...requires('runtimes:connect'),
  operationId: 'runtime-control-set',
  method: 'post',
  path: PATH,
  summary: 'Give control to a person, or back to programs',
  description:
    'While a person drives, mouse, keyboard and touch of programs wait, whatever driver they use; after `clientsWaitSeconds` each such command fails with an error that says so. All other commands pass. Control goes back with `{ "holder": "agent" }`, after `idleSeconds` without input, and when the viewer that took it leaves. A runtime that a person drives counts as used. The events `runtime.control_taken` and `runtime.control_returned` tell of each change.',
  parameters: [IdempotencyKeyHeader],
  request: { params: RuntimePath, ...jsonBody(SetControlRequest) },
  responses: {
    200: json(ControlBody, 'Who drives now'),
    ...errors(...POST_ERRORS, ...CONTROL_ERRORS),
  },
});

const request = createRoute({
  ...common,
  ...requires('runtimes:connect'),
  operationId: 'runtime-control-request',
  method: 'post',
  path: `${PATH}/request`,
  summary: 'Ask for a person',
  description:
    'Viewers of the runtime are told, and the event `runtime.control_requested` is recorded; programs drive until a person takes control. Wait for `runtime.control_returned` to learn when the person is done. A client can ask over its own connection too, by the CDP command `Bctrl.requestHandoff`.',
  parameters: [IdempotencyKeyHeader],
  request: { params: RuntimePath, ...jsonBody(RequestControlRequest) },
  responses: {
    200: json(ControlBody, 'Who drives now'),
    ...errors(...POST_ERRORS, ...CONTROL_ERRORS),
  },
});

export function controlRoutes({ runtimes }: { runtimes: RuntimeManager }) {
  return createRouter()
    .openapi(get, async (c) => {
      const { id, alias } = c.req.valid('param');
      const runtime = await runtimes.get(c.var.actor, id, alias);
      const report = await runtimes.call(runtime, getControl, {}, c.req.raw.signal);
      return c.json(toControlBody(report), 200);
    })
    .openapi(set, async (c) => {
      const { id, alias } = c.req.valid('param');
      const runtime = await runtimes.get(c.var.actor, id, alias);
      const message = toMessage(c.req.valid('json'));
      const report = await runtimes.call(runtime, setControl, message, c.req.raw.signal);
      return c.json(toControlBody(report), 200);
    })
    .openapi(request, async (c) => {
      const { id, alias } = c.req.valid('param');
      const runtime = await runtimes.get(c.var.actor, id, alias);
      const message = c.req.valid('json');
      const report = await runtimes.call(runtime, requestControl, message, c.req.raw.signal);
      return c.json(toControlBody(report), 200);
    });
}

function toMessage(wanted: z.infer<typeof SetControlRequest>) {
  if (wanted.holder === 'agent') return wanted;
  const { holder, reason, idleSeconds, clientsWaitSeconds } = wanted;
  return { holder, reason, idleMs: idleSeconds * 1000, clientsWaitMs: clientsWaitSeconds * 1000 };
}

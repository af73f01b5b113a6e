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
  summary: 'Get who has control of a runtime',
  description:
    'Returns whether a person or programs have control of the browser, and whether a person has been asked to take it.',
  request: { params: RuntimePath },
  responses: { 200: json(ControlBody, 'Who has control'), ...errors(...CONTROL_ERRORS) },
});

const set = createRoute({
  ...common,
  ...requires('runtimes:connect'),
  operationId: 'runtime-control-set',
  method: 'post',
  path: PATH,
  summary: 'Give control to a person, or back to programs',
  description:
    'While a person has control, mouse, keyboard and touch commands of programs wait, whichever driver they use. After `clientsWaitSeconds`, such a command fails with an error that says so. All other commands are carried out. Control returns to programs with `{ "holder": "agent" }`, after `idleSeconds` without input, or when the viewer that took it leaves. A runtime that a person controls does not count as idle. Each change is recorded as an event, `runtime.control_taken` or `runtime.control_returned`.',
  parameters: [IdempotencyKeyHeader],
  request: { params: RuntimePath, ...jsonBody(SetControlRequest) },
  responses: {
    200: json(ControlBody, 'Who has control now'),
    ...errors(...POST_ERRORS, ...CONTROL_ERRORS),
  },
});

const request = createRoute({
  ...common,
  ...requires('runtimes:connect'),
  operationId: 'runtime-control-request',
  method: 'post',
  path: `${PATH}/request`,
  summary: 'Ask a person to take control',
  description:
    'Notifies the viewers of the runtime and records the event `runtime.control_requested`. Programs keep control until a person takes it. To find out when the person is done, wait for `runtime.control_returned`. A CDP client can also ask over its own connection, with the command `Bctrl.requestHandoff`.',
  parameters: [IdempotencyKeyHeader],
  request: { params: RuntimePath, ...jsonBody(RequestControlRequest) },
  responses: {
    200: json(ControlBody, 'Who has control now'),
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

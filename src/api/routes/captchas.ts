import { createRoute } from '@hono/zod-openapi';
import { solveCaptchas, type RuntimeManager } from '../../runtime-manager/index.ts';
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
import { SolveCaptchasRequest, SolvedCaptchas, toCaptchaBody } from '../schemas/captcha.ts';
import { RuntimePath } from '../schemas/runtime.ts';

const SOLVE_ERRORS = [
  ...RUNTIME_NOT_FOUND,
  'runtime.not_active',
  'runtime.unreachable',
  'captcha.not_found',
  'captcha.unsupported',
  'captcha.limit_reached',
  'captcha.site_key_unknown',
  'captcha.page_gone',
  'captcha.solver_refused',
  'captcha.no_balance',
  'captcha.unsolvable',
  'captcha.solver_failed',
  'captcha.solver_unavailable',
  'captcha.rejected',
  'captcha.timeout',
] as const;

const solve = createRoute({
  tags: ['Captchas'],
  ...requires('runtimes:write'),
  operationId: 'runtime-captchas-solve',
  method: 'post',
  path: '/v1/workspaces/{id}/runtimes/{alias}/captchas/solve',
  summary: 'Solve the captchas on the pages of a runtime',
  description:
    'Returns when every captcha has been solved or has failed. If none could be solved, the response is the error of the first, with all of them in `details.captchas`. This also works for runtimes without `solveCaptchas`. If there is no captcha, the service waits five seconds for one (or `timeoutMs`, if that is less), and then returns 404 `captcha.not_found`.',
  parameters: [IdempotencyKeyHeader],
  request: { params: RuntimePath, ...jsonBody(SolveCaptchasRequest) },
  responses: {
    200: json(SolvedCaptchas, 'The captchas, at least one of which has been solved'),
    ...errors(...POST_ERRORS, ...SOLVE_ERRORS),
  },
});

export function captchaRoutes({ runtimes }: { runtimes: RuntimeManager }) {
  return createRouter().openapi(solve, async (c) => {
    const { id, alias } = c.req.valid('param');
    const runtime = await runtimes.get(c.var.actor, id, alias);
    const request = c.req.valid('json');
    const solved = await runtimes.call(runtime, solveCaptchas, request, c.req.raw.signal);
    return c.json({ captchas: solved.map(toCaptchaBody) }, 200);
  });
}

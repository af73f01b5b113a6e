import { createRoute } from '@hono/zod-openapi';
import type { RuntimeManager } from '../../runtime-manager/index.ts';
import { bearer, errors, json, jsonBody } from '../openapi.ts';
import { createRouter } from '../router.ts';
import { SolveCaptchasRequest, SolvedCaptchas, toCaptchaBody } from '../schemas/captcha.ts';
import { RuntimePath } from '../schemas/runtime.ts';

const solve = createRoute({
  tags: ['Captchas'],
  security: bearer,
  operationId: 'runtime-captchas-solve',
  method: 'post',
  path: '/v1/workspaces/{id}/runtimes/{alias}/captchas/solve',
  summary: 'Solve the captchas that are on the pages of a runtime now',
  description:
    'Answers when all are solved, or have failed; when none could be solved, with the error of the first and all in `details.captchas`. Also for a runtime without `solveCaptchas`. Where there is none, it waits five seconds for one, and answers 404 `captcha.not_found`.',
  request: { params: RuntimePath, ...jsonBody(SolveCaptchasRequest) },
  responses: {
    200: json(SolvedCaptchas, 'The captchas, of which some are solved'),
    ...errors(404, 409, 410, 413, 415, 422, 429, 502, 503),
  },
});

export function captchaRoutes({ runtimes }: { runtimes: RuntimeManager }) {
  return createRouter().openapi(solve, async (c) => {
    const { id, alias } = c.req.valid('param');
    const { pageId, timeoutMs } = c.req.valid('json');
    const runtime = await runtimes.get(c.var.actor, id, alias);
    const request = { pageId, timeoutMs };
    const solved = await runtimes.captchas.solve(runtime, request, c.req.raw.signal);
    return c.json({ captchas: solved.map(toCaptchaBody) }, 200);
  });
}

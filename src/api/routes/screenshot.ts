import { createRoute, z } from '@hono/zod-openapi';
import { screenshotPath, type RuntimeManager } from '../../runtime-manager/index.ts';
import { createRouter } from '../http/api-env.ts';
import { INERT } from '../http/file-content.ts';
import { errors, requires, RUNTIME_NOT_FOUND } from '../http/openapi.ts';
import { RuntimePath } from '../schemas/runtime.ts';
import { ScreenshotQuery, toScreenshotRequest } from '../schemas/screenshot.ts';

const PICTURE = { schema: z.string().openapi({ format: 'binary' }) };

const screenshot = createRoute({
  tags: ['Runtimes'],
  ...requires('runtimes:connect'),
  operationId: 'runtime-screenshot',
  method: 'get',
  path: '/v1/workspaces/{id}/runtimes/{alias}/screenshot',
  summary: 'Take a screenshot of a page of a running runtime',
  description:
    'Returns an image of the page as it is now. A thumbnail (with `width`) shows what the page last drew, and takes only milliseconds. Neither the page nor its clients notice the screenshot, and it does not count as activity of the runtime. A page in the background is drawn without becoming visible to its scripts. While a dialog is open or scripts are busy, the image of a page in the foreground shows what it last drew, except as webp. Otherwise, the response is 409 `page.unavailable` with a `reason` in `details`: `no_answer` (the page did not respond within five seconds), `crashed`, or `busy` (there were too many requests for screenshots of the runtime at the same time).',
  request: { params: RuntimePath, query: ScreenshotQuery },
  responses: {
    200: {
      description: 'The image',
      content: { 'image/jpeg': PICTURE, 'image/png': PICTURE, 'image/webp': PICTURE },
    },
    ...errors(
      ...RUNTIME_NOT_FOUND,
      'runtime.not_active',
      'runtime.unreachable',
      'page.not_found',
      'page.unavailable',
    ),
  },
});

export function screenshotRoutes({ runtimes }: { runtimes: RuntimeManager }) {
  return createRouter().openapi(screenshot, async (c) => {
    const { id, alias } = c.req.valid('param');
    const request = toScreenshotRequest(c.req.valid('query'));
    const runtime = await runtimes.get(c.var.actor, id, alias);
    const { signal } = c.req.raw;
    const answer = await runtimes.access.ask(runtime, screenshotPath(request), signal);
    // Whole, so that one that breaks off is an error and no half picture.
    return c.body(await answer.arrayBuffer(), 200, {
      ...INERT,
      'content-type': `image/${request.format}`,
      'cache-control': 'no-store',
    });
  });
}

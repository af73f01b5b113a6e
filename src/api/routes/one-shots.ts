import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { OneShot, OneShots } from '../../runtime-manager/index.ts';
import { createRouter, type ApiEnv } from '../http/api-env.ts';
import { INERT } from '../http/file-content.ts';
import { BODY_ERRORS, errors, jsonBody, requires } from '../http/openapi.ts';
import { jsonOnly } from '../middleware/json-only.ts';
import { limitBody } from '../middleware/limit-body.ts';
import { noIdempotencyKey } from '../middleware/no-idempotency-key.ts';
import {
  contentRequest,
  pdfRequest,
  ScrapeBody,
  scrapeRequest,
  screenshotRequest,
  toContent,
  toPdf,
  toScrape,
  toScreenshot,
} from '../schemas/one-shot.ts';
import type { RequestCeilings } from '../schemas/runtime.ts';
import { WorkspacePath } from '../schemas/workspace.ts';
import { LAUNCH_ERRORS } from './runtimes.ts';

/** Pages as HTML have their pictures in them. */
const BODY_MAX_BYTES = 10_000_000;
const BINARY = { schema: z.string().openapi({ format: 'binary' }) };
const TEXT = { schema: z.string() };

const RUNTIME_ID = 'x-bctrl-runtime-id';
const PAGE_URL = 'x-bctrl-page-url';
const PAGE_STATUS = 'x-bctrl-page-status';

const HEADERS = {
  [RUNTIME_ID]: {
    description:
      'The id of the runtime that was used. Error responses have it too, if there was a runtime.',
    schema: { type: 'string', format: 'uuid' },
  },
  [PAGE_URL]: {
    description:
      'The URL of the page, after all redirects. Absent for `html`, and for URLs of more than 4,000 characters.',
    schema: { type: 'string' },
  },
  [PAGE_STATUS]: {
    description:
      'The HTTP status of the page. A page with an error status is treated like any other.',
    schema: { type: 'integer' },
  },
} as const;

const NOTES =
  'The request uses its own runtime, with the same capacity limits, quotas and egress rules as any other. The runtime ends with the request, but its record remains, with an alias that begins with `one-shot-`. If the page cannot be loaded, the response is 422 `page.load_failed`, with the `error` of Chromium in `details`. Dialogs of the page are dismissed. An `Idempotency-Key` is rejected, because responses are not kept.';

const common = { tags: ['One-shots'], ...requires('runtimes:write') };

const ERRORS = errors(
  ...BODY_ERRORS,
  ...LAUNCH_ERRORS,
  'runtime.not_active',
  'runtime.unreachable',
  'page.load_failed',
  'page.selector_not_found',
  'page.invalid_option',
  'page.too_large',
  'page.crashed',
  'page.timeout',
);

const PATHS = {
  screenshot: '/v1/workspaces/{id}/screenshot',
  pdf: '/v1/workspaces/{id}/pdf',
  content: '/v1/workspaces/{id}/content',
  scrape: '/v1/workspaces/{id}/scrape',
} as const;
export const ONE_SHOT_PATHS = Object.values(PATHS).map((path) => path.replace('{id}', ':id'));

const screenshotRoute = (ceilings: RequestCeilings) =>
  createRoute({
    ...common,
    method: 'post',
    operationId: 'one-shot-screenshot',
    path: PATHS.screenshot,
    summary: 'Take a screenshot of a page, given its URL or HTML',
    description: `Loads the page and returns an image of up to 64 million pixels. ${NOTES}`,
    request: { params: WorkspacePath, ...jsonBody(screenshotRequest(ceilings)) },
    responses: {
      200: {
        description: 'The image',
        headers: HEADERS,
        content: { 'image/png': BINARY, 'image/jpeg': BINARY, 'image/webp': BINARY },
      },
      ...ERRORS,
    },
  });

const pdfRoute = (ceilings: RequestCeilings) =>
  createRoute({
    ...common,
    method: 'post',
    operationId: 'one-shot-pdf',
    path: PATHS.pdf,
    summary: 'Print a page to PDF, given its URL or HTML',
    description: `Loads the page and returns the PDF. ${NOTES}`,
    request: { params: WorkspacePath, ...jsonBody(pdfRequest(ceilings)) },
    responses: {
      200: { description: 'The PDF', headers: HEADERS, content: { 'application/pdf': BINARY } },
      ...ERRORS,
    },
  });

const contentRoute = (ceilings: RequestCeilings) =>
  createRoute({
    ...common,
    method: 'post',
    operationId: 'one-shot-content',
    path: PATHS.content,
    summary: 'Get the HTML of a page after its scripts have run',
    description: `Loads the page and returns its HTML. ${NOTES}`,
    request: { params: WorkspacePath, ...jsonBody(contentRequest(ceilings)) },
    responses: {
      200: { description: 'The HTML', headers: HEADERS, content: { 'text/html': TEXT } },
      ...ERRORS,
    },
  });

const scrapeRoute = (ceilings: RequestCeilings) =>
  createRoute({
    ...common,
    method: 'post',
    operationId: 'one-shot-scrape',
    path: PATHS.scrape,
    summary: 'Read the text, HTML and attributes of elements of a page',
    description: `Loads the page and returns the elements that match your selectors. Values of more than 100,000 characters are cut off, and marked with \`isTruncated\`. If there are more than 2.5 million characters in total, the response is 422 \`page.too_large\`. ${NOTES}`,
    request: { params: WorkspacePath, ...jsonBody(scrapeRequest(ceilings)) },
    responses: {
      200: {
        description: 'The elements that were found',
        headers: HEADERS,
        content: { 'application/json': { schema: ScrapeBody } },
      },
      ...ERRORS,
    },
  });

export interface OneShotRouteParts {
  oneShots: OneShots;
  ceilings: RequestCeilings;
}

export function oneShotRoutes({ oneShots, ceilings }: OneShotRouteParts) {
  const router = createRouter();
  for (const path of ONE_SHOT_PATHS) {
    router.post(path, limitBody(BODY_MAX_BYTES), jsonOnly, noIdempotencyKey);
  }
  const carryOut = oneShotAnswers(oneShots);
  return router
    .openapi(screenshotRoute(ceilings), async (c) => {
      const { id } = c.req.valid('param');
      const { content, headers } = await carryOut(c, id, toScreenshot(c.req.valid('json')));
      return c.body(content, 200, headers);
    })
    .openapi(pdfRoute(ceilings), async (c) => {
      const { id } = c.req.valid('param');
      const { content, headers } = await carryOut(c, id, toPdf(c.req.valid('json')));
      return c.body(content, 200, headers);
    })
    .openapi(contentRoute(ceilings), async (c) => {
      const { id } = c.req.valid('param');
      const { content, headers } = await carryOut(c, id, toContent(c.req.valid('json')));
      return c.body(content, 200, headers);
    })
    .openapi(scrapeRoute(ceilings), async (c) => {
      const { id } = c.req.valid('param');
      const { content, headers } = await carryOut(c, id, toScrape(c.req.valid('json')));
      return c.json(ScrapeBody.parse(JSON.parse(Buffer.from(content).toString())), 200, headers);
    });
}

/** Carries one-shots out, and says in headers what is known of runtime and page. */
function oneShotAnswers(oneShots: OneShots) {
  return async (c: Context<ApiEnv>, workspace: string, oneShot: OneShot) => {
    const { actor, arrivedAt } = c.var;
    const onRuntime = ({ id }: { id: string }) => {
      c.set('runtimeId', id);
      c.header(RUNTIME_ID, id);
    };
    const scope = { arrivedAt, signal: c.req.raw.signal, onRuntime };
    const made = await oneShots.carryOut(actor, workspace, oneShot, scope);
    const headers = {
      ...INERT,
      'content-type': made.type,
      'cache-control': 'no-store',
      ...(made.url !== undefined && { [PAGE_URL]: made.url }),
      ...(made.status !== undefined && { [PAGE_STATUS]: made.status }),
    };
    return { content: made.content, headers };
  };
}

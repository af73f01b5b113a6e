import { createRoute, z } from '@hono/zod-openapi';
import type { Extensions } from '../../runtime-manager/index.ts';
import {
  BODY_ERRORS,
  errors,
  IdempotencyKeyHeader,
  json,
  jsonBody,
  POST_ERRORS,
  requires,
} from '../http/openapi.ts';
import { createRouter } from '../http/api-env.ts';
import {
  ExtensionBody,
  ExtensionChange,
  ExtensionImport,
  ExtensionList,
  ExtensionPath,
  toExtensionBody,
} from '../schemas/browser-extension.ts';
import { paging } from '../schemas/paging.ts';

const common = { tags: ['Browser extensions'] };
const PATH = '/v1/browser-extensions';

const importPackage = createRoute({
  ...common,
  ...requires('extensions:write'),
  operationId: 'browser-extensions-import',
  method: 'post',
  path: `${PATH}/import`,
  summary: 'Import a browser extension from a URL',
  description:
    'Downloads the package, tests it in a browser, and stores and returns the extension if it works. A broken package is rejected with 400 `extension.invalid_package`, and a URL that returns no package with 502 `extension.download_failed`.',
  parameters: [IdempotencyKeyHeader],
  request: jsonBody(ExtensionImport),
  responses: {
    200: json(ExtensionBody, 'The extension'),
    ...errors(
      ...POST_ERRORS,
      'extension.invalid_package',
      'extension.url_not_allowed',
      'extension.download_failed',
      'runtime.launch_failed',
    ),
  },
});

const list = createRoute({
  ...common,
  ...requires('extensions:read'),
  operationId: 'browser-extensions-list',
  method: 'get',
  path: PATH,
  summary: 'List browser extensions, newest first',
  description: 'Returns up to `limit` extensions. `nextCursor` is present if there are more.',
  request: { query: z.strictObject(paging) },
  responses: { 200: json(ExtensionList, 'A page of extensions'), ...errors() },
});

const get = createRoute({
  ...common,
  ...requires('extensions:read'),
  operationId: 'browser-extensions-get',
  method: 'get',
  path: `${PATH}/{extensionId}`,
  summary: 'Get a browser extension',
  description: 'Returns the extension, with what Chromium reported when the service tested it.',
  request: { params: ExtensionPath },
  responses: { 200: json(ExtensionBody, 'The extension'), ...errors('extension.not_found') },
});

const update = createRoute({
  ...common,
  ...requires('extensions:write'),
  operationId: 'browser-extensions-update',
  method: 'patch',
  path: `${PATH}/{extensionId}`,
  summary: 'Rename a browser extension',
  description:
    'Changes the name and returns the extension. Nothing else can be changed: add another version as another extension.',
  request: { params: ExtensionPath, ...jsonBody(ExtensionChange) },
  responses: {
    200: json(ExtensionBody, 'The extension'),
    ...errors(...BODY_ERRORS, 'extension.not_found'),
  },
});

const remove = createRoute({
  ...common,
  ...requires('extensions:write'),
  operationId: 'browser-extensions-delete',
  method: 'delete',
  path: `${PATH}/{extensionId}`,
  summary: 'Delete a browser extension',
  description:
    'Deletes and returns the extension. If a profile or an active runtime uses it, the request is rejected with 409 `extension.in_use`.',
  request: { params: ExtensionPath },
  responses: {
    200: json(ExtensionBody, 'The deleted extension'),
    ...errors('extension.not_found', 'extension.in_use'),
  },
});

export function browserExtensionRoutes({ extensions }: { extensions: Extensions }) {
  return createRouter()
    .openapi(importPackage, async (c) => {
      const imported = await extensions.import(c.var.actor, c.req.valid('json'));
      c.set('targetId', imported.id);
      return c.json(toExtensionBody(imported), 200);
    })
    .openapi(list, async (c) => {
      const { cursor, limit } = c.req.valid('query');
      const { items, nextCursor } = await extensions.list(c.var.actor, { cursor, limit });
      return c.json({ extensions: items.map(toExtensionBody), nextCursor }, 200);
    })
    .openapi(get, async (c) => {
      const { extensionId } = c.req.valid('param');
      return c.json(toExtensionBody(await extensions.get(c.var.actor, extensionId)), 200);
    })
    .openapi(update, async (c) => {
      const { extensionId } = c.req.valid('param');
      const { name } = c.req.valid('json');
      return c.json(toExtensionBody(await extensions.rename(c.var.actor, extensionId, name)), 200);
    })
    .openapi(remove, async (c) => {
      const { extensionId } = c.req.valid('param');
      return c.json(toExtensionBody(await extensions.delete(c.var.actor, extensionId)), 200);
    });
}

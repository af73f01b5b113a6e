import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createRoute, z } from '@hono/zod-openapi';
import {
  downloadPackage,
  type EgressPolicy,
  type Extensions,
} from '../../runtime-manager/index.ts';
import {
  BODY_ERRORS,
  errors,
  IdempotencyKeyHeader,
  json,
  jsonBody,
  POST_ERRORS,
  requires,
} from '../http/openapi.ts';
import { createRouter } from '../http/router.ts';
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
  summary: 'Download an extension and take it, if it can work',
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
  summary: 'Delete a browser extension that no profile and no active runtime uses',
  request: { params: ExtensionPath },
  responses: {
    200: json(ExtensionBody, 'The extension as it was'),
    ...errors('extension.not_found', 'extension.in_use'),
  },
});

export interface ExtensionRouteParts {
  extensions: Extensions;
  egressPolicy: EgressPolicy;
  /** Where packages lie until they are taken. */
  uploadDir: string;
  extensionMaxBytes: number;
}

export function browserExtensionRoutes(parts: ExtensionRouteParts) {
  const { extensions, egressPolicy: policy, uploadDir, extensionMaxBytes: maxBytes } = parts;
  return createRouter()
    .openapi(importPackage, async (c) => {
      const { url, name } = c.req.valid('json');
      const file = join(uploadDir, randomUUID());
      await mkdir(uploadDir, { recursive: true });
      try {
        await downloadPackage(url, file, { policy, maxBytes });
        const added = await extensions.add(c.var.actor.organizationId, file, name);
        return c.json(toExtensionBody(added), 200);
      } finally {
        await rm(file, { force: true });
      }
    })
    .openapi(list, async (c) => {
      const { cursor, limit } = c.req.valid('query');
      const { organizationId } = c.var.actor;
      const { items, nextCursor } = await extensions.list(organizationId, { cursor, limit });
      return c.json({ extensions: items.map(toExtensionBody), nextCursor }, 200);
    })
    .openapi(get, async (c) => {
      const { extensionId } = c.req.valid('param');
      const found = await extensions.get(c.var.actor.organizationId, extensionId);
      return c.json(toExtensionBody(found), 200);
    })
    .openapi(update, async (c) => {
      const { extensionId } = c.req.valid('param');
      const { name } = c.req.valid('json');
      const renamed = await extensions.rename(c.var.actor.organizationId, extensionId, name);
      return c.json(toExtensionBody(renamed), 200);
    })
    .openapi(remove, async (c) => {
      const { extensionId } = c.req.valid('param');
      const removed = await extensions.remove(c.var.actor.organizationId, extensionId);
      return c.json(toExtensionBody(removed), 200);
    });
}

import { createRoute, z } from '@hono/zod-openapi';
import type { Files, RuntimeFiles } from '../../runtime-manager/index.ts';
import { assertContent } from '../../runtime-manager/runtime/index.ts';
import { createRouter } from '../http/api-env.ts';
import { answerContent } from '../http/file-content.ts';
import { errors, json, requires, RUNTIME_NOT_FOUND } from '../http/openapi.ts';
import { paging } from '../schemas/paging.ts';
import { RuntimePath } from '../schemas/runtime.ts';
import {
  RuntimeFileBody,
  RuntimeFileList,
  RuntimeFilePath,
  toRuntimeFileBody,
} from '../schemas/runtime-file.ts';
import { CONTENT_ERRORS, CONTENT_RESPONSES } from './file-content.ts';

const PATH = '/v1/workspaces/{id}/runtimes/{alias}/files';
const common = { tags: ['Files of runtimes'] };
const NOT_FOUND = [...RUNTIME_NOT_FOUND, 'file.not_found'] as const;

const list = createRoute({
  ...common,
  ...requires('files:read'),
  operationId: 'runtime-files-list',
  method: 'get',
  path: PATH,
  summary: 'List the files of a runtime, newest first',
  description:
    "Returns everything that the browser downloads, from the moment a download begins, no matter who started it. A complete download is stored in the namespace that the workspace mounts, in a folder named after the runtime's alias. If the workspace mounts no namespace, the file is kept with the runtime until the record of the runtime is deleted.",
  request: { params: RuntimePath, query: z.strictObject(paging) },
  responses: { 200: json(RuntimeFileList, 'A page of files'), ...errors(...RUNTIME_NOT_FOUND) },
});

const get = createRoute({
  ...common,
  ...requires('files:read'),
  operationId: 'runtime-files-get',
  method: 'get',
  path: `${PATH}/{fileId}`,
  summary: 'Get a file of a runtime',
  description:
    'Returns the details of the file. While it is arriving, `progress` shows how much has arrived.',
  request: { params: RuntimeFilePath },
  responses: { 200: json(RuntimeFileBody, 'The file'), ...errors(...NOT_FOUND) },
});

const content = createRoute({
  ...common,
  ...requires('files:read'),
  operationId: 'runtime-files-content',
  method: 'get',
  path: `${PATH}/{fileId}/content`,
  summary: 'Download the content of a file of a runtime',
  description:
    'Works in the same way as for files in namespaces, even after the runtime has ended.',
  request: { params: RuntimeFilePath },
  responses: { ...CONTENT_RESPONSES, ...errors(...RUNTIME_NOT_FOUND, ...CONTENT_ERRORS) },
});

const remove = createRoute({
  ...common,
  ...requires('files:write'),
  operationId: 'runtime-files-delete',
  method: 'delete',
  path: `${PATH}/{fileId}`,
  summary: 'Delete a file of a runtime',
  description:
    'Deletes and returns the file, even if it is in a namespace. While it is still arriving, the request is rejected with 409 `file.no_content`.',
  request: { params: RuntimeFilePath },
  responses: {
    200: json(RuntimeFileBody, 'The deleted file'),
    ...errors(...NOT_FOUND, 'file.no_content'),
  },
});

export interface RuntimeFileParts {
  files: Files;
  runtimeFiles: RuntimeFiles;
}

export function runtimeFileRoutes({ files, runtimeFiles }: RuntimeFileParts) {
  const router = createRouter();
  const { middleware, ...documented } = content;
  router.openAPIRegistry.registerPath(documented);
  // Its answers are streams and headers, which a declared answer does not describe.
  router.get(content.getRoutingPath(), middleware, async (c) => {
    const { id: workspace, alias: ref, fileId } = RuntimeFilePath.parse(c.req.param());
    const file = await runtimeFiles.get(c.var.actor, { workspace, ref }, fileId);
    assertContent(file);
    return answerContent(c, file, (range) => files.open(file, range));
  });
  return router
    .openapi(list, async (c) => {
      const { id: workspace, alias: ref } = c.req.valid('param');
      const { cursor, limit } = c.req.valid('query');
      const page = await runtimeFiles.list(c.var.actor, { workspace, ref }, { cursor, limit });
      const listed = page.items.map((file) => toRuntimeFileBody(file, page.progress));
      return c.json({ files: listed, nextCursor: page.nextCursor }, 200);
    })
    .openapi(get, async (c) => {
      const { id: workspace, alias: ref, fileId } = c.req.valid('param');
      const file = await runtimeFiles.get(c.var.actor, { workspace, ref }, fileId);
      return c.json(toRuntimeFileBody(file), 200);
    })
    .openapi(remove, async (c) => {
      const { id: workspace, alias: ref, fileId } = c.req.valid('param');
      const file = await runtimeFiles.delete(c.var.actor, { workspace, ref }, fileId);
      return c.json(toRuntimeFileBody(file), 200);
    });
}

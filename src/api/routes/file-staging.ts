import { createRoute, type RouteConfig } from '@hono/zod-openapi';
import type { ReceiveNamed, RuntimeFiles } from '../../runtime-manager/index.ts';
import { assertScope } from '../../runtime-manager/runtime/index.ts';
import { createRouter } from '../http/api-env.ts';
import { invalidField, readForm } from '../http/form-upload.ts';
import {
  errors,
  IdempotencyKeyHeader,
  json,
  jsonBody,
  POST_ERRORS,
  requires,
  RUNTIME_NOT_FOUND,
} from '../http/openapi.ts';
import { RuntimePath } from '../schemas/runtime.ts';
import { StagedFileBody, StageStoredFile, StageUploadedFile } from '../schemas/runtime-file.ts';

const PATH = '/v1/workspaces/{id}/runtimes/{alias}/files';
const ROUTE = '/v1/workspaces/:id/runtimes/:alias/files';
const UNNAMED = 'file';

const { middleware, ...secured } = requires('runtimes:write', 'files:read');

const stage = {
  tags: ['Files of runtimes'],
  ...secured,
  operationId: 'runtime-files-stage',
  method: 'post',
  path: PATH,
  summary: 'Make a file available to the pages of a runtime',
  description:
    'Send JSON to name a stored file, or a form with new content in the field `file`. Returns the `path` to give to a file input, with any driver: `uploadFile(path)` in Puppeteer, `sendKeys(path)` in Selenium, `DOM.setFileInputFiles` in CDP. The file is available until the runtime ends. All files of a runtime must fit on its disk: otherwise, the response is 413 `file.too_large`. A form needs only the scope `runtimes:write`, and its `Idempotency-Key` has no effect.',
  parameters: [IdempotencyKeyHeader],
  request: {
    params: RuntimePath,
    body: {
      required: true,
      content: {
        'application/json': { schema: StageStoredFile },
        'multipart/form-data': { schema: StageUploadedFile },
      },
    },
  },
  responses: {
    200: json(StagedFileBody, 'Where the browser finds the file'),
    ...errors(
      ...POST_ERRORS,
      ...RUNTIME_NOT_FOUND,
      'runtime.not_active',
      'runtime.unreachable',
      'storage.namespace_not_found',
      'storage.object_missing',
      'file.not_found',
      'file.no_content',
      'file.too_large',
    ),
  },
} as const satisfies RouteConfig;

/** One operation takes both kinds of bodies, and each kind has a handler. */
const stageStored = createRoute({
  ...stage,
  middleware,
  hide: true,
  request: { params: RuntimePath, ...jsonBody(StageStoredFile) },
});

/** Takes forms, which may be of any size; JSON is for `stagingRoutes`. */
export function formStagingRoutes({ runtimeFiles }: { runtimeFiles: RuntimeFiles }) {
  const router = createRouter();
  router.openAPIRegistry.registerPath(stage);
  router.post(ROUTE, async (c, next) => {
    const isForm = c.req.header('content-type')?.startsWith('multipart/form-data');
    if (!isForm) return next();
    assertScope(c.var.actor, 'runtimes:write');
    const { id: workspace, alias: ref } = RuntimePath.parse(c.req.param());
    const receive: ReceiveNamed = async (store) => {
      const { fields, file } = await readForm(c, store);
      const [unknown] = Object.keys(fields);
      if (unknown !== undefined) throw invalidField(unknown, 'No such field');
      return file.name ?? UNNAMED;
    };
    const { signal } = c.req.raw;
    const staged = await runtimeFiles.stage(c.var.actor, { workspace, ref }, receive, signal);
    return c.json(staged, 200);
  });
  return router;
}

/** A file that is stored already. */
export function stagingRoutes({ runtimeFiles }: { runtimeFiles: RuntimeFiles }) {
  return createRouter().openapi(stageStored, async (c) => {
    const { id: workspace, alias: ref } = c.req.valid('param');
    const source = c.req.valid('json');
    const { signal } = c.req.raw;
    const staged = await runtimeFiles.stageStored(c.var.actor, { workspace, ref }, source, signal);
    return c.json(staged, 200);
  });
}

import { createRoute, z } from '@hono/zod-openapi';
import type { Files } from '../../runtime-manager/index.ts';
import type { StorageNamespace } from '../../runtime-manager/runtime/index.ts';
import { createRouter } from '../http/api-env.ts';
import { asBody } from '../http/body-stream.ts';
import { attachment } from '../http/content-disposition.ts';
import { answerContent, INERT } from '../http/file-content.ts';
import { errors, requires } from '../http/openapi.ts';
import { ZIP_TYPE } from '../http/zip-upload.ts';
import { FilePath, ZipQuery } from '../schemas/file.ts';
import { NamespacePath } from '../schemas/storage.ts';

const common = { tags: ['Storage'] };
const PATH = '/v1/storage/{namespace}';
const BINARY = z.string().openapi({ format: 'binary' });

const header = (description: string, example: string) => ({
  description,
  schema: { type: 'string', example } as const,
});
const HEADERS = {
  ETag: header('The SHA-256 of the content, in quotes.', '"e3b0c44298fc1c149afbf4c8996fb924…"'),
  'Accept-Ranges': header('Always `bytes`.', 'bytes'),
  'Content-Disposition': header(
    'Always `attachment`, with the name of the file.',
    'attachment; filename="a_.txt"; filename*=UTF-8\'\'a%C3%A4.txt',
  ),
};

/** How content is answered. */
export const CONTENT_RESPONSES = {
  200: {
    description: 'The content',
    headers: HEADERS,
    content: { '*/*': { schema: BINARY, example: 'Hello!\n' } },
  },
  206: {
    description: 'The requested part of the content',
    headers: {
      ...HEADERS,
      'Content-Range': header('Which bytes the response contains.', 'bytes 0-499/1234'),
    },
    content: { '*/*': { schema: BINARY, example: 'Hell' } },
  },
  304: { description: 'The content has not changed' },
} as const;
/** The errors of content. */
export const CONTENT_ERRORS = [
  'file.not_found',
  'file.no_content',
  'request.range_not_satisfiable',
  'storage.object_missing',
] as const;

const content = createRoute({
  ...common,
  ...requires('files:read'),
  operationId: 'files-content',
  method: 'get',
  path: `${PATH}/files/{fileId}/content`,
  summary: 'Download the content of a file',
  description:
    'Returns the content. To resume an interrupted download, send `Range` with one range, and `If-Range`; a request for several ranges gets the whole content. `If-None-Match` with the `ETag` of an earlier response returns 304 while the content is the same. Browsers save the content and never display it.',
  request: { params: FilePath },
  responses: {
    ...CONTENT_RESPONSES,
    ...errors('storage.namespace_not_found', ...CONTENT_ERRORS),
  },
});

const zip = createRoute({
  ...common,
  ...requires('files:read'),
  operationId: 'files-zip',
  method: 'get',
  path: `${PATH}/zip`,
  summary: 'Download files as a zip',
  description:
    'Returns all files whose paths begin with `prefix`, with names relative to the folder in which the prefix ends. The zip is created while it is sent: files that are stored or deleted meanwhile may or may not be in it. If no path begins with `prefix`, the response is 404 `file.not_found`.',
  request: { params: NamespacePath, query: ZipQuery },
  responses: {
    200: {
      description: 'The zip',
      headers: {
        'Content-Disposition': header(
          'Always `attachment`, with the name of the folder or of the namespace.',
          'attachment; filename="shared.zip"; filename*=UTF-8\'\'shared.zip',
        ),
      },
      content: { [ZIP_TYPE]: { schema: BINARY } },
    },
    ...errors('storage.namespace_not_found', 'file.not_found'),
  },
});

/** The content of files, on its way out. */
export function fileContentRoutes({ files }: { files: Files }) {
  const router = createRouter();
  const { middleware, ...documented } = content;
  router.openAPIRegistry.registerPath(documented);
  // Its answers are streams and headers, which a declared answer does not describe.
  router.get(content.getRoutingPath(), middleware, async (c) => {
    const { namespace, fileId } = FilePath.parse(c.req.param());
    const file = await files.get(c.var.actor, namespace, fileId);
    return answerContent(c, file, (range) => files.open(file, range));
  });
  return router.openapi(zip, async (c) => {
    const { prefix } = c.req.valid('query');
    const { namespace, open } = await files.zip(
      c.var.actor,
      c.req.valid('param').namespace,
      prefix,
    );
    const headers = {
      ...INERT,
      'content-type': ZIP_TYPE,
      'cache-control': 'private, no-store',
      'content-disposition': attachment(`${zipName(namespace, prefix)}.zip`),
    };
    // Nobody would read the zip, nor cancel it.
    if (c.req.method === 'HEAD') return c.body(null, 200, headers);
    return c.body(asBody(c, open()), 200, headers);
  });
}

/** The folder in which the prefix ends, else the namespace. */
function zipName({ name }: StorageNamespace, prefix: string): string {
  return prefix.split('/').at(-2) ?? name;
}

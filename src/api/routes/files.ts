import { createRoute } from '@hono/zod-openapi';
import type { Files } from '../../runtime-manager/index.ts';
import { createRouter } from '../http/api-env.ts';
import { BODY_ERRORS, errors, json, jsonBody, requires } from '../http/openapi.ts';
import {
  FileBody,
  FileList,
  FilePath,
  ListFilesQuery,
  MoveFileRequest,
  toFileBody,
} from '../schemas/file.ts';
import { fileCursorOf, parseFileCursor } from '../schemas/file-cursor.ts';
import { NamespacePath } from '../schemas/storage.ts';

const common = { tags: ['Storage'] };
const PATH = '/v1/storage/{namespace}/files';
const NOT_FOUND = ['storage.namespace_not_found', 'file.not_found'] as const;

const list = createRoute({
  ...common,
  ...requires('files:read'),
  operationId: 'files-list',
  method: 'get',
  path: PATH,
  summary: 'List files, in the order of their paths',
  description:
    'Returns the files whose paths begin with `prefix`, ordered by the bytes of their paths. With `folders=true`, it returns the direct contents of one folder: `prefix` must then be empty or end in a slash. The subfolders are in the same order, each as a prefix that you can list next.',
  request: { params: NamespacePath, query: ListFilesQuery },
  responses: {
    200: json(FileList, 'A page of files'),
    ...errors('storage.namespace_not_found'),
  },
});

const get = createRoute({
  ...common,
  ...requires('files:read'),
  operationId: 'files-get',
  method: 'get',
  path: `${PATH}/{fileId}`,
  summary: 'Get the details of a file',
  description:
    'Returns the path, size, type and checksum of the file. To get its content, add `/content` to the path.',
  request: { params: FilePath },
  responses: { 200: json(FileBody, 'The file'), ...errors(...NOT_FOUND) },
});

const move = createRoute({
  ...common,
  ...requires('files:write'),
  operationId: 'files-move',
  method: 'patch',
  path: `${PATH}/{fileId}`,
  summary: 'Move a file to another path or namespace',
  description:
    'Changes the given fields and returns the file, which keeps its id and content. If another file has the path, the request is rejected with 409 `file.path_in_use`.',
  request: { params: FilePath, ...jsonBody(MoveFileRequest) },
  responses: {
    200: json(FileBody, 'The file'),
    ...errors(...BODY_ERRORS, ...NOT_FOUND, 'file.path_in_use'),
  },
});

const remove = createRoute({
  ...common,
  ...requires('files:write'),
  operationId: 'files-delete',
  method: 'delete',
  path: `${PATH}/{fileId}`,
  summary: 'Delete a file',
  description:
    'Deletes and returns the file. Its size counts as used storage until its content is removed shortly afterwards.',
  request: { params: FilePath },
  responses: { 200: json(FileBody, 'The deleted file'), ...errors(...NOT_FOUND) },
});

/** What is known of files; their content comes in and out by other routes. */
export function fileRoutes({ files }: { files: Files }) {
  return createRouter()
    .openapi(list, async (c) => {
      const { namespace } = c.req.valid('param');
      const { prefix, folders, cursor, limit } = c.req.valid('query');
      const after = cursor === undefined ? undefined : parseFileCursor(cursor);
      const range = { prefix, after, limit: limit + 1 };
      const entries =
        folders === 'true'
          ? await files.listFolder(c.var.actor, namespace, range)
          : (await files.list(c.var.actor, namespace, range)).map((file) => ({ file }));
      const shown = entries.slice(0, limit);
      const last = entries.length > limit ? shown.at(-1) : undefined;
      return c.json(
        {
          files: shown.flatMap((entry) => ('file' in entry ? toFileBody(entry.file) : [])),
          ...(folders === 'true' && {
            folders: shown.flatMap((entry) => ('folder' in entry ? entry.folder : [])),
          }),
          nextCursor: last && fileCursorOf('file' in last ? last.file.path : last.folder),
        },
        200,
      );
    })
    .openapi(get, async (c) => {
      const { namespace, fileId } = c.req.valid('param');
      return c.json(toFileBody(await files.get(c.var.actor, namespace, fileId)), 200);
    })
    .openapi(move, async (c) => {
      const { namespace: ref, fileId: id } = c.req.valid('param');
      const to = c.req.valid('json');
      return c.json(toFileBody(await files.move(c.var.actor, { ref, id }, to)), 200);
    })
    .openapi(remove, async (c) => {
      const { namespace, fileId } = c.req.valid('param');
      return c.json(toFileBody(await files.delete(c.var.actor, namespace, fileId)), 200);
    });
}

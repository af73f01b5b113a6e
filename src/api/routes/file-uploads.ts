import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { mediaTypeOf, type Files } from '../../runtime-manager/index.ts';
import { isMediaType, safeFileName, UNKNOWN_TYPE } from '../../runtime-manager/runtime/index.ts';
import { createRouter, type ApiEnv } from '../http/api-env.ts';
import { arrivingBody } from '../http/arriving-body.ts';
import { ApiError } from '../http/errors.ts';
import {
  FORM_MAX_BYTES,
  invalidField,
  readForm,
  type FormFields,
  type FormFile,
} from '../http/form-upload.ts';
import { errors, json, requires } from '../http/openapi.ts';
import { toIssues } from '../http/request-issues.ts';
import {
  FileBody,
  PutFileQuery,
  toFileBody,
  UploadFields,
  UploadFileRequest,
} from '../schemas/file.ts';
import { NamespacePath } from '../schemas/storage.ts';

const common = { tags: ['Storage'] };
const PATH = '/v1/storage/{namespace}/files';
const ROUTE = '/v1/storage/:namespace/files';
const UPLOAD_ERRORS = [
  'storage.namespace_not_found',
  'file.path_in_use',
  'file.too_large',
  'storage.quota_exceeded',
] as const;

const put = createRoute({
  ...common,
  ...requires('files:write'),
  operationId: 'files-put',
  method: 'put',
  path: PATH,
  summary: 'Store a file at a path',
  description:
    'Stores the body, of any type and length, as it arrives, and returns the file. The content type is that of the header `Content-Type`, or else it follows from the extension of the path. A file with the same path is replaced, once the new content is complete; with `overwrite=false`, the request is rejected instead, with 409 `file.path_in_use`. If the body is interrupted, nothing is stored.',
  request: {
    params: NamespacePath,
    query: PutFileQuery,
    body: {
      required: true,
      content: { '*/*': { schema: { type: 'string', format: 'binary' }, example: 'Hello!\n' } },
    },
  },
  responses: { 200: json(FileBody, 'The file'), ...errors(...UPLOAD_ERRORS) },
});

/** Apart from the other routes, because a validated form would be held in memory. */
export function fileUploadRoutes({ files }: { files: Files }) {
  const router = createRouter();
  const { middleware, ...secured } = requires('files:write');
  router.openAPIRegistry.registerPath({
    ...common,
    ...secured,
    operationId: 'files-upload',
    method: 'post',
    path: PATH,
    summary: 'Upload a file with a form',
    description:
      'For forms as browsers and `curl -F` send them: the content is in the field `file`, and `path` and `overwrite` come before or after it. Returns the file. The content type is the one in the form, or else it follows from the extension of the path. If another file has the path, the request is rejected with 409 `file.path_in_use`, unless `overwrite=true`.',
    request: {
      params: NamespacePath,
      body: {
        required: true,
        content: { 'multipart/form-data': { schema: UploadFileRequest } },
      },
    },
    responses: {
      200: json(FileBody, 'The file'),
      ...errors('request.unsupported_media_type', ...UPLOAD_ERRORS),
    },
  });
  router.post(ROUTE, middleware, async (c) => {
    const announced = { sizeBytes: Math.max(0, lengthOf(c) - FORM_MAX_BYTES) };
    const namespace = c.req.param('namespace');
    const uploaded = await files.receive(c.var.actor, namespace, announced, async (store) => {
      const { fields, file } = await readForm(c, store);
      return toRequest(fields, file);
    });
    c.set('targetId', uploaded.id);
    return c.json(toFileBody(uploaded), 200);
  });
  return router.openapi(put, async (c) => {
    const { namespace } = c.req.valid('param');
    const { path, overwrite } = c.req.valid('query');
    const request = {
      path,
      contentType: typeOf(c.req.header('content-type')) ?? mediaTypeOf(path),
      isReplacing: overwrite === 'true',
      sizeBytes: lengthOf(c),
    };
    const content = arrivingBody(c.env.incoming);
    const stored = await files.upload(c.var.actor, namespace, request, content);
    c.set('targetId', stored.id);
    return c.json(toFileBody(stored), 200);
  });
}

function toRequest(fields: FormFields, file: FormFile) {
  const parsed = UploadFields.safeParse(fields);
  if (!parsed.success) {
    const [issue] = parsed.error.issues.flatMap((one) => toIssues('body', one));
    throw invalidField(issue?.path ?? '', issue?.message ?? 'Not allowed');
  }
  const path = parsed.data.path ?? safeFileName(file.name ?? '');
  if (path === undefined) throw invalidField('path', 'Missing, and the file has no name');
  const isKnown = file.contentType !== UNKNOWN_TYPE && isMediaType(file.contentType);
  return {
    path,
    contentType: isKnown ? file.contentType : mediaTypeOf(path),
    isReplacing: parsed.data.overwrite === 'true',
  };
}

/** How long a body says that it is; 0: it does not say. */
function lengthOf(c: Context<ApiEnv>): number {
  return Number(c.req.header('content-length') ?? 0);
}

function typeOf(header: string | undefined): string | undefined {
  const type = header?.trim() ?? '';
  if (type === '') return undefined;
  if (isMediaType(type)) return type;
  const message = 'Must be a media type, such as text/plain';
  throw new ApiError('request.invalid', `content-type: ${message}`, {
    details: { issues: [{ in: 'header', path: 'content-type', message }] },
  });
}

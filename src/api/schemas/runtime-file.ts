import { z } from '@hono/zod-openapi';
import type { RuntimeFile, RuntimeFilePage, StagedFile } from '../../runtime-manager/index.ts';
import {
  FILE_FAILURE_CODES,
  FILE_FAILURES,
  FILE_SOURCES,
  FILE_STATES,
} from '../../runtime-manager/runtime/index.ts';
import { fileNameOf, PATH_EXAMPLE, StoredPath } from './file.ts';
import { nextCursor } from './paging.ts';
import { RuntimePath } from './runtime.ts';
import { EXAMPLE_ID } from './example-id.ts';

export const RuntimeFilePath = RuntimePath.extend({
  fileId: z.string().openapi({ description: "The file's id.", example: EXAMPLE_ID }),
});

export const RuntimeFileBody = z
  .object({
    id: z.uuid(),
    name: z.string().openapi({ example: 'report.pdf' }),
    path: z.string().openapi({
      description: 'The path in the namespace; only the name if the file is kept with the runtime.',
    }),
    namespace: z.string().optional().openapi({
      description:
        'Absent if the file is kept with the runtime. It is then deleted together with the record of the runtime.',
    }),
    source: z.enum(FILE_SOURCES),
    state: z.enum(FILE_STATES).openapi({
      description: 'Only a `stored` file has content, and its content is complete.',
    }),
    url: z.string().optional().openapi({
      description:
        'The URL that the file came from, without its query. For data from the page itself, such as `blob:` URLs, only the scheme.',
    }),
    contentType: z.string(),
    sizeBytes: z.int(),
    sha256: z.string().optional(),
    progress: z
      .object({
        receivedBytes: z.int(),
        totalBytes: z
          .int()
          .optional()
          .openapi({ description: 'Absent if the site does not state it.' }),
      })
      .optional()
      .openapi({ description: 'How much has arrived; present while the file is `arriving`.' }),
    failure: z
      .object({ code: z.enum(FILE_FAILURE_CODES), message: z.string() })
      .optional()
      .openapi({ description: 'Why the file is `failed`.' }),
    createdAt: z.iso.datetime(),
    storedAt: z.iso.datetime().optional(),
  })
  .openapi('RuntimeFile');

export const RuntimeFileList = z
  .object({ files: z.array(RuntimeFileBody), nextCursor })
  .openapi('RuntimeFileList');

export const StageStoredFile = z
  .union([
    z.strictObject({
      fileId: z.uuid().openapi({
        description: 'A file in a namespace, or a file of a runtime in the same workspace.',
      }),
    }),
    z.strictObject({ namespace: z.string(), path: StoredPath }),
  ])
  .openapi('StageStoredFile', { example: { namespace: 'shared', path: PATH_EXAMPLE } });

export const StageUploadedFile = z
  .strictObject({ file: z.string().openapi({ format: 'binary' }) })
  .openapi('StageUploadedFile');

export const StagedFileBody = z
  .object({
    path: z.string().openapi({
      description:
        'The path to pass to `setInputFiles`, `sendKeys` or `DOM.setFileInputFiles`, with any driver.',
      example: '/runtime/files/uploads/x7Kq2b/report.pdf',
    }),
    name: z.string(),
    sizeBytes: z.int(),
  })
  .openapi('StagedFile') satisfies z.ZodType<StagedFile>;

export function toRuntimeFileBody(
  file: RuntimeFile,
  progress: RuntimeFilePage['progress'] = {},
): z.infer<typeof RuntimeFileBody> {
  const { id, path, namespace, source, state, url, contentType, sizeBytes, sha256 } = file;
  const { failure, createdAt, storedAt } = file;
  const how = state === 'arriving' ? progress[id] : undefined;
  return {
    id,
    name: fileNameOf(file),
    path,
    ...(namespace !== undefined && { namespace }),
    source,
    state,
    ...(url !== undefined && { url }),
    contentType,
    sizeBytes,
    ...(sha256 !== undefined && { sha256 }),
    ...(how && { progress: how }),
    ...(failure && { failure: { code: failure, message: FILE_FAILURES[failure] } }),
    createdAt: createdAt.toISOString(),
    ...(storedAt && { storedAt: storedAt.toISOString() }),
  };
}

import { z } from '@hono/zod-openapi';
import {
  FILE_SOURCES,
  filePathProblem,
  filePrefixProblem,
  type SharedFile,
} from '../../runtime-manager/runtime/index.ts';
import { parseFileCursor } from './file-cursor.ts';
import { nextCursor, paging } from './paging.ts';
import { NamespacePath } from './storage.ts';
import { EXAMPLE_ID } from './example-id.ts';

export const PATH_EXAMPLE = 'reports/2026/march.pdf';

/** A text about which `problemOf` says, in a sentence, what is wrong. */
function textWithout(problemOf: (text: string) => string | undefined) {
  return z.string().superRefine((text, context) => {
    const message = problemOf(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
}

export const StoredPath = textWithout(filePathProblem).openapi({
  description:
    'Folders and a name, with slashes between: at most 1024 bytes of UTF-8, 255 each. A folder is there as long as a file is in it.',
  example: PATH_EXAMPLE,
});

const Prefix = textWithout(filePrefixProblem)
  .default('')
  .openapi({ description: 'What the paths begin with; empty for all.', example: 'reports/' });

const Flag = z.enum(['true', 'false']);

export const FilePath = NamespacePath.extend({
  fileId: z.string().openapi({ description: "The file's id.", example: EXAMPLE_ID }),
});

export const ListFilesQuery = z
  .strictObject({
    prefix: Prefix,
    folders: Flag.default('false').openapi({
      description:
        'Whether to list only what lies directly in the folder that `prefix` names, and the folders in it.',
    }),
    cursor: z
      .string()
      .refine((cursor) => parseFileCursor(cursor) !== undefined, 'Not a cursor of this list')
      .optional()
      .openapi({ description: 'The `nextCursor` of the previous page.' }),
    limit: paging.limit,
  })
  .superRefine(({ prefix, folders }, context) => {
    if (folders === 'false' || prefix === '' || prefix.endsWith('/')) return;
    const message = 'With folders=true a prefix is empty or ends in a slash';
    context.addIssue({ code: 'custom', path: ['prefix'], message });
  });

export const PutFileQuery = z.strictObject({
  path: StoredPath,
  overwrite: Flag.default('true').openapi({
    description: 'Whether the file may take the place of another one with its path.',
  }),
});

/** The fields of a form beside the file. */
export const UploadFields = z.strictObject({
  path: StoredPath.optional(),
  overwrite: Flag.default('false'),
});

export const UploadFileRequest = UploadFields.extend({
  file: z.string().openapi({ format: 'binary', description: 'The content.' }),
  path: StoredPath.optional().openapi({
    description: "By default the file's name, with underscores for what a name cannot have.",
    example: PATH_EXAMPLE,
  }),
  overwrite: Flag.default('false').openapi({
    description: 'Whether the file may take the place of another one with its path.',
  }),
}).openapi('UploadFileRequest');

export const MoveFileRequest = z
  .strictObject({
    path: StoredPath.optional(),
    namespace: z
      .string()
      .optional()
      .openapi({ description: 'The id or name of another namespace.', example: 'archive' }),
  })
  .openapi('MoveFileRequest', { example: { path: 'reports/2026/april.pdf' } });

export const ZipQuery = z.strictObject({ prefix: Prefix });

export const FileBody = z
  .object({
    id: z.uuid(),
    namespace: z.string().openapi({ description: "The namespace's name.", example: 'shared' }),
    path: z.string().openapi({ example: PATH_EXAMPLE }),
    name: z.string().openapi({ description: 'The last part of the path.', example: 'march.pdf' }),
    sizeBytes: z.int().openapi({ example: 48_213 }),
    contentType: z.string().openapi({ example: 'application/pdf' }),
    sha256: z.string().openapi({
      description: 'Of the content, in hexadecimal.',
      example: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    }),
    source: z.enum(FILE_SOURCES).openapi({ description: 'Where the content comes from.' }),
    runtimeId: z.uuid().optional().openapi({ description: 'The runtime that it came from.' }),
    createdAt: z.iso.datetime(),
  })
  // Not `File`, which browsers have: generated code would mean the one by the other.
  .openapi('StoredFile');

export const FileList = z
  .object({
    files: z.array(FileBody).openapi({ description: "In the order of their paths' bytes." }),
    folders: z
      .array(z.string())
      .optional()
      .openapi({
        description:
          'With `folders=true` the folders of this page, each as a prefix with its slash. One page has up to `limit` files and folders together.',
        example: ['reports/2025/', 'reports/2026/'],
      }),
    nextCursor,
  })
  .openapi('StoredFileList');

export function toFileBody(file: SharedFile): z.infer<typeof FileBody> {
  const { id, namespace, path, sizeBytes, contentType, sha256, source, runtimeId } = file;
  if (sha256 === undefined) throw new Error(`the file ${id} has no content`);
  return {
    id,
    namespace,
    path,
    name: fileNameOf(file),
    sizeBytes,
    contentType,
    sha256,
    source,
    runtimeId,
    createdAt: file.createdAt.toISOString(),
  };
}

/** The last part of a path. */
export function fileNameOf({ path }: { path: string }): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

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
    'Folders and a name, separated by slashes: at most 1024 bytes of UTF-8, and at most 255 for each part. A folder exists as long as it contains a file.',
  example: PATH_EXAMPLE,
});

const Prefix = textWithout(filePrefixProblem).default('').openapi({
  description: 'What the paths begin with; by default all files match.',
  example: 'reports/',
});

const Flag = z.enum(['true', 'false']);

export const FilePath = NamespacePath.extend({
  fileId: z.string().openapi({ description: "The file's id.", example: EXAMPLE_ID }),
});

export const ListFilesQuery = z
  .strictObject({
    prefix: Prefix,
    folders: Flag.default('false').openapi({
      description:
        'Whether to list only the direct contents of the folder that `prefix` names: its files and its subfolders.',
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
    const message = 'With folders=true, the prefix must be empty or end in a slash';
    context.addIssue({ code: 'custom', path: ['prefix'], message });
  });

export const PutFileQuery = z.strictObject({
  path: StoredPath,
  overwrite: Flag.default('true').openapi({
    description: 'Whether to replace an existing file with the same path.',
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
    description:
      'By default the name of the uploaded file, with underscores for characters that are not allowed.',
    example: PATH_EXAMPLE,
  }),
  overwrite: Flag.default('false').openapi({
    description: 'Whether to replace an existing file with the same path.',
  }),
}).openapi('UploadFileRequest');

export const MoveFileRequest = z
  .strictObject({
    path: StoredPath.optional(),
    namespace: z.string().optional().openapi({
      description: 'The id or name of the namespace to move the file to.',
      example: 'archive',
    }),
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
      description: 'The SHA-256 of the content, in hexadecimal.',
      example: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    }),
    source: z.enum(FILE_SOURCES).openapi({ description: 'Where the content comes from.' }),
    runtimeId: z.uuid().optional().openapi({ description: 'The runtime that the file came from.' }),
    createdAt: z.iso.datetime(),
  })
  // Not `File`, which browsers have: generated code would mean the one by the other.
  .openapi('StoredFile');

export const FileList = z
  .object({
    files: z.array(FileBody).openapi({ description: 'Ordered by the bytes of their paths.' }),
    folders: z
      .array(z.string())
      .optional()
      .openapi({
        description:
          'With `folders=true`: the folders on this page, each as a prefix that ends in a slash. A page has up to `limit` files and folders together.',
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

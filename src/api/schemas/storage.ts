import { z } from '@hono/zod-openapi';
import type { StorageNamespace } from '../../runtime-manager/runtime/index.ts';
import { Name } from './name.ts';
import { nextCursor } from './paging.ts';

export const NamespacePath = z.object({
  namespace: z.string().openapi({ description: "The namespace's id or name.", example: 'shared' }),
});

export const CreateNamespaceRequest = z
  .strictObject({ name: Name.openapi({ example: 'shared' }) })
  .openapi('CreateStorageNamespaceRequest', { example: { name: 'shared' } });

export const DeleteNamespaceQuery = z.strictObject({
  force: z.enum(['true', 'false']).default('false').openapi({
    description:
      'Whether to delete its files, too. Otherwise, a namespace that has files is not deleted.',
  }),
});

export const NamespaceBody = z
  .object({
    id: z.uuid(),
    name: z.string().openapi({ example: 'shared' }),
    createdAt: z.iso.datetime(),
  })
  .openapi('StorageNamespace');

export const NamespaceList = z
  .object({
    namespaces: z.array(NamespaceBody),
    nextCursor,
    usage: z
      .object({
        usedBytes: z.int().openapi({
          description:
            'The size of all files of the organization, including the files of runtimes.',
          example: 1_048_576,
        }),
        limitBytes: z.int().openapi({
          description: 'The maximum size of all files of the organization.',
          example: 107_374_182_400,
        }),
      })
      .openapi('StorageUsage'),
  })
  .openapi('StorageNamespaceList');

export function toNamespaceBody(namespace: StorageNamespace): z.infer<typeof NamespaceBody> {
  const { id, name, createdAt } = namespace;
  return { id, name, createdAt: createdAt.toISOString() };
}

import { z } from '@hono/zod-openapi';
import { parseCursor } from '../../runtime-manager/runtime/index.ts';

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 500;

/** `?cursor=&limit=` of every list. */
export const paging = {
  cursor: z
    .string()
    .refine((cursor) => parseCursor(cursor) !== undefined, 'Not a cursor of this API')
    .optional()
    .openapi({ description: 'The `nextCursor` of the previous page.' }),
  limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT),
};

export const nextCursor = z
  .string()
  .optional()
  .openapi({ description: 'The `cursor` of the next page; absent on the last page.' });

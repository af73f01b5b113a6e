import { sql, type Column, type SQL } from 'drizzle-orm';
import {
  cursorOf,
  parseCursor,
  type Page,
  type PageRequest,
} from '../../runtime-manager/runtime/index.ts';

interface Row {
  id: string;
  createdAt: Date;
}

/**
 * The rows after a cursor, newest first. The condition compares rows as a whole, so that an index
 * on both columns finds the place. Throws on a cursor that `parseCursor` refuses.
 */
export function afterCursor(
  columns: { createdAt: Column; id: Column },
  cursor: string | undefined,
): SQL | undefined {
  if (cursor === undefined) return undefined;
  const position = parseCursor(cursor);
  if (!position) throw new Error('a cursor was not checked before it was used');
  const [createdAt, id] = position;
  return sql`(${columns.createdAt}, ${columns.id}) < (${createdAt.toISOString()}::timestamptz, ${id}::uuid)`;
}

/** Makes a page of up to `limit` from the rows of a query that asked for one more. */
export function toPage<T extends Row>(rows: T[], { limit }: PageRequest): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items, nextCursor: more ? cursorOf(last) : undefined };
}

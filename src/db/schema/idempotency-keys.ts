import { sql } from 'drizzle-orm';
import { customType, index, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt } from './columns.ts';

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

/**
 * The answers of requests that may be repeated. `id` is derived from the caller's API key and its
 * idempotency key, neither of which is stored; the answer is encrypted under a key derived from the
 * same, since it may hold credentials.
 */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    id: text().primaryKey(),
    /** SHA-256 of method, path and body. */
    request: text().notNull(),
    /** The service that carries out, or carried out, the request. */
    nodeId: uuid().notNull(),
    /**
     * The id that a runtime gets which the request makes: whoever carries the request out again
     * makes no second one.
     */
    runtimeId: uuid().notNull().defaultRandom(),
    /** Null while the request is being carried out. */
    answer: bytea(),
    createdAt: createdAt(),
  },
  (table) => [
    index('idempotency_keys_age').on(table.createdAt),
    index('idempotency_keys_unfinished')
      .on(table.nodeId)
      .where(sql`answer is null`),
  ],
);

import { boolean, index, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt, instant } from './columns.ts';
import { organizations } from './organizations.ts';

/** Keys themselves are never stored: `hash` is the SHA-256 of one, `hint` its first characters. */
export const apiKeys = pgTable(
  'api_keys',
  {
    id: uuid().primaryKey().defaultRandom(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    name: text().notNull(),
    hint: text().notNull(),
    hash: text().notNull().unique(),
    /** Whether it may also look after the service itself. */
    isAdmin: boolean().notNull().default(false),
    createdAt: createdAt(),
    revokedAt: instant(),
  },
  (table) => [index('api_keys_name').on(table.organizationId, table.name)],
);

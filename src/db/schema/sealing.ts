import { boolean, pgTable, text } from 'drizzle-orm/pg-core';

/** One row: a known text, sealed with the key that all secrets of this database are sealed with. */
export const sealing = pgTable('sealing', {
  id: boolean().primaryKey().default(true),
  sealed: text().notNull(),
});

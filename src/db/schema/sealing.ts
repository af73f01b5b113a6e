import { boolean, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt } from './columns.ts';

/**
 * One row: the salt that keys are derived with, and the text that identifies the key of texts that
 * name none.
 */
export const sealing = pgTable('sealing', {
  id: boolean().primaryKey().default(true),
  salt: uuid().notNull().defaultRandom(),
  /** A known text under that key; null when no such text is left. */
  sealed: text(),
});

/** The ids of the keys that texts in this database are sealed with. */
export const sealingKeys = pgTable('sealing_keys', {
  id: text().primaryKey(),
  createdAt: createdAt(),
});

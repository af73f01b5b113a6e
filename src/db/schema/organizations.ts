import { integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt } from './columns.ts';

/** A customer. Every other row belongs to one. */
export const organizations = pgTable('organizations', {
  id: uuid().primaryKey().defaultRandom(),
  name: text().notNull().unique(),
  /** How many runtimes may be active at once; null for what the service is configured with. */
  maxRuntimes: integer(),
  createdAt: createdAt(),
});

import { index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt } from './columns.ts';

/** A customer. Every other row belongs to one. */
export const organizations = pgTable(
  'organizations',
  {
    id: uuid().primaryKey().defaultRandom(),
    name: text().notNull().unique(),
    /** How many runtimes may be active at once; null for what the service is configured with. */
    maxRuntimes: integer(),
    /** How many are: changed by the statements that begin and end them. */
    activeRuntimes: integer().notNull().default(0),
    createdAt: createdAt(),
  },
  (table) => [index('organizations_oldest').on(table.createdAt, table.id)],
);

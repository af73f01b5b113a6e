import { bigint, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt } from './columns.ts';

/** A customer. Every other row belongs to one. */
export const organizations = pgTable(
  'organizations',
  {
    id: uuid().primaryKey().defaultRandom(),
    name: text().notNull().unique(),
    /**
     * How many runtimes may be active at once; null: as many as the service's configuration says.
     */
    maxRuntimes: integer(),
    /**
     * How many runtimes are active: the statements that begin and end runtimes change this number.
     */
    activeRuntimes: integer().notNull().default(0),
    /** How many bytes of files it may have; null: as many as the service's configuration says. */
    maxStorageBytes: bigint({ mode: 'number' }),
    /** How many bytes of files it has: the statements that store and forget files change this number. */
    storageBytes: bigint({ mode: 'number' }).notNull().default(0),
    createdAt: createdAt(),
  },
  (table) => [index('organizations_oldest').on(table.createdAt, table.id)],
);

import { index, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core';
import { createdAt } from './columns.ts';
import { organizations } from './organizations.ts';

/** A place for files, which workspaces mount by its name. */
export const storageNamespaces = pgTable(
  'storage_namespaces',
  {
    id: uuid().primaryKey().defaultRandom(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    name: text().notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    unique('storage_namespaces_name').on(table.organizationId, table.name),
    unique('storage_namespaces_owner').on(table.organizationId, table.id),
    index('storage_namespaces_newest').on(table.organizationId, table.createdAt, table.id),
  ],
);

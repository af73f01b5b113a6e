import { index, jsonb, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core';
import { createdAt, updatedAt } from './columns.ts';
import { organizations } from './organizations.ts';

/** What a workspace shares with others: `storage.workspace` names a storage namespace. */
export interface WorkspaceMounts {
  storage?: { workspace: string } | undefined;
}

/** An isolated container: the boundary of a task. */
export const workspaces = pgTable(
  'workspaces',
  {
    id: uuid().primaryKey().defaultRandom(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    name: text().notNull(),
    mounts: jsonb().$type<WorkspaceMounts>().notNull().default({}),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    unique('workspaces_name').on(table.organizationId, table.name),
    unique('workspaces_owner').on(table.organizationId, table.id),
    index('workspaces_newest').on(table.organizationId, table.createdAt, table.id),
  ],
);

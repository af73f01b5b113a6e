import { index, jsonb, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core';
import type { WorkspaceMounts } from '../../runtime-manager/runtime/index.ts';
import { createdAt, updatedAt } from './columns.ts';
import { organizations } from './organizations.ts';

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

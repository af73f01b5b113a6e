import { sql } from 'drizzle-orm';
import { index, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { SCOPES } from '../../runtime-manager/runtime/index.ts';
import { createdAt, instant } from './columns.ts';
import { organizations } from './organizations.ts';

/** Literal, as conditions of indexes are. */
export const isValidKey = sql<boolean>`revoked_at is null`;
export const isValidAdminKey = sql<boolean>`revoked_at is null and 'admin' = any(scopes)`;

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
    scopes: text({ enum: SCOPES }).array().notNull(),
    /**
     * The ids of the workspaces that the key is limited to; null: all workspaces of the
     * organization. The ids are no foreign keys: a key whose workspaces are deleted sees none,
     * rather than all.
     */
    workspaceIds: uuid().array(),
    createdAt: createdAt(),
    revokedAt: instant(),
  },
  (table) => [
    index('api_keys_name').on(table.organizationId, table.name),
    index('api_keys_newest').on(table.organizationId, table.createdAt, table.id).where(isValidKey),
    index('api_keys_admin').on(table.organizationId).where(isValidAdminKey),
  ],
);

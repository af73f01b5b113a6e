import { sql, type SQL } from 'drizzle-orm';
import { index, pgTable, smallint, text, uuid } from 'drizzle-orm/pg-core';
import { AUDIT_ORIGINS } from '../../runtime-manager/runtime/index.ts';
import { createdAt, organizationBytes } from './columns.ts';

/**
 * How the index of ages has a time: as an expression, because lists are ordered by the time itself,
 * and one of what is rare would be planned with this index and look at everything.
 */
export const asAuditAge = (time: SQL) => sql`timezone('UTC', ${time})`;

/**
 * Who did what: appended, never changed. No foreign keys: an entry outlives what it names, and its
 * insertion locks no other row.
 */
export const auditEntries = pgTable(
  'audit_entries',
  {
    id: uuid().primaryKey(),
    organizationId: uuid().notNull(),
    keyId: uuid().notNull(),
    keyName: text().notNull(),
    origin: text({ enum: AUDIT_ORIGINS }).notNull(),
    verb: text().notNull(),
    workspaceId: uuid(),
    targetKind: text(),
    targetRef: text(),
    targetId: text(),
    path: text().notNull(),
    status: smallint().notNull(),
    code: text(),
    requestId: text().notNull(),
    clientAddress: text().notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    index('audit_entries_newest').on(organizationBytes, table.createdAt, table.id),
    index('audit_entries_key').on(table.organizationId, table.keyId, table.createdAt, table.id),
    index('audit_entries_workspace').on(
      table.organizationId,
      table.workspaceId,
      table.createdAt,
      table.id,
    ),
    index('audit_entries_verb').on(table.organizationId, table.verb, table.createdAt, table.id),
    index('audit_entries_age').on(asAuditAge(sql`created_at`)),
  ],
);

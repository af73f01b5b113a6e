import { bigint, index, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { EVENT_TYPES } from '../../runtime-manager/runtime/index.ts';
import { createdAt, organizationBytes } from './columns.ts';
import { runtimes } from './runtimes.ts';

/** What happened to runtimes and in them: appended, never changed, gone with the runtime. */
export const runtimeEvents = pgTable(
  'runtime_events',
  {
    id: bigint({ mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    organizationId: uuid().notNull(),
    runtimeId: uuid()
      .notNull()
      .references(() => runtimes.id, { onDelete: 'cascade' }),
    type: text({ enum: EVENT_TYPES }).notNull(),
    contextId: text(),
    pageId: text(),
    data: jsonb().$type<Record<string, unknown>>().notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    index('runtime_events_of').on(table.runtimeId, table.id),
    index('runtime_events_of_all').on(organizationBytes, table.id),
    index('runtime_events_age').on(table.createdAt),
  ],
);

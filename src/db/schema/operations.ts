import { sql } from 'drizzle-orm';
import { index, jsonb, pgEnum, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import {
  OPERATION_STATUSES,
  type OperationError,
  type OperationProgress,
  type OperationResult,
} from '../../runtime-manager/runtime/index.ts';
import { createdAt, instant } from './columns.ts';
import { runtimes } from './runtimes.ts';

export const operationStatus = pgEnum('operation_status', OPERATION_STATUSES);

/** Literal, as the conditions of indexes have to be. */
export const isUnderWay = sql<boolean>`status in ('queued', 'running')`;

/** Steps that runtimes carry out, and what became of them; gone with the runtime. */
export const operations = pgTable(
  'operations',
  {
    id: uuid().primaryKey(),
    organizationId: uuid().notNull(),
    workspaceId: uuid().notNull(),
    runtimeId: uuid()
      .notNull()
      .references(() => runtimes.id, { onDelete: 'cascade' }),
    alias: text().notNull(),
    nodeId: uuid().notNull(),
    status: operationStatus().notNull(),
    progress: jsonb().$type<OperationProgress>().notNull(),
    result: jsonb().$type<OperationResult>(),
    error: jsonb().$type<OperationError>(),
    createdAt: createdAt(),
    startedAt: instant(),
    endedAt: instant(),
  },
  (table) => [
    index('operations_of').on(table.runtimeId),
    index('operations_age').on(table.createdAt),
    index('operations_under_way').on(table.nodeId).where(isUnderWay),
  ],
);

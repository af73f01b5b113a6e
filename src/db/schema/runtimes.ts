import { sql } from 'drizzle-orm';
import {
  foreignKey,
  index,
  jsonb,
  pgEnum,
  pgTable,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import {
  ACTIVE_STATES,
  DRIVERS,
  RUNTIME_KINDS,
  RUNTIME_STATES,
  STOP_REASONS,
  type Launch,
} from '../../runtime-manager/index.ts';
import { createdAt, instant, updatedAt } from './columns.ts';
import { organizations } from './organizations.ts';
import { workspaces } from './workspaces.ts';

export const runtimeKind = pgEnum('runtime_kind', RUNTIME_KINDS);
export const runtimeDriver = pgEnum('runtime_driver', DRIVERS);
export const runtimeState = pgEnum('runtime_state', RUNTIME_STATES);
export const runtimeStopReason = pgEnum('runtime_stop_reason', STOP_REASONS);

/** Literal, because an index's condition takes no parameters. */
const isActive = sql.raw(`state in (${ACTIVE_STATES.map((state) => `'${state}'`).join(', ')})`);

export const runtimes = pgTable(
  'runtimes',
  {
    id: uuid().primaryKey(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    workspaceId: uuid().notNull(),
    /** The machine that holds the browser while the runtime is active. */
    nodeId: uuid().notNull(),
    alias: text().notNull(),
    kind: runtimeKind().notNull(),
    driver: runtimeDriver().notNull(),
    launch: jsonb().$type<Launch>().notNull(),
    state: runtimeState().notNull(),
    currentDriver: runtimeDriver(),
    defaultContextId: text(),
    defaultPageId: text(),
    storageWorkspace: text(),
    failureCode: text(),
    failureMessage: text(),
    stopReason: runtimeStopReason(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    startedAt: instant(),
    stoppedAt: instant(),
  },
  (table) => [
    // Also the law that a runtime and its workspace have one owner. No cascade: a workspace cannot
    // go while it has runtimes.
    foreignKey({
      name: 'runtimes_workspace',
      columns: [table.organizationId, table.workspaceId],
      foreignColumns: [workspaces.organizationId, workspaces.id],
    }),
    uniqueIndex('runtimes_active_alias').on(table.workspaceId, table.alias).where(isActive),
    index('runtimes_newest').on(table.workspaceId, table.createdAt, table.id),
    index('runtimes_active_node').on(table.nodeId).where(isActive),
  ],
);

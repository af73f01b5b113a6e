import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  foreignKey,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import {
  DRIVERS,
  END_STATES,
  RUNTIME_KINDS,
  RUNTIME_STATES,
  STOP_REASONS,
  type EgressRules,
  type Launch,
  type LoadedExtension,
  type ProxyAddress,
  type FailureCode,
  type RecordingOptions,
  type ConnectionEpochs,
  type RuntimeWarning,
} from '../../runtime-manager/runtime/index.ts';
import { browserProfiles } from './browser-profiles.ts';
import { createdAt, instant, organizationBytes, updatedAt } from './columns.ts';
import { workspaces } from './workspaces.ts';

export const runtimeKind = pgEnum('runtime_kind', RUNTIME_KINDS);
export const runtimeDriver = pgEnum('runtime_driver', DRIVERS);
export const runtimeState = pgEnum('runtime_state', RUNTIME_STATES);
export const runtimeStopReason = pgEnum('runtime_stop_reason', STOP_REASONS);

const ended = sql.raw(END_STATES.map((state) => `'${state}'`).join(', '));
/**
 * Literal, because an index's condition takes no parameters: a statement that is planned once for
 * all its parameters finds the index only by the same words.
 */
export const isOver = sql<boolean>`state in (${ended})`;
export const isActive = sql<boolean>`state not in (${ended})`;

/** Runtimes that wait for any node with room. */
export const isWaiting = sql<boolean>`queued_at is not null`;

/** Active runtimes that asked for extensions themselves. */
export const isActiveAskingExtensions = sql<boolean>`${isActive} and launch -> 'extensionIds' is not null`;
/** Active runtimes that have extensions, whoever asked for them. */
export const isActiveWithExtensions = sql<boolean>`${isActive} and extensions <> '[]'`;

export const runtimes = pgTable(
  'runtimes',
  {
    id: uuid().primaryKey(),
    /** The organization of the workspace: the foreign key covers both. */
    organizationId: uuid().notNull(),
    workspaceId: uuid().notNull(),
    /** The process that holds the runtime while it is active: the machine of the browser, or whoever waits for one. */
    nodeId: uuid().notNull(),
    alias: text().notNull(),
    kind: runtimeKind().notNull(),
    driver: runtimeDriver().notNull(),
    /** With the password of its proxy sealed. */
    launch: jsonb().$type<Launch>().notNull(),
    egress: jsonb().$type<EgressRules>(),
    /** What is recorded of each of its lives; null: nothing. */
    recording: jsonb().$type<RecordingOptions>(),
    profileId: uuid(),
    /** Whether the runtime will save the profile's state; false also without a profile. */
    writesProfile: boolean().notNull().default(false),
    state: runtimeState().notNull(),
    generation: integer().notNull().default(1),
    currentDriver: runtimeDriver(),
    defaultContextId: text(),
    defaultPageId: text(),
    browserDirectory: text(),
    proxy: jsonb().$type<ProxyAddress>(),
    extensions: jsonb().$type<LoadedExtension[]>().notNull().default([]),
    warnings: jsonb().$type<RuntimeWarning[]>().notNull().default([]),
    /** How often the runtime's own connection of a protocol was revoked in this life. */
    connectionEpochs: jsonb().$type<ConnectionEpochs>().notNull().default({}),
    bytesIn: bigint({ mode: 'number' }).notNull().default(0),
    bytesOut: bigint({ mode: 'number' }).notNull().default(0),
    connections: integer().notNull().default(0),
    storageWorkspace: text(),
    failureCode: text().$type<FailureCode>(),
    failureMessage: text(),
    stopReason: runtimeStopReason(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    startedAt: instant(),
    stoppedAt: instant(),
    idleTimeoutSeconds: integer().notNull().default(1800),
    maxDurationSeconds: integer().notNull().default(86400),
    lastActivityAt: instant(),
    expiresAt: instant(),
    /**
     * Since when the runtime, `accepted`, waits for any node with room: by the clock of Postgres, and
     * as exact, since the order is that of arrival on all machines.
     */
    queuedAt: timestamp({ withTimezone: true }),
  },
  (table) => [
    // This key also makes sure that a runtime and its workspace have one owner. No cascade: a
    // workspace cannot go while it has runtimes.
    foreignKey({
      name: 'runtimes_workspace',
      columns: [table.organizationId, table.workspaceId],
      foreignColumns: [workspaces.organizationId, workspaces.id],
    }),
    // A profile cannot go while a runtime has it.
    foreignKey({
      name: 'runtimes_profile',
      columns: [table.organizationId, table.profileId],
      foreignColumns: [browserProfiles.organizationId, browserProfiles.id],
    }),
    uniqueIndex('runtimes_active_profile')
      .on(table.profileId)
      .where(sql`${isActive} and writes_profile`),
    uniqueIndex('runtimes_active_alias').on(table.workspaceId, table.alias).where(isActive),
    index('runtimes_newest').on(table.workspaceId, table.state, table.createdAt, table.id),
    index('runtimes_newest_of_all').on(organizationBytes, table.state, table.createdAt, table.id),
    index('runtimes_alias').on(table.workspaceId, table.alias, table.createdAt, table.id),
    index('runtimes_profile')
      .on(table.profileId)
      .where(sql`profile_id is not null`),
    index('runtimes_waiting').on(table.queuedAt, table.id).where(isWaiting),
    index('runtimes_active_node').on(table.nodeId).where(isActive),
    index('runtimes_asked_extensions')
      .using('gin', sql`(launch -> 'extensionIds') jsonb_path_ops`)
      .where(isActiveAskingExtensions),
    index('runtimes_loaded_extensions')
      .using('gin', table.extensions.op('jsonb_path_ops'))
      .where(isActiveWithExtensions),
    // The index has a condition of its own; otherwise statements about ended runtimes would be
    // planned with this index.
    index('runtimes_stopped')
      .on(table.stoppedAt)
      .where(sql`stopped_at is not null`),
  ],
);

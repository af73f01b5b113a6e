import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import {
  RECORDING_STATES,
  VARIANT_FAILURES,
  type RecordingOptions,
} from '../../runtime-manager/runtime/index.ts';
import { instant, organizationBytes } from './columns.ts';
import { organizations } from './organizations.ts';
import { runtimes } from './runtimes.ts';

export const recordingState = pgEnum('recording_state', RECORDING_STATES);

/** Literal, as the conditions of indexes have to be. */
export const isRecorded = sql<boolean>`state = 'recording'`;
export const isEncoding = sql<boolean>`state = 'encoding'`;
export const isReady = sql<boolean>`state = 'ready'`;
/** What is in the storage of it has to go. */
export const isDoomed = sql<boolean>`(kept_by is null or state = 'expired') and not is_emptied`;

/** The recording of one life of a runtime. */
export const recordings = pgTable(
  'recordings',
  {
    id: uuid().primaryKey(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    /** The runtime's, and its workspace's, whether they are still there or not. */
    workspaceId: uuid().notNull(),
    runtimeId: uuid().notNull(),
    /** The runtime, for as long as there is a record of it: nobody else keeps a recording. */
    keptBy: uuid().references(() => runtimes.id, { onDelete: 'set null' }),
    alias: text().notNull(),
    generation: integer().notNull(),
    nodeId: uuid().notNull(),
    state: recordingState().notNull().default('recording'),
    options: jsonb().$type<RecordingOptions>().notNull(),
    startedAt: instant().notNull(),
    endedAt: instant(),
    sizeBytes: bigint({ mode: 'number' }).notNull().default(0),
    /** When its last part ends, in ms since it began. */
    recordedMs: bigint({ mode: 'number' }).notNull().default(0),
    /** Until when the process that joins its parts may do so before another one does. */
    claimedUntil: instant(),
    /** How often that was begun. */
    attempts: integer().notNull().default(0),
    /** Whether nothing of it is in the storage any more. */
    isEmptied: boolean().notNull().default(false),
  },
  (table) => [
    uniqueIndex('recordings_life').on(table.runtimeId, table.generation),
    index('recordings_newest').on(table.workspaceId, table.startedAt, table.id),
    index('recordings_newest_of_all').on(organizationBytes, table.startedAt, table.id),
    index('recordings_kept_by')
      .on(table.keptBy)
      .where(sql`kept_by is not null`),
    index('recordings_under_way').on(table.nodeId).where(isRecorded),
    index('recordings_encoding').on(table.endedAt).where(isEncoding),
    index('recordings_ready').on(table.endedAt).where(isReady),
    index('recordings_doomed').on(table.id).where(isDoomed),
  ],
);

const partOf = () =>
  uuid()
    .notNull()
    .references(() => recordings.id, { onDelete: 'cascade' });

/** Pieces of video, as objects in the storage. */
export const recordingParts = pgTable(
  'recording_parts',
  {
    id: bigint({ mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    recordingId: partOf(),
    tabId: text().notNull(),
    startMs: bigint({ mode: 'number' }).notNull(),
    endMs: bigint({ mode: 'number' }).notNull(),
    width: integer().notNull(),
    height: integer().notNull(),
    sizeBytes: bigint({ mode: 'number' }).notNull(),
    key: text().notNull(),
  },
  (table) => [
    index('recording_parts_of').on(table.recordingId, table.id),
    index('recording_parts_key').on(table.key),
  ],
);

/** Literal, as the conditions of indexes have to be. */
export const isWanted = sql<boolean>`key is null and failure is null`;

/** A part as H.264, for players that cannot decode AV1: wanted, made, or failed. */
export const recordingVariants = pgTable(
  'recording_variants',
  {
    partId: bigint({ mode: 'bigint' })
      .primaryKey()
      .references(() => recordingParts.id, { onDelete: 'cascade' }),
    /** Of the object, once it is made. */
    key: text(),
    sizeBytes: bigint({ mode: 'number' }).notNull().default(0),
    failure: text({ enum: VARIANT_FAILURES }),
    /** Until when the process that makes it may do so before another one does. */
    claimedUntil: instant(),
    /** How often that was begun. */
    attempts: integer().notNull().default(0),
    requestedAt: instant().notNull().defaultNow(),
  },
  (table) => [
    index('recording_variants_wanted').on(table.requestedAt).where(isWanted),
    index('recording_variants_key')
      .on(table.key)
      .where(sql`key is not null`),
  ],
);

/** The index of a recording: what happened when. */
export const recordingMarks = pgTable(
  'recording_marks',
  {
    id: bigint({ mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    recordingId: partOf(),
    atMs: bigint({ mode: 'number' }).notNull(),
    type: text().notNull(),
    tabId: text(),
    data: jsonb().$type<Record<string, unknown>>().notNull(),
  },
  (table) => [index('recording_marks_of').on(table.recordingId, table.id)],
);

import {
  bigint,
  foreignKey,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';
import {
  VERSION_KINDS,
  type BrowserConfig,
  type Fingerprint,
} from '../../runtime-manager/runtime/index.ts';
import { createdAt, updatedAt } from './columns.ts';
import { organizations } from './organizations.ts';

export const profileVersionKind = pgEnum('profile_version_kind', VERSION_KINDS);

/** A durable browser identity. Its state is in versions; passwords in `config` are sealed. */
export const browserProfiles = pgTable(
  'browser_profiles',
  {
    id: uuid().primaryKey().defaultRandom(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    name: text().notNull(),
    config: jsonb().$type<BrowserConfig>().notNull().default({}),
    extensionIds: jsonb().$type<string[]>().notNull().default([]),
    fingerprint: jsonb().$type<Fingerprint>().notNull().default({}),
    /**
     * Every writer raises the fence by one: a writer with an older fence may not make a version
     * current.
     */
    fence: bigint({ mode: 'number' }).notNull().default(0),
    /** The version that a launch begins from; null: nothing was saved yet. */
    currentVersion: integer(),
    /** The number of the newest version there ever was. */
    lastVersion: integer().notNull().default(0),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    unique('browser_profiles_name').on(table.organizationId, table.name),
    unique('browser_profiles_owner').on(table.organizationId, table.id),
    index('browser_profiles_newest').on(table.organizationId, table.createdAt, table.id),
    index('browser_profiles_extensions').using('gin', table.extensionIds.op('jsonb_path_ops')),
  ],
);

/** A saved state of a profile: never changed, only forgotten. */
export const profileVersions = pgTable(
  'profile_versions',
  {
    profileId: uuid().notNull(),
    version: integer().notNull(),
    organizationId: uuid().notNull(),
    kind: profileVersionKind().notNull(),
    /** The name of its archive in the object storage. */
    key: text().notNull(),
    sizeBytes: bigint({ mode: 'number' }).notNull(),
    /** The archive's hash, in hexadecimal. */
    sha256: text().notNull(),
    /** The runtime whose state this is; null for imported versions. */
    runtimeId: uuid(),
    fence: bigint({ mode: 'number' }).notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.profileId, table.version] }),
    foreignKey({
      name: 'profile_versions_owner',
      columns: [table.organizationId, table.profileId],
      foreignColumns: [browserProfiles.organizationId, browserProfiles.id],
    }).onDelete('cascade'),
    index('profile_versions_key').on(table.key),
  ],
);

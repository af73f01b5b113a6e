import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  customType,
  foreignKey,
  index,
  pgEnum,
  pgTable,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import {
  FILE_SOURCES,
  FILE_STATES,
  type FileFailure,
} from '../../runtime-manager/runtime/index.ts';
import { createdAt, instant } from './columns.ts';
import { organizations } from './organizations.ts';
import { runtimes } from './runtimes.ts';
import { storageNamespaces } from './storage-namespaces.ts';

export const fileSource = pgEnum('file_source', FILE_SOURCES);
export const fileState = pgEnum('file_state', FILE_STATES);

/** Text in the order of its bytes, so that all paths with one beginning lie side by side. */
const bytewise = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });

/** Literal, as the conditions of indexes have to be. */
export const isStored = sql<boolean>`state = 'stored'`;
export const isArriving = sql<boolean>`state = 'arriving'`;
/** What nobody keeps any more: its content goes, and then its row. */
export const isUnkept = sql<boolean>`namespace_id is null and kept_by is null`;

/** A file whose content is in the object storage, or on its way there. */
export const files = pgTable(
  'files',
  {
    id: uuid().primaryKey(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    namespaceId: uuid(),
    /** The runtime that it came from, whether the runtime's record is still there or not. */
    runtimeId: uuid(),
    /** The runtime that keeps it, for as long as there is a record of the runtime. */
    keptBy: uuid().references(() => runtimes.id, { onDelete: 'set null' }),
    path: bytewise().notNull(),
    source: fileSource().notNull(),
    state: fileState().notNull(),
    sizeBytes: bigint({ mode: 'number' }).notNull().default(0),
    contentType: text().notNull(),
    sha256: text(),
    key: text(),
    url: text(),
    failure: text().$type<FileFailure>(),
    /** The process that stores it, while it arrives. */
    nodeId: uuid(),
    createdAt: createdAt(),
    storedAt: instant(),
  },
  (table) => [
    // No cascade: a namespace cannot go while it has files.
    foreignKey({
      name: 'files_namespace',
      columns: [table.organizationId, table.namespaceId],
      foreignColumns: [storageNamespaces.organizationId, storageNamespaces.id],
    }),
    uniqueIndex('files_path')
      .on(table.namespaceId, table.path)
      .where(sql`namespace_id is not null`),
    index('files_of_runtime').on(table.runtimeId, table.createdAt, table.id),
    index('files_kept_by')
      .on(table.keptBy)
      .where(sql`kept_by is not null`),
    index('files_unkept').on(table.id).where(isUnkept),
    index('files_arriving').on(table.nodeId).where(isArriving),
    index('files_key').on(table.key),
    // What has no content is in no namespace.
    check(
      'files_content',
      sql`case when state = 'stored' then key is not null and sha256 is not null else namespace_id is null end`,
    ),
  ],
);

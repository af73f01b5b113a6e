import {
  bigint,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';
import { PACKAGE_FORMATS, type ExtensionWarning } from '../../runtime-manager/runtime/index.ts';
import { createdAt, updatedAt } from './columns.ts';
import { organizations } from './organizations.ts';

export const packageFormat = pgEnum('package_format', PACKAGE_FORMATS);

/** An extension that was checked and works. Its files are in the object storage. */
export const browserExtensions = pgTable(
  'browser_extensions',
  {
    id: uuid().primaryKey(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    name: text().notNull(),
    version: text().notNull(),
    manifestVersion: integer().notNull(),
    format: packageFormat().notNull(),
    contentHash: text().notNull(),
    sizeBytes: bigint({ mode: 'number' }).notNull(),
    permissions: jsonb().$type<string[]>().notNull(),
    runtimeExtensionId: text().notNull(),
    warnings: jsonb().$type<ExtensionWarning[]>().notNull(),
    key: text().notNull(),
    sha256: text().notNull(),
    archiveBytes: bigint({ mode: 'number' }).notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    unique('browser_extensions_content').on(table.organizationId, table.contentHash),
    index('browser_extensions_newest').on(table.organizationId, table.createdAt, table.id),
    index('browser_extensions_key').on(table.key),
  ],
);

import { and, desc, eq, inArray, sql } from 'drizzle-orm';
import { z } from 'zod';
import type {
  Extension,
  ExtensionStore,
  ExtensionUser,
  Page,
  PageRequest,
  StoredExtension,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import {
  browserExtensions,
  browserProfiles,
  isActiveAskingExtensions,
  isActiveWithExtensions,
  runtimes,
} from '../schema/index.ts';
import { afterCursor, toPage } from './pages.ts';

const Id = z.uuid();

/** What the core keeps of extensions, in Postgres. */
export function createExtensionStore(db: Db): ExtensionStore {
  return {
    insert: (extension) => insertExtension(db, extension),
    find: (organizationId, id) => findOne(db, organizationId, id),
    findContent: (organizationId, contentHash) => findContent(db, organizationId, contentHash),
    findAll: async (organizationId, ids) => {
      const valid = ids.filter((id) => Id.safeParse(id).success);
      if (valid.length === 0) return [];
      const rows = await db
        .select()
        .from(browserExtensions)
        .where(
          and(
            eq(browserExtensions.organizationId, organizationId),
            inArray(browserExtensions.id, valid),
          ),
        );
      return ids.flatMap((id) => rows.find((row) => row.id === id) ?? []);
    },
    list: (organizationId, page) => listExtensions(db, organizationId, page),
    rename: async (organizationId, id, name) => {
      const [renamed] = await db
        .update(browserExtensions)
        .set({ name, updatedAt: new Date() })
        .where(isOf(organizationId, id))
        .returning();
      return renamed;
    },
    remove: (organizationId, id) => removeExtension(db, organizationId, id),
  };
}

async function insertExtension(db: Db, extension: Extension): Promise<StoredExtension> {
  const { organizationId, contentHash } = extension;
  const [inserted] = await db
    .insert(browserExtensions)
    .values(extension)
    .onConflictDoNothing({
      target: [browserExtensions.organizationId, browserExtensions.contentHash],
    })
    .returning();
  const stored = inserted ?? (await findContent(db, organizationId, contentHash));
  if (!stored) throw new Error('the extension that was there is gone');
  return stored;
}

async function listExtensions(
  db: Db,
  organizationId: string,
  page: PageRequest,
): Promise<Page<StoredExtension>> {
  const rows = await db
    .select()
    .from(browserExtensions)
    .where(
      and(
        eq(browserExtensions.organizationId, organizationId),
        afterCursor(browserExtensions, page.cursor),
      ),
    )
    .orderBy(desc(browserExtensions.createdAt), desc(browserExtensions.id))
    .limit(page.limit + 1);
  return toPage(rows, page);
}

async function findOne(
  db: Db,
  organizationId: string,
  id: string,
): Promise<StoredExtension | undefined> {
  if (!Id.safeParse(id).success) return undefined;
  const [found] = await db.select().from(browserExtensions).where(isOf(organizationId, id));
  return found;
}

async function findContent(db: Db, organizationId: string, contentHash: string) {
  const [found] = await db
    .select()
    .from(browserExtensions)
    .where(
      and(
        eq(browserExtensions.organizationId, organizationId),
        eq(browserExtensions.contentHash, contentHash),
      ),
    );
  return found;
}

async function removeExtension(
  db: Db,
  organizationId: string,
  id: string,
): Promise<'removed' | 'absent' | ExtensionUser> {
  const named = JSON.stringify([id]);
  const loaded = JSON.stringify([{ id }]);
  const inRuntime = sql`with users as materialized (
      select * from ${runtimes} where ${isActiveAskingExtensions}
        and ${runtimes.launch} -> 'extensionIds' @> ${named}::jsonb
      union all
      select * from ${runtimes} where ${isActiveWithExtensions}
        and ${runtimes.extensions} @> ${loaded}::jsonb
    ) select id from users where organization_id = ${organizationId}`;
  // Materialized, so that Postgres uses the index on extensions, however many profiles there are.
  const inProfile = sql`with users as materialized (
      select * from ${browserProfiles} where ${browserProfiles.extensionIds} @> ${named}::jsonb
    ) select id from users where organization_id = ${organizationId}`;
  const removed = await db
    .delete(browserExtensions)
    .where(
      and(isOf(organizationId, id), sql`not exists (${inRuntime})`, sql`not exists (${inProfile})`),
    )
    .returning({ id: browserExtensions.id });
  if (removed.length > 0) return 'removed';
  for (const [kind, query] of [
    ['runtime', inRuntime],
    ['profile', inProfile],
  ] as const) {
    const [user] = await db.execute<{ id: string }>(sql`${query} limit 1`);
    if (user) return { kind, id: user.id };
  }
  return 'absent';
}

function isOf(organizationId: string, id: string) {
  return and(eq(browserExtensions.organizationId, organizationId), eq(browserExtensions.id, id));
}

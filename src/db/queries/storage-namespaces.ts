import { and, desc, eq, sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import type {
  FileStore,
  NamespaceScope,
  StorageNamespace,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { storageNamespaces, workspaces } from '../schema/index.ts';
import { isViolation } from './database-errors.ts';
import { afterCursor, toPage } from './pages.ts';

type NamespaceStore = Pick<
  FileStore,
  'insertNamespace' | 'ensureNamespace' | 'findNamespace' | 'listNamespaces' | 'removeNamespace'
>;

export function createNamespaceStore(db: Db): NamespaceStore {
  return {
    insertNamespace: (organizationId, name) => insertNamespace(db, organizationId, name),
    ensureNamespace: async (organizationId, name) => {
      const known = await findNamespace(db, { organizationId, workspaceIds: undefined }, name);
      return known ?? makeNamespace(db, organizationId, name);
    },
    findNamespace: (scope, ref) => findNamespace(db, scope, ref),
    listNamespaces: async (scope, page) => {
      const rows = await db
        .select()
        .from(storageNamespaces)
        .where(and(isIn(scope), afterCursor(storageNamespaces, page.cursor)))
        .orderBy(desc(storageNamespaces.createdAt), desc(storageNamespaces.id))
        .limit(page.limit + 1);
      return toPage(rows, page);
    },
    removeNamespace: (organizationId, id) => removeNamespace(db, organizationId, id),
  };
}

async function insertNamespace(
  db: Db,
  organizationId: string,
  name: string,
): Promise<StorageNamespace | undefined> {
  const [inserted] = await db
    .insert(storageNamespaces)
    .values({ organizationId, name })
    .onConflictDoNothing({ target: [storageNamespaces.organizationId, storageNamespaces.name] })
    .returning();
  return inserted;
}

/** Returns it also when somebody else has just made it: a row that is updated is returned. */
async function makeNamespace(
  db: Db,
  organizationId: string,
  name: string,
): Promise<StorageNamespace> {
  const [made] = await db
    .insert(storageNamespaces)
    .values({ organizationId, name })
    .onConflictDoUpdate({
      target: [storageNamespaces.organizationId, storageNamespaces.name],
      set: { name },
    })
    .returning();
  if (made) return made;
  throw new Error('insert returned no row');
}

async function findNamespace(
  db: Db,
  scope: NamespaceScope,
  ref: string,
): Promise<StorageNamespace | undefined> {
  if (ref.includes('\0')) return undefined; // which Postgres does not take
  const is = z.uuid().safeParse(ref).success
    ? eq(storageNamespaces.id, ref)
    : eq(storageNamespaces.name, ref);
  const [found] = await db
    .select()
    .from(storageNamespaces)
    .where(and(isIn(scope), is));
  return found;
}

async function removeNamespace(
  db: Db,
  organizationId: string,
  id: string,
): Promise<'removed' | 'absent' | 'not_empty'> {
  try {
    const removed = await db
      .delete(storageNamespaces)
      .where(
        and(eq(storageNamespaces.organizationId, organizationId), eq(storageNamespaces.id, id)),
      )
      .returning({ id: storageNamespaces.id });
    return removed.length > 0 ? 'removed' : 'absent';
  } catch (error) {
    if (isViolation(error, 'foreignKey', 'files_namespace')) return 'not_empty';
    throw error;
  }
}

/** The condition for the namespaces that a scope has. */
function isIn({ organizationId, workspaceIds }: NamespaceScope): SQL | undefined {
  const mounted =
    workspaceIds &&
    sql`${storageNamespaces.name} = any(array(
      select ${workspaces.mounts} -> 'storage' ->> 'workspace' from ${workspaces}
      where ${workspaces.organizationId} = ${organizationId}
        and ${workspaces.id} = any(array(
          select jsonb_array_elements_text(${JSON.stringify(workspaceIds)}::jsonb)::uuid
        ))
    ))`;
  return and(eq(storageNamespaces.organizationId, organizationId), mounted);
}

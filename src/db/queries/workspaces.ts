import { and, desc, eq, inArray, or, sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import type {
  Page,
  PageRequest,
  Workspace,
  WorkspaceChanges,
  WorkspaceStore,
  WorkspaceValues,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { given } from '../prepared.ts';
import { isOver, runtimes, workspaces } from '../schema/index.ts';
import { isViolation } from './database-errors.ts';
import { afterCursor, toPage } from './pages.ts';
import { handOver } from './webhook-handover.ts';

/** What the core keeps of workspaces, in Postgres. */
export function createWorkspaceStore(db: Db): WorkspaceStore {
  return {
    insert: (organizationId, values) => insertWorkspace(db, organizationId, values),
    find: (organizationId, ref) => findWorkspace(db, organizationId, ref),
    list: (organizationId, { ids }, page) => listWorkspaces(db, { organizationId, ids }, page),
    update: (organizationId, id, changes) => updateWorkspace(db, organizationId, id, changes),
    remove: (organizationId, id) => removeWorkspace(db, organizationId, id),
  };
}

/** The workspace of an id or name. */
export async function findWorkspace(
  db: Db,
  organizationId: string,
  ref: string,
): Promise<Workspace | undefined> {
  const [found] = await db.select().from(workspaces).where(isWorkspace(organizationId, ref));
  return found;
}

/**
 * What a prepared statement writes of the workspace that `workspaceParameters` name; null when
 * there is no such workspace.
 */
export function ofWorkspace(db: Db) {
  const found = and(
    eq(workspaces.organizationId, given(workspaces.organizationId)),
    or(
      eq(workspaces.id, given(workspaces.id, 'refId')),
      eq(workspaces.name, given(workspaces.name, 'refName')),
    ),
  );
  const storage = sql`${workspaces.mounts} -> 'storage' ->> 'workspace'`;
  return {
    workspaceId: sql`(${db.select({ id: workspaces.id }).from(workspaces).where(found)})`,
    storageWorkspace: sql`(${db.select({ storage }).from(workspaces).where(found)})`,
  };
}

/** The workspace of an id or name. */
export function workspaceParameters(organizationId: string, ref: string) {
  const { id = null, name = null } = keyOf(ref);
  return { organizationId, refId: id, refName: name };
}

async function listWorkspaces(
  db: Db,
  { organizationId, ids }: { organizationId: string; ids: readonly string[] | undefined },
  page: PageRequest,
): Promise<Page<Workspace>> {
  const rows = await db
    .select()
    .from(workspaces)
    .where(
      and(
        eq(workspaces.organizationId, organizationId),
        ids && inArray(workspaces.id, [...ids]),
        afterCursor(workspaces, page.cursor),
      ),
    )
    .orderBy(desc(workspaces.createdAt), desc(workspaces.id))
    .limit(page.limit + 1);
  return toPage(rows, page);
}

async function insertWorkspace(
  db: Db,
  organizationId: string,
  values: WorkspaceValues,
): Promise<Workspace | undefined> {
  const [inserted] = await db
    .insert(workspaces)
    .values({ organizationId, ...values })
    .onConflictDoNothing({ target: [workspaces.organizationId, workspaces.name] })
    .returning();
  return inserted;
}

async function updateWorkspace(
  db: Db,
  organizationId: string,
  id: string,
  changes: WorkspaceChanges,
): Promise<Workspace | 'absent' | 'name_in_use'> {
  try {
    const [updated] = await db
      .update(workspaces)
      .set({ ...changes, updatedAt: new Date() })
      .where(isWorkspace(organizationId, id))
      .returning();
    return updated ?? 'absent';
  } catch (error) {
    if (isViolation(error, 'unique', 'workspaces_name')) return 'name_in_use';
    throw error;
  }
}

/**
 * Deletes a workspace and the records of its runtimes. The foreign key makes sure that no runtime
 * is active: an active runtime keeps its row, and so the workspace.
 */
async function removeWorkspace(
  db: Db,
  organizationId: string,
  id: string,
): Promise<'removed' | 'absent' | 'has_active_runtimes'> {
  try {
    return await db.transaction(async (tx) => {
      const doomed = and(
        eq(runtimes.organizationId, organizationId),
        eq(runtimes.workspaceId, id),
        // This must not match an index's condition, or the statement would read every ended
        // runtime for one workspace.
        sql`(${isOver}) is true`,
      );
      const ids = () => tx.select({ id: runtimes.id }).from(runtimes).where(doomed);
      await ids().for('update');
      await handOver(tx, organizationId, ids());
      await tx.delete(runtimes).where(doomed);
      const deleted = await tx
        .delete(workspaces)
        .where(isWorkspace(organizationId, id))
        .returning({ id: workspaces.id });
      return deleted.length > 0 ? 'removed' : 'absent';
    });
  } catch (error) {
    if (isViolation(error, 'foreignKey', 'runtimes_workspace')) return 'has_active_runtimes';
    throw error;
  }
}

function isWorkspace(organizationId: string, ref: string): SQL | undefined {
  const { id, name } = keyOf(ref);
  const is =
    id === undefined ? name !== undefined && eq(workspaces.name, name) : eq(workspaces.id, id);
  return and(eq(workspaces.organizationId, organizationId), is || sql`false`);
}

/** Names that look like ids are refused when a workspace is made, so a reference is one or the other. */
function keyOf(ref: string): { id?: string; name?: string } {
  if (ref.includes('\0')) return {}; // which Postgres does not take
  return z.uuid().safeParse(ref).success ? { id: ref } : { name: ref };
}

import { and, desc, eq, inArray, notInArray, or, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import {
  ACTIVE_STATES,
  RuntimeError,
  statesBefore,
  type NewRuntime,
  type Page,
  type PageRequest,
  type Runtime,
  type RuntimeMove,
  type RuntimeState,
  type RuntimeStore,
} from '../../runtime-manager/index.ts';
import type { Db } from '../client.ts';
import { runtimes } from '../schema/index.ts';
import { isViolation } from './database-errors.ts';
import { afterCursor, toPage } from './pages.ts';
import { findWorkspace } from './workspaces.ts';

type Row = typeof runtimes.$inferSelect;

/** What the core keeps of runtimes, in Postgres. */
export function createRuntimeStore(db: Db): RuntimeStore {
  return {
    findWorkspace: async (organizationId, ref) => {
      const found = await findWorkspace(db, organizationId, ref);
      return found && { id: found.id, storageWorkspace: found.mounts.storage?.workspace };
    },
    insert: (organizationId, runtime) => insertRuntime(db, organizationId, runtime),
    find: (organizationId, workspaceId, ref) => findRuntime(db, organizationId, workspaceId, ref),
    list: (organizationId, workspaceId, { states }, page) =>
      listRuntimes(db, isOf(organizationId, workspaceId), states, page),
    move: (organizationId, id, move) => moveRuntime(db, organizationId, id, move),
    setDriver: async (organizationId, id, driver) => {
      await db
        .update(runtimes)
        .set({ currentDriver: driver })
        .where(
          and(
            eq(runtimes.organizationId, organizationId),
            eq(runtimes.id, id),
            eq(runtimes.state, 'running'),
          ),
        );
    },
    remove: async (organizationId, id) => {
      const removed = await db
        .delete(runtimes)
        .where(
          and(
            eq(runtimes.organizationId, organizationId),
            eq(runtimes.id, id),
            notInArray(runtimes.state, ACTIVE_STATES),
          ),
        )
        .returning({ id: runtimes.id });
      return removed.length > 0;
    },
    failActive: async (nodeId, failure) => {
      const failed = await db
        .update(runtimes)
        .set(valuesOf({ to: 'failed', failure }))
        .where(and(eq(runtimes.nodeId, nodeId), inArray(runtimes.state, ACTIVE_STATES)))
        .returning({ id: runtimes.id });
      return failed.length;
    },
  };
}

async function insertRuntime(
  db: Db,
  organizationId: string,
  runtime: NewRuntime,
): Promise<Runtime> {
  try {
    const [row] = await db
      .insert(runtimes)
      .values({ ...runtime, organizationId, state: 'launching', currentDriver: runtime.driver })
      .returning();
    if (!row) throw new Error('insert returned no row');
    return toRuntime(row);
  } catch (cause) {
    if (isViolation(cause, 'unique', 'runtimes_active_alias')) {
      throw new RuntimeError(
        'runtime.alias_in_use',
        `An active runtime of this workspace has the alias ${runtime.alias}.`,
        { cause },
      );
    }
    if (isViolation(cause, 'foreignKey', 'runtimes_workspace')) {
      throw new RuntimeError('workspace.not_found', 'There is no such workspace.', { cause });
    }
    throw cause;
  }
}

/** An id wins over an alias that looks like one; of several with one alias, the newest is meant. */
async function findRuntime(
  db: Db,
  organizationId: string,
  workspaceId: string,
  ref: string,
): Promise<Runtime | undefined> {
  if (ref.includes('\0')) return undefined; // which Postgres does not take
  const hasId = z.uuid().safeParse(ref).success ? eq(runtimes.id, ref) : undefined;
  const [row] = await db
    .select()
    .from(runtimes)
    .where(and(isOf(organizationId, workspaceId), or(eq(runtimes.alias, ref), hasId)))
    .orderBy(...(hasId ? [desc(hasId)] : []), desc(runtimes.createdAt), desc(runtimes.id))
    .limit(1);
  return row && toRuntime(row);
}

async function listRuntimes(
  db: Db,
  owned: SQL | undefined,
  states: readonly RuntimeState[],
  page: PageRequest,
): Promise<Page<Runtime>> {
  const rows = await db
    .select()
    .from(runtimes)
    .where(and(owned, inArray(runtimes.state, [...states]), afterCursor(runtimes, page.cursor)))
    .orderBy(desc(runtimes.createdAt), desc(runtimes.id))
    .limit(page.limit + 1);
  return toPage(rows.map(toRuntime), page);
}

async function moveRuntime(
  db: Db,
  organizationId: string,
  id: string,
  move: RuntimeMove,
): Promise<Runtime | undefined> {
  const [row] = await db
    .update(runtimes)
    .set(valuesOf(move))
    .where(
      and(
        eq(runtimes.organizationId, organizationId),
        eq(runtimes.id, id),
        inArray(runtimes.state, statesBefore(move.to)),
      ),
    )
    .returning();
  return row && toRuntime(row);
}

function valuesOf(move: RuntimeMove): Partial<Row> {
  const now = new Date();
  switch (move.to) {
    case 'running':
      return {
        state: 'running',
        defaultContextId: move.defaultContextId,
        defaultPageId: move.defaultPageId,
        startedAt: now,
      };
    case 'stopping':
      return { state: 'stopping' };
    case 'stopped':
      return { state: 'stopped', ...NO_BROWSER, stopReason: move.reason, stoppedAt: now };
    case 'failed':
      return {
        state: 'failed',
        ...NO_BROWSER,
        failureCode: move.failure.code,
        failureMessage: move.failure.message,
        stoppedAt: now,
      };
  }
}

const NO_BROWSER = { currentDriver: null, defaultContextId: null, defaultPageId: null } as const;

function isOf(organizationId: string, workspaceId: string) {
  return and(eq(runtimes.organizationId, organizationId), eq(runtimes.workspaceId, workspaceId));
}

function toRuntime(row: Row): Runtime {
  const { failureCode, failureMessage, ...rest } = row;
  const failure =
    failureCode === null ? undefined : { code: failureCode, message: failureMessage ?? '' };
  return {
    ...rest,
    failure,
    currentDriver: row.currentDriver ?? undefined,
    defaultContextId: row.defaultContextId ?? undefined,
    defaultPageId: row.defaultPageId ?? undefined,
    storageWorkspace: row.storageWorkspace ?? undefined,
    stopReason: row.stopReason ?? undefined,
    startedAt: row.startedAt ?? undefined,
    stoppedAt: row.stoppedAt ?? undefined,
  };
}

import { and, eq, sql, type SQLWrapper } from 'drizzle-orm';
import {
  INTERRUPTED,
  type Operation,
  type OperationStore,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { isUnderWay, operations, runtimes } from '../schema/index.ts';

export function createOperationStore(db: Db): OperationStore {
  return {
    insert: async ({ progress, ...operation }) => {
      const startedAt = operation.status === 'running' ? sql`now()` : null;
      const rows = await db.execute(sql`
        insert into ${operations} (id, organization_id, workspace_id, runtime_id, alias, node_id,
          status, progress, started_at)
        select ${operation.id}, ${operation.organizationId}, ${operation.workspaceId}, runtimes.id,
          ${operation.alias}, ${operation.nodeId}, ${operation.status},
          ${JSON.stringify(progress)}::jsonb, ${startedAt}
        from ${runtimes}
        where organization_id = ${operation.organizationId}
          and runtimes.id = ${operation.runtimeId} for key share
        on conflict (id) do nothing returning id`);
      return rows.length > 0;
    },
    begin: async (id) => {
      await db
        .update(operations)
        .set({ status: 'running', startedAt: sql`now()` })
        .where(and(eq(operations.id, id), isUnderWay));
    },
    progress: async (id, progress) => {
      await db
        .update(operations)
        .set({ progress })
        .where(and(eq(operations.id, id), isUnderWay));
    },
    end: async (id, { status, progress, result, error }) => {
      const [row] = await db
        .update(operations)
        .set({ status, progress, result, error, endedAt: sql`now()` })
        .where(and(eq(operations.id, id), isUnderWay))
        .returning();
      return row && toOperation(row);
    },
    find: async (organizationId, id) => {
      const [row] = await db
        .select()
        .from(operations)
        .where(and(eq(operations.id, id), eq(operations.organizationId, organizationId)));
      return row && toOperation(row);
    },
    interrupt: (nodeId) => interruptOperations(db, sql`select ${nodeId}::uuid`),
  };
}

/** Fails what was under way on nodes whose processes ended, or were given up, and tells so. */
export async function interruptOperations(db: Db, nodeIds: SQLWrapper): Promise<void> {
  await db.execute(sql`
    with interrupted as (
      update ${operations} set status = 'failed', ended_at = now(),
        error = ${JSON.stringify(INTERRUPTED)}::jsonb
      where node_id = any(array(${nodeIds})) and ${isUnderWay}
      returning organization_id, runtime_id, id)
    insert into runtime_events (organization_id, runtime_id, type, data)
    select organization_id, runtime_id, 'operation.failed',
      jsonb_build_object('operationId', id, 'code', ${INTERRUPTED.code}::text,
        'message', ${INTERRUPTED.message}::text)
    from interrupted`);
}

function toOperation({
  result,
  error,
  startedAt,
  endedAt,
  ...row
}: typeof operations.$inferSelect): Operation {
  return {
    ...row,
    result: result ?? undefined,
    error: error ?? undefined,
    startedAt: startedAt ?? undefined,
    endedAt: endedAt ?? undefined,
  };
}

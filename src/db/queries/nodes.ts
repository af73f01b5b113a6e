import { and, asc, count, desc, eq, getTableColumns, lt, ne, sql, type SQL } from 'drizzle-orm';
import {
  failure,
  type ClusterFigures,
  type ListedNode,
  type LostNodes,
  type NewNode,
  type NodeLife,
  type NodeStore,
  type PresentNodeState,
  type RuntimeLife,
} from '../../runtime-manager/runtime/index.ts';
import type { Database, Db } from '../client.ts';
import { given, prepared } from '../prepared.ts';
import {
  isActive,
  isGone,
  isPresent,
  isWaiting,
  nodes,
  organizations,
  runtimeEvents,
  runtimes,
} from '../schema/index.ts';
import { failArriving } from './downloads.ts';
import { interruptOperations } from './operations.ts';
import { leavingPlaces } from './quotas.ts';
import { MOVED } from './runtime-events.ts';
import { MOVE_VALUES, moveParameters } from './runtime-moves.ts';

const LISTED_MAX = 1000;
const KEPT_HOURS = 24;
const NODE_LOST = { to: 'failed', failure: failure('runtime.node_lost') } as const;
/** Whoever waited for a node did so for a client, which is gone with the process. */
const ABANDONED = failure('runtime.abandoned');

/**
 * What the core keeps of the processes of a cluster, in Postgres. A renewal does not wait for the
 * disk: after a crash of Postgres the next one follows at once.
 */
export function createNodeStore({
  db,
  unhurried,
  durably,
}: Pick<Database, 'db' | 'unhurried' | 'durably'>): NodeStore {
  return {
    join: async (node, leaseMs) => {
      await removeOld(db, node.id);
      return join(db, node, leaseMs);
    },
    renew: (life, leaseMs) => renew(unhurried, life, leaseMs),
    drain: (life) => setState(db, life, 'draining'),
    undrain: (life) => setState(db, life, 'up'),
    leave: (life) => setState(db, life, 'left'),
    list: () => listNodes(db),
    figures: () => figures(db),
    declareLost: (ids) => durably((to) => declareLost(to, ids)),
    failLate: () => durably(failLate),
  };
}

/** Passes over rows that another join removes just now. */
async function removeOld(db: Db, joining: string): Promise<void> {
  const old = db
    .select({ id: nodes.id })
    .from(nodes)
    .where(
      and(
        isGone,
        lt(nodes.leaseUntil, sql`now() - make_interval(hours => ${KEPT_HOURS})`),
        // Whoever comes back goes on counting its epochs.
        ne(nodes.id, joining),
      ),
    )
    .for('update', { skipLocked: true });
  await db.delete(nodes).where(sql`${nodes.id} = any(array(${old}))`);
}

async function join(db: Db, node: NewNode, leaseMs: number): Promise<NodeLife> {
  const { id, address = null, httpAddress = null, ...rest } = node;
  const begun = {
    ...rest,
    address,
    httpAddress,
    state: 'up',
    leaseUntil: inFuture(leaseMs),
    startedAt: sql`now()`,
  } as const;
  const [life] = await db
    .insert(nodes)
    .values({ ...begun, id, epoch: 1 })
    .onConflictDoUpdate({ target: nodes.id, set: { ...begun, epoch: sql`${nodes.epoch} + 1` } })
    .returning({ id: nodes.id, epoch: nodes.epoch });
  if (!life) throw new Error('insert returned no row');
  return life;
}

async function renew(
  db: Db,
  life: NodeLife,
  leaseMs: number,
): Promise<PresentNodeState | undefined> {
  const [renewed] = await db
    .update(nodes)
    .set({ leaseUntil: inFuture(leaseMs) })
    .where(isLife(life))
    .returning({ state: sql<PresentNodeState>`${nodes.state}` });
  return renewed?.state;
}

async function setState(db: Db, life: NodeLife, state: 'up' | 'draining' | 'left'): Promise<void> {
  await db.update(nodes).set({ state }).where(isLife(life));
}

async function listNodes(db: Db): Promise<ListedNode[]> {
  const { state, leaseUntil, ...columns } = getTableColumns(nodes);
  const rows = await db
    .select({
      ...columns,
      state: sql<ListedNode['state']>`${state}`,
      leaseLeftMs: sql<number>`(extract(epoch from ${leaseUntil} - now()) * 1000)::double precision`,
    })
    .from(nodes)
    .where(isPresent)
    .orderBy(desc(nodes.startedAt), desc(nodes.id))
    .limit(LISTED_MAX);
  return rows.map((row) => ({
    ...row,
    address: row.address ?? undefined,
    httpAddress: row.httpAddress ?? undefined,
  }));
}

/** There is a row at least: that of the process that asks. */
async function figures(db: Db): Promise<ClusterFigures> {
  const held = db
    .select({ places: sql`coalesce(sum(${organizations.activeRuntimes}), 0)` })
    .from(organizations);
  const waiting = db.select({ count: count() }).from(runtimes).where(isWaiting);
  const oldest = db
    .select({ at: sql`min(${runtimes.queuedAt})` })
    .from(runtimes)
    .where(isWaiting);
  const rows = await db
    .select({
      state: nodes.state,
      count: sql<number>`(count(*) filter (where ${ne(nodes.role, 'api')}))::integer`,
      held: sql<number>`(${held})::integer`,
      waiting: sql<number>`(${waiting})::integer`,
      oldestWaitMs: sql<number>`greatest(0, coalesce(extract(epoch from now() - (${oldest})) * 1000, 0))::double precision`,
    })
    .from(nodes)
    .groupBy(nodes.state);
  const counts = Object.fromEntries(rows.map((row) => [row.state, row.count]));
  const [whole = { held: 0, waiting: 0, oldestWaitMs: 0 }] = rows;
  return {
    activeRuntimes: Math.max(0, whole.held - whole.waiting),
    waiting: whole.waiting,
    oldestWaitMs: whole.oldestWaitMs,
    nodes: { up: 0, draining: 0, lost: 0, left: 0, ...counts },
  };
}

async function declareLost(db: Db, ids: readonly string[]): Promise<LostNodes> {
  const rows = await lose(db).execute({ ids: `{${ids.join(',')}}`, ...moveParameters(NODE_LOST) });
  return {
    nodeIds: [...new Set(rows.map(({ nodeId }) => nodeId))],
    runtimes: rows.flatMap(({ runtime }) => (runtime ? [runtime] : [])),
  };
}

async function failLate(db: Db): Promise<RuntimeLife[]> {
  const gone = db.select({ id: nodes.id }).from(nodes).where(isGone);
  await failArriving(db, gone);
  await interruptOperations(db, gone);
  return loseLate(db).execute(moveParameters(NODE_LOST));
}

/**
 * Locks the nodes in the order of their ids, then their runtimes, then the organizations: two such
 * statements, or one and a statement that ends a single runtime, cannot deadlock. A renewal that
 * comes first is seen, since each row is looked at again once it is locked.
 */
const lose = prepared((db) => {
  const over = db.$with('over').as(
    db
      .select({ id: nodes.id })
      .from(nodes)
      .where(
        and(
          sql`${nodes.id} = any(${sql.placeholder('ids')}::uuid[])`,
          isPresent,
          lt(nodes.leaseUntil, sql`now()`),
        ),
      )
      .orderBy(asc(nodes.id))
      .for('no key update'),
  );
  const lost = db.$with('lost').as(
    db
      .update(nodes)
      .set({ state: 'lost' })
      .where(sql`${nodes.id} = any(array(select id from over))`)
      .returning({ id: nodes.id }),
  );
  const moved = failing(db, sql`select id from lost`);
  const runtime = {
    organizationId: moved.organizationId,
    id: moved.id,
    generation: moved.generation,
  };
  return db
    .with(over, lost, moved, noteFailed(db), leavingPlaces(db))
    .select({ nodeId: lost.id, runtime })
    .from(lost)
    .leftJoin(moved, eq(moved.nodeId, lost.id))
    .prepare('declare_lost');
});

const loseLate = prepared((db) => {
  const lost = db.select({ id: nodes.id }).from(nodes).where(eq(nodes.state, 'lost'));
  const moved = failing(db, sql`${lost}`);
  const { organizationId, id, generation } = moved;
  return db
    .with(moved, noteFailed(db), leavingPlaces(db))
    .select({ organizationId, id, generation })
    .from(moved)
    .prepare('fail_late');
});

/** Fails the active runtimes of some processes, also those that wait there for a node. */
function failing(db: Db, processIds: SQL) {
  const { organizationId, id, generation, nodeId, failureCode, failureMessage } = runtimes;
  return db.$with(MOVED).as(
    db
      .update(runtimes)
      .set({
        ...MOVE_VALUES.failed,
        failureCode: unlessWaiting(ABANDONED.code, given(failureCode)),
        failureMessage: unlessWaiting(ABANDONED.message, given(failureMessage)),
        updatedAt: given(runtimes.updatedAt, 'now'),
      })
      .where(and(sql`${runtimes.nodeId} = any(array(${processIds}))`, isActive))
      .returning({ organizationId, id, generation, nodeId, failureCode, failureMessage }),
  );
}

/** Of a runtime that waits for a node, or of one that has one. */
function unlessWaiting(waiting: string, otherwise: SQL): SQL {
  return sql`case when ${isWaiting} then ${waiting} else ${otherwise} end`;
}

/** As `noteMoved`, of runtimes that failed for several reasons. */
function noteFailed(db: Db) {
  return db.$with('noted', { id: runtimeEvents.id }).as(sql`
    insert into ${runtimeEvents} (organization_id, runtime_id, type, data)
    select organization_id, id, 'runtime.failed',
      jsonb_build_object('code', failure_code, 'message', failure_message)
    from ${sql.identifier(MOVED)} returning id`);
}

/** A life that is not over. */
function isLife({ id, epoch }: NodeLife) {
  return and(eq(nodes.id, id), eq(nodes.epoch, epoch), isPresent);
}

function inFuture(ms: number) {
  return sql`now() + make_interval(secs => ${ms / 1000}::double precision)`;
}

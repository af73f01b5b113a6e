import { and, asc, desc, eq, getTableColumns, lt, ne, sql, type SQL } from 'drizzle-orm';
import {
  failure,
  type ListedNode,
  type LostNodes,
  type NewNode,
  type NodeLife,
  type NodeStore,
  type RuntimeLife,
} from '../../runtime-manager/runtime/index.ts';
import type { Database, Db } from '../client.ts';
import { given, prepared } from '../prepared.ts';
import { isActive, isGone, isPresent, nodes, runtimes } from '../schema/index.ts';
import { leavingPlaces } from './quotas.ts';
import { MOVED, noteMoved } from './runtime-events.ts';
import { eventsOf, MOVE_VALUES, moveParameters } from './runtime-moves.ts';

const LISTED_MAX = 1000;
const KEPT_HOURS = 24;
const NODE_LOST = { to: 'failed', failure: failure('runtime.node_lost') } as const;

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
  const { id, address = null, ...rest } = node;
  const begun = {
    ...rest,
    address,
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

async function renew(db: Db, life: NodeLife, leaseMs: number): Promise<boolean> {
  const renewed = await db
    .update(nodes)
    .set({ leaseUntil: inFuture(leaseMs) })
    .where(isLife(life))
    .returning({ id: nodes.id });
  return renewed.length > 0;
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
  return rows.map((row) => ({ ...row, address: row.address ?? undefined }));
}

async function declareLost(db: Db, ids: readonly string[]): Promise<LostNodes> {
  const rows = await lose(db).execute({ ids: `{${ids.join(',')}}`, ...lostParameters() });
  return {
    nodeIds: [...new Set(rows.map(({ nodeId }) => nodeId))],
    runtimes: rows.flatMap(({ runtime }) => (runtime ? [runtime] : [])),
  };
}

async function failLate(db: Db): Promise<RuntimeLife[]> {
  return loseLate(db).execute(lostParameters());
}

function lostParameters() {
  return {
    ...moveParameters(NODE_LOST),
    // Every runtime has the same event: that of `runtime.failed` names no generation.
    events: JSON.stringify(eventsOf({ generation: 0 }, NODE_LOST)),
  };
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
    .with(over, lost, moved, noteMoved(db), leavingPlaces(db))
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
    .with(moved, noteMoved(db), leavingPlaces(db))
    .select({ organizationId, id, generation })
    .from(moved)
    .prepare('fail_late');
});

/** Fails the active runtimes of some nodes. */
function failing(db: Db, nodeIds: SQL) {
  const { organizationId, id, generation, nodeId } = runtimes;
  return db.$with(MOVED).as(
    db
      .update(runtimes)
      .set({ ...MOVE_VALUES.failed, updatedAt: given(runtimes.updatedAt, 'now') })
      .where(and(sql`${runtimes.nodeId} = any(array(${nodeIds}))`, isActive))
      .returning({ organizationId, id, generation, nodeId }),
  );
}

/** A life that is not over. */
function isLife({ id, epoch }: NodeLife) {
  return and(eq(nodes.id, id), eq(nodes.epoch, epoch), isPresent);
}

function inFuture(ms: number) {
  return sql`now() + make_interval(secs => ${ms / 1000}::double precision)`;
}

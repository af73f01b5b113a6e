import { asc, and, sql } from 'drizzle-orm';
import type { Runtime, WaitingStore } from '../../runtime-manager/runtime/index.ts';
import type { Database, Db } from '../client.ts';
import { given, prepared } from '../prepared.ts';
import { isWaiting, runtimes } from '../schema/index.ts';
import { eventsOf, moveParameters } from './runtime-moves.ts';
import { update, type Row } from './runtime-statements.ts';

/**
 * The queue of a cluster, in Postgres. What takes a runtime out of it is on disk before anybody acts
 * on that: a pull that a crash undid would be done twice.
 */
export function createWaitingStore(
  { db, durably }: Pick<Database, 'db' | 'durably'>,
  open: (row: Row) => Runtime,
): WaitingStore {
  const find = ([row]: Row[]) => row && open(row);
  return {
    pull: async ({ id, hasWebDriver }) =>
      find(await durably((to) => pull(to).execute({ nodeId: id, hasWebDriver, now: new Date() }))),
    withdraw: async ({ organizationId, id, generation }, end) => {
      const parameters = {
        organizationId,
        id,
        generation,
        ...moveParameters(end),
        events: JSON.stringify(eventsOf({ generation }, end)),
      };
      return find(await durably((to) => withdraw(to)[end.to].execute(parameters)));
    },
    countWaiting: (most) => countWaiting(db, most),
  };
}

/** Whoever appends an event to a runtime does not make it unavailable: the lock lets keys be looked up. */
const pull = prepared((db) => {
  const next = db.$with('next').as(
    db
      .select({ id: runtimes.id })
      .from(runtimes)
      .where(
        and(
          isWaiting,
          sql`(${runtimes.driver} <> 'selenium' or ${sql.placeholder('hasWebDriver')}::boolean)`,
        ),
      )
      .orderBy(asc(runtimes.queuedAt), asc(runtimes.id))
      .limit(1)
      .for('no key update', { skipLocked: true }),
  );
  return db
    .with(next)
    .update(runtimes)
    .set({
      nodeId: given(runtimes.nodeId),
      state: 'launching',
      queuedAt: null,
      updatedAt: given(runtimes.updatedAt, 'now'),
    })
    .where(sql`${runtimes.id} = any(array(select id from next))`)
    .returning()
    .prepare('pull_runtime');
});

const withdraw = prepared((db) => ({
  stopped: update(db, 'stopped', isWaiting),
  failed: update(db, 'failed', isWaiting),
}));

async function countWaiting(db: Db, most: number): Promise<{ waiting: number; oldestMs: number }> {
  const oldest = db
    .select({ queuedAt: runtimes.queuedAt })
    .from(runtimes)
    .where(isWaiting)
    .orderBy(asc(runtimes.queuedAt), asc(runtimes.id))
    .limit(most)
    .as('oldest');
  const [counted] = await db
    .select({
      waiting: sql<number>`count(*)::integer`,
      oldestMs: sql<number>`greatest(0, coalesce(extract(epoch from now() - min(${oldest.queuedAt})) * 1000, 0))::double precision`,
    })
    .from(oldest);
  return counted ?? { waiting: 0, oldestMs: 0 };
}

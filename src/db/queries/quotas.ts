import { and, asc, count, eq, getTableColumns, inArray, ne, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { isActive, organizations, runtimes } from '../schema/index.ts';
import { MOVED } from './runtime-events.ts';

/**
 * An organization's row has the number of its active runtimes. The same statements that begin and
 * end runtimes change that number, and they change it last: whoever holds the row waits for
 * nothing.
 */

/**
 * What a statement returns of a runtime that it makes active; the statement fails when no more
 * runtimes may be active.
 */
export function takingPlace(most: SQL | number) {
  const organizationId = sql<string>`take_runtime_quota(${runtimes.organizationId}, ${most})`;
  return { ...getTableColumns(runtimes), organizationId: organizationId.as('organization_id') };
}

/** The part of a prepared statement that gives back the places of the runtimes in `MOVED`. */
export function leavingPlace(db: Db) {
  const moved = sql.identifier(MOVED);
  return db.$with('left', { id: organizations.id }).as(sql`
    update ${organizations} set active_runtimes = active_runtimes - 1 from ${moved}
    where ${organizations.id} = ${moved}.organization_id returning ${organizations.id}`);
}

/**
 * The same for a statement that ends many runtimes. It locks organizations in the order of their
 * ids, as whoever locks several does.
 */
export function leavingPlaces(db: Db) {
  return db.$with('left', { id: organizations.id }).as(sql`
    update ${organizations} set active_runtimes = active_runtimes - locked.places
    from (
      select organization.id, counted.places from ${organizations} as organization
        join (
          select organization_id as id, count(*)::integer as places
          from ${sql.identifier(MOVED)} group by organization_id
        ) as counted using (id)
      order by organization.id for no key update of organization
    ) as locked
    where ${organizations.id} = locked.id returning ${organizations.id}`);
}

/**
 * Corrects the numbers that statements of others made wrong, and resolves with how many were wrong.
 * Costs as much as there are active runtimes.
 */
export async function correctPlaces(db: Db): Promise<number> {
  const active = db
    .select({ organizationId: runtimes.organizationId, places: count().as('places') })
    .from(runtimes)
    .where(isActive)
    .groupBy(runtimes.organizationId)
    .as('active');
  const places = sql<number>`coalesce(${active.places}, 0)`;
  const wrong = await db
    .select({ id: organizations.id })
    .from(organizations)
    .leftJoin(active, eq(active.organizationId, organizations.id))
    .where(ne(organizations.activeRuntimes, places));
  if (wrong.length === 0) return 0;
  return db.transaction(async (tx) => {
    const isWrong = inArray(
      organizations.id,
      wrong.map(({ id }) => id),
    );
    await tx
      .select({ id: organizations.id })
      .from(organizations)
      .where(isWrong)
      .orderBy(asc(organizations.id))
      .for('no key update');
    // From here on nobody begins or ends a runtime of these organizations, and the count includes
    // whoever did before.
    const counted = tx
      .select({ places: count() })
      .from(runtimes)
      .where(and(eq(runtimes.organizationId, organizations.id), isActive));
    await tx
      .update(organizations)
      .set({ activeRuntimes: sql`(${counted})` })
      .where(isWrong);
    return wrong.length;
  });
}

import { and, desc, eq, inArray, sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import {
  statesBefore,
  statusOf,
  type NewRuntime,
  type RuntimeLife,
  type RuntimeMove,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { given, prepared } from '../prepared.ts';
import { isActive, runtimes } from '../schema/index.ts';
import { isViolation } from './database-errors.ts';
import { leavingPlace, takingPlace } from './quotas.ts';
import { MOVED, noteMoved } from './runtime-events.ts';
import { eventsOf, MOVE_VALUES, moveParameters, runningValues } from './runtime-moves.ts';
import { asRefusal } from './runtime-refusals.ts';
import { ofWorkspace, workspaceParameters } from './workspaces.ts';

/** The statements that create, look up and move a runtime: prepared, and one round trip each. */

export type Row = typeof runtimes.$inferSelect;

const CREATED = { type: 'runtime.created', data: {} } as const;

/**
 * Records a runtime within the quota of its organization; a runtime may be recorded as running
 * already. Undefined when another one has the id.
 */
export async function insertRuntime(
  db: Db,
  organizationId: string,
  { workspace, running, waits, ...runtime }: NewRuntime,
  most: number,
): Promise<Row | undefined> {
  const events = [CREATED, ...(running ? eventsOf({ generation: 1 }, running) : [])];
  const insert = running ? insertRunning : waits ? insertWaiting : insertFirst;
  try {
    const [row] = await insert(db).execute({
      ...runtime,
      ...workspaceParameters(organizationId, workspace),
      now: new Date(),
      ...(running && moveParameters(running)),
      most,
      events: JSON.stringify(events),
    });
    if (!row) throw new Error('insert returned no row');
    return row;
  } catch (cause) {
    if (isViolation(cause, 'unique', 'runtimes_pkey')) return undefined;
    throw await asRefusal(db, cause, {
      ...runtime,
      findNamesake: () => findRuntime(db, organizationId, workspace, runtime.alias),
    });
  }
}

/** An id wins over an alias that looks like one; of several with one alias, the active or newest. */
export async function findRuntime(
  db: Db,
  organizationId: string,
  workspace: string,
  ref: string,
): Promise<Row | undefined> {
  if (ref.includes('\0')) return undefined; // which Postgres does not take
  const id = z.uuid().safeParse(ref).success ? ref : null;
  const parameters = { ...workspaceParameters(organizationId, workspace), alias: ref, id };
  const [row] = await selectRuntime(db).execute(parameters);
  return row;
}

/** Undefined when the runtime is in no state that the move may start from. */
export async function moveRuntime(
  db: Db,
  { organizationId, id, generation }: RuntimeLife,
  move: RuntimeMove,
): Promise<Row | undefined> {
  const [row] = await updateRuntime(db)[move.to].execute({
    organizationId,
    id,
    generation,
    ...moveParameters(move),
    events: JSON.stringify(eventsOf({ generation }, move)),
  });
  return row;
}

const insertFirst = prepared((db) => insertion(db, { state: given(runtimes.state) }));
const insertWaiting = prepared((db) => insertion(db, { state: 'accepted', queuedAt: sql`now()` }));
const insertRunning = prepared((db) => {
  const seconds = sql`${given(runtimes.maxDurationSeconds)}::integer`;
  return insertion(db, runningValues(seconds));
});

type First =
  | ReturnType<typeof runningValues>
  | { state: SQL }
  | { state: 'accepted'; queuedAt: SQL };

function insertion(db: Db, state: First) {
  const moved = db.$with(MOVED).as(
    db
      .insert(runtimes)
      .values({
        id: given(runtimes.id),
        ...ofWorkspace(db),
        organizationId: given(runtimes.organizationId),
        nodeId: given(runtimes.nodeId),
        alias: given(runtimes.alias),
        kind: given(runtimes.kind),
        driver: given(runtimes.driver),
        currentDriver: given(runtimes.driver),
        launch: given(runtimes.launch),
        profileId: given(runtimes.profileId),
        writesProfile: given(runtimes.writesProfile),
        egress: given(runtimes.egress),
        recording: given(runtimes.recording),
        idleTimeoutSeconds: given(runtimes.idleTimeoutSeconds),
        maxDurationSeconds: given(runtimes.maxDurationSeconds),
        // These times come from the same clock as all other times of a runtime.
        createdAt: given(runtimes.createdAt, 'now'),
        updatedAt: given(runtimes.updatedAt, 'now'),
        ...state,
      })
      .returning(takingPlace(sql`${sql.placeholder('most')}`)),
  );
  return db.with(moved, noteMoved(db)).select().from(moved).prepare('insert_runtime');
}

const selectRuntime = prepared((db) => {
  const owned = and(
    eq(runtimes.organizationId, given(runtimes.organizationId)),
    eq(runtimes.workspaceId, ofWorkspace(db).workspaceId),
  );
  const hasAlias = and(owned, eq(runtimes.alias, given(runtimes.alias)));
  const byId = db
    .select({ id: runtimes.id })
    .from(runtimes)
    .where(and(owned, eq(runtimes.id, given(runtimes.id))));
  const active = db.select({ id: runtimes.id }).from(runtimes).where(and(hasAlias, isActive));
  const newest = db
    .select({ id: runtimes.id })
    .from(runtimes)
    .where(hasAlias)
    .orderBy(desc(runtimes.createdAt), desc(runtimes.id))
    .limit(1);
  // Each subquery runs only when those before it found nothing, and an index answers it.
  return db
    .select()
    .from(runtimes)
    .where(eq(runtimes.id, sql`coalesce((${byId}), (${active}), (${newest}))`))
    .prepare('find_runtime');
});

const updateRuntime = prepared((db) => ({
  launching: update(db, 'launching'),
  running: update(db, 'running'),
  stopping: update(db, 'stopping'),
  stopped: update(db, 'stopped'),
  failed: update(db, 'failed'),
}));

/** The statement of a move, from the states that it may start from unless `from` says otherwise. */
export function update(
  db: Db,
  to: RuntimeMove['to'],
  from: SQL = inArray(runtimes.state, statesBefore(to)),
) {
  const moved = db.$with(MOVED).as(
    db
      .update(runtimes)
      .set({ ...MOVE_VALUES[to], updatedAt: given(runtimes.updatedAt, 'now') })
      .where(
        and(
          eq(runtimes.organizationId, given(runtimes.organizationId)),
          eq(runtimes.id, given(runtimes.id)),
          eq(runtimes.generation, given(runtimes.generation)),
          from,
        ),
      )
      .returning(),
  );
  const beside = statusOf(to) !== 'active' ? [noteMoved(db), leavingPlace(db)] : [noteMoved(db)];
  return db
    .with(moved, ...beside)
    .select()
    .from(moved)
    .prepare('move_runtime');
}

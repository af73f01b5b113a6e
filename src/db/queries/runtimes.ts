import { and, desc, eq, sql } from 'drizzle-orm';
import {
  addressOf,
  NO_USAGE,
  statusOf,
  type Activity,
  type PageRequest,
  type Proxy,
  type RuntimeFilter,
  type RuntimeLife,
  type RuntimeMove,
  type RuntimeStore,
} from '../../runtime-manager/runtime/index.ts';
import type { Database, Db } from '../client.ts';
import { organizationBytes } from '../schema/columns.ts';
import { isActive, isOver, runtimes } from '../schema/index.ts';
import {
  lastGivenEventId,
  listEventWriters,
  listOrganizationEvents,
} from './organization-events.ts';
import { afterCursor, toPage } from './pages.ts';
import { appendEvents, lastEventId, listEvents } from './runtime-events.ts';
import { usageColumns } from './runtime-moves.ts';
import { sealLaunch, toRuntime } from './runtime-rows.ts';
import { sealConfig } from './proxy-passwords.ts';
import type { Sealing } from '../sealing.ts';
import { asRefusal } from './runtime-refusals.ts';
import { findRuntime, insertRuntime, moveRuntime, type Row } from './runtime-statements.ts';
import { correctPlaces, takingPlace } from './quotas.ts';
import { createWaitingStore } from './waiting.ts';
import { handOver } from './webhook-handover.ts';
import { findWorkspace } from './workspaces.ts';

export interface RuntimeStoreOptions {
  /** How many runtimes an organization without a limit of its own may have active. */
  maxRuntimesPerOrganization: number;
}

/**
 * What the core keeps of runtimes, in Postgres. That a runtime runs or is over is on disk before
 * any client is told; nothing waits for the disk to have the other writes.
 */
export function createRuntimeStore(
  { db, unhurried, durably }: Pick<Database, 'db' | 'unhurried' | 'durably'>,
  secrets: Sealing,
  options: RuntimeStoreOptions,
): RuntimeStore {
  const most = options.maxRuntimesPerOrganization;
  const open = (row: Row) => toRuntime(row, secrets);
  const find = (row: Row | undefined) => row && open(row);
  return {
    findWorkspace: (organizationId, ref) => findWorkspace(db, organizationId, ref),
    insert: async (organizationId, runtime) => {
      const sealed = { ...runtime, launch: sealLaunch(runtime.launch, secrets) };
      const write = (to: Db) => insertRuntime(to, organizationId, sealed, most);
      return find(await (runtime.running ? durably(write) : write(unhurried)));
    },
    revive: async (over, next) => find(await reviveRuntime(unhurried, over, { ...next, most })),
    find: async (organizationId, workspace, ref) =>
      find(await findRuntime(db, organizationId, workspace, ref)),
    list: async (organizationId, filter, page) => {
      const rows = await listRuntimes(db, organizationId, filter, page);
      return toPage(rows.map(open), page);
    },
    listActive: async (nodeId) => (await listActive(db, nodeId)).map(open),
    move: async (life, move) => {
      const write = (to: Db) => moveRuntime(to, life, move);
      return find(await (isTold(move) ? durably(write) : write(unhurried)));
    },
    setProxy: async (life, proxy) => find(await setProxy(db, life, proxy, secrets)),
    setDriver: (life, driver) => updateRunning(unhurried, life, { currentDriver: driver }),
    setConnectionEpochs: (life, connectionEpochs) => updateRunning(db, life, { connectionEpochs }),
    setDefaultPage: (life, pageId) =>
      updateRunning(unhurried, life, { defaultPageId: pageId ?? null }),
    recordActivity: (active) => recordActivity(unhurried, active),
    remove: (organizationId, id) => removeRuntime(db, organizationId, id),
    appendEvents: (life, events) => appendEvents(unhurried, life, events),
    listEvents: (organizationId, id, filter, limit) =>
      listEvents(db, organizationId, id, { ...filter, limit }),
    lastEventId: (organizationId, id) => lastEventId(db, organizationId, id),
    listOrganizationEvents: (organizationId, range, limit) =>
      listOrganizationEvents(db, organizationId, range, limit),
    lastGivenEventId: () => lastGivenEventId(db),
    listEventWriters: () => listEventWriters(db),
    correctPlaces: () => correctPlaces(db),
    ...createWaitingStore({ db, durably }, open),
  };
}

/** Whether a client relies on the move from now on. */
function isTold({ to }: RuntimeMove): boolean {
  return to === 'running' || statusOf(to) !== 'active';
}

type Next = Parameters<RuntimeStore['revive']>[1];

async function reviveRuntime(
  db: Db,
  over: RuntimeLife,
  { waits, most, ...next }: Next & { most: number },
): Promise<Row | undefined> {
  try {
    const [row] = await db
      .update(runtimes)
      .set({
        ...next,
        queuedAt: waits ? sql`now()` : null,
        generation: sql`${runtimes.generation} + 1`,
        currentDriver: sql`${runtimes.driver}`,
        failureCode: null,
        failureMessage: null,
        stopReason: null,
        startedAt: null,
        stoppedAt: null,
        lastActivityAt: null,
        expiresAt: null,
        ...usageColumns(NO_USAGE),
      })
      .where(and(isLife(over), isOver))
      .returning(takingPlace(most));
    return row;
  } catch (cause) {
    const { organizationId, id } = over;
    const [row] = await db.select().from(runtimes).where(isRuntime(organizationId, id));
    const { alias = '', profileId, workspaceId = '' } = row ?? {};
    throw await asRefusal(db, cause, {
      alias,
      profileId: profileId ?? undefined,
      findNamesake: () => findRuntime(db, organizationId, workspaceId, alias),
    });
  }
}

/**
 * Reads each state, of each workspace or of all together, in its own order as far as a page needs,
 * so that no other rows are read. An index serves that, and has all that is asked for there.
 */
async function listRuntimes(
  db: Db,
  organizationId: string,
  { workspaceIds, states }: RuntimeFilter,
  { cursor, limit }: PageRequest,
): Promise<Row[]> {
  const places = workspaceIds
    ? sql`unnest(${arrayOf(workspaceIds)}::uuid[]) as place(id)`
    : sql`(select ${organizationId}::uuid) as place(id)`;
  const isThere = workspaceIds
    ? sql`${runtimes.workspaceId} = place.id`
    : sql`${organizationBytes} = uuid_send(place.id)`;
  const found = sql`
    select page.id from ${places}
      cross join unnest(${arrayOf(states)}::runtime_state[]) as asked(state)
      cross join lateral (
        select id, created_at from ${runtimes}
        where ${and(isThere, sql`${runtimes.state} = asked.state`, afterCursor(runtimes, cursor))}
        order by created_at desc, id desc limit ${limit + 1}
      ) as page
    order by page.created_at desc, page.id desc limit ${limit + 1}`;
  return db
    .select()
    .from(runtimes)
    .where(
      and(eq(runtimes.organizationId, organizationId), sql`${runtimes.id} = any(array(${found}))`),
    )
    .orderBy(desc(runtimes.createdAt), desc(runtimes.id));
}

/** An array literal of values without commas and quotes: ids, or states. */
function arrayOf(values: readonly string[]): string {
  return `{${values.join(',')}}`;
}

async function listActive(db: Db, nodeId: string): Promise<Row[]> {
  return db
    .select()
    .from(runtimes)
    .where(and(eq(runtimes.nodeId, nodeId), isActive));
}

async function updateRunning(db: Db, life: RuntimeLife, values: Partial<Row>): Promise<void> {
  await db
    .update(runtimes)
    .set(values)
    .where(and(isLife(life), eq(runtimes.state, 'running')));
}

/**
 * Changes the row in one statement, since a start reads it in one: what an ephemeral runtime is
 * launched with changes too.
 */
async function setProxy(
  db: Db,
  life: RuntimeLife,
  proxy: Proxy | undefined,
  secrets: Sealing,
): Promise<Row | undefined> {
  const { proxy: sealed = null } = sealConfig({ proxy: proxy ?? null }, secrets);
  const config = sql`coalesce(${runtimes.launch} -> 'config', '{}') || ${JSON.stringify({ proxy: sealed })}::jsonb`;
  const [row] = await db
    .update(runtimes)
    .set({
      proxy: proxy ? addressOf(proxy) : null,
      launch: sql`case when ${runtimes.launch} ->> 'mode' = 'ephemeral'
        then jsonb_set(${runtimes.launch}, '{config}', ${config}) else ${runtimes.launch} end`,
    })
    .where(and(isLife(life), eq(runtimes.state, 'running')))
    .returning();
  return row;
}

async function recordActivity(
  db: Db,
  active: readonly (Activity & Pick<RuntimeLife, 'id' | 'generation'>)[],
): Promise<void> {
  const seen = JSON.stringify(
    active.map(({ id, generation, lastActivityAt, usage }) => ({
      id,
      generation,
      at: lastActivityAt,
      ...usage,
    })),
  );
  await db.execute(sql`
    update ${runtimes} set last_activity_at = seen.at, bytes_in = seen."bytesIn",
      bytes_out = seen."bytesOut", connections = seen.connections
    from jsonb_to_recordset(${seen}::jsonb)
      as seen(id uuid, generation integer, at timestamptz, "bytesIn" bigint, "bytesOut" bigint, connections integer)
    where ${runtimes.id} = seen.id and ${runtimes.generation} = seen.generation
      and ${runtimes.state} = 'running'`);
}

async function removeRuntime(db: Db, organizationId: string, id: string): Promise<boolean> {
  return db.transaction(async (tx) => {
    const doomed = and(isRuntime(organizationId, id), isOver);
    const [held] = await tx.select({ id: runtimes.id }).from(runtimes).where(doomed).for('update');
    if (!held) return false;
    await handOver(tx, organizationId, sql`${id}::uuid`);
    await tx.delete(runtimes).where(doomed);
    return true;
  });
}

function isRuntime(organizationId: string, id: string) {
  return and(eq(runtimes.organizationId, organizationId), eq(runtimes.id, id));
}

function isLife({ organizationId, id, generation }: RuntimeLife) {
  return and(isRuntime(organizationId, id), eq(runtimes.generation, generation));
}

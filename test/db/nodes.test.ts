/** Who is in the cluster, by Postgres' clock, and what ends with a machine that is lost. */
import { randomUUID } from 'node:crypto';
import { asc, eq, inArray, sql } from 'drizzle-orm';
import { afterEach, expect, test as base, vi } from 'vitest';
import type { Db } from '../../src/db/client.ts';
import { createNodeStore } from '../../src/db/queries/nodes.ts';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { nodes, organizations, runtimes } from '../../src/db/schema/index.ts';
import type { NewNode, Runtime } from '../../src/runtime-manager/runtime/index.ts';
import { openTestDatabase, openTestSecrets } from '../support/database.ts';
import { insertRecord, newRecord, RUNNING } from '../support/records.ts';

const MINUTE_MS = 60_000;
/** A lease that is over when it begins. */
const OVER_MS = -1;
const STOPPED = { to: 'stopped', reason: 'requested' } as const;
const NODE_LOST = {
  code: 'runtime.node_lost',
  message: 'The machine that held the runtime is gone.',
} as const;

const test = base
  .extend('database', async ({}, { onCleanup }) => {
    const database = await openTestDatabase();
    onCleanup(() => database[Symbol.asyncDispose]());
    return database;
  })
  .extend('cluster', async ({ database }) => {
    const { db } = database;
    const store = createRuntimeStore(database, await openTestSecrets({ db }), {
      maxRuntimesPerOrganization: 1000,
    });
    const members = createNodeStore(database);
    const statesOf = async (ids: readonly string[]) => {
      const rows = await db.select().from(nodes).where(inArray(nodes.id, ids));
      return ids.map((id) => rows.find((row) => row.id === id)?.state);
    };
    const listedIds = async () => (await members.list()).map(({ id }) => id);
    const openOrganization = async () => (await insertOrganization(db, randomUUID())).id;
    const insert = (organizationId: string, nodeId: string, running?: typeof RUNNING) =>
      insertRecord(store, organizationId, newRecord({ nodeId, running }));
    const recordOf = ({ organizationId, id }: Runtime) => store.find(organizationId, 'default', id);
    return { db, store, members, statesOf, listedIds, openOrganization, insert, recordOf };
  })
  .extend('assertPlaces', async ({ database: { db } }) => async (organizationIds: string[]) => {
    for (const id of organizationIds) {
      const [row] = await db.select().from(organizations).where(eq(organizations.id, id));
      const [{ active } = { active: undefined }] = await db.execute<{ active: number }>(sql`
        select count(*)::integer as active from runtimes
        where organization_id = ${id} and state not in ('stopped', 'failed')`);
      expect(row?.activeRuntimes).toBe(active);
    }
  });

afterEach(() => {
  vi.useRealTimers();
});

function member(id: string = randomUUID()): NewNode {
  return { id, role: 'node', address: '10.0.0.7:9000', build: 'b', protocol: 1 };
}

/** How many statements wait for a row that another one has locked. */
async function countWaiting(db: Db): Promise<number> {
  const waiting = await db.execute(sql`
    select pid from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`);
  return waiting.length;
}

const ids = (some: readonly { id: string }[]) => some.map(({ id }) => id).toSorted();

test('whoever joins again lives one epoch later, and what its earlier life says changes nothing', async ({
  cluster: { members },
}) => {
  const { id } = member();
  const first = await members.join(member(id), MINUTE_MS);
  const second = await members.join({ ...member(id), build: 'c' }, MINUTE_MS);
  expect([first, second]).toEqual([
    { id, epoch: 1 },
    { id, epoch: 2 },
  ]);
  expect(await members.renew(first, MINUTE_MS)).toBe(false);
  await members.drain(first);
  await members.leave(first);
  expect(await members.list()).toMatchObject([{ ...second, build: 'c', state: 'up' }]);
  expect(await members.renew(second, MINUTE_MS)).toBe(true);
});

test('a lease is measured by the clock of Postgres', async ({ cluster: { members } }) => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60 * MINUTE_MS });
  const life = await members.join(member(), 1);
  for (const lease of [10 * MINUTE_MS, MINUTE_MS]) {
    await members.renew(life, lease);
    const [listed] = await members.list();
    expect(listed?.leaseLeftMs).toBeGreaterThan(lease - MINUTE_MS / 2);
    expect(listed?.leaseLeftMs).toBeLessThanOrEqual(lease);
  }
  expect(await members.declareLost([life.id])).toEqual({ nodeIds: [], runtimes: [] });
  await members.renew(life, OVER_MS);
  expect(await members.declareLost([life.id])).toEqual({ nodeIds: [life.id], runtimes: [] });
});

test('whoever is up or draining is listed, newest first, also when its lease is over', async ({
  cluster: { members },
}) => {
  const [first, second, third, fourth] = [
    await members.join(member(), OVER_MS),
    await members.join({ ...member(), role: 'api', address: undefined }, MINUTE_MS),
    await members.join(member(), MINUTE_MS),
    await members.join(member(), MINUTE_MS),
  ];
  await members.drain(second);
  await members.drain(third);
  await members.undrain(third);
  await members.leave(fourth);
  expect(await members.list()).toEqual([
    {
      ...member(third.id),
      ...third,
      state: 'up',
      startedAt: expect.any(Date),
      leaseLeftMs: expect.any(Number),
    },
    expect.objectContaining({ ...second, role: 'api', address: undefined, state: 'draining' }),
    expect.objectContaining({ ...first, state: 'up' }),
  ]);
  expect((await members.list()).at(-1)?.leaseLeftMs).toBeLessThan(0);
  expect(await members.renew(second, MINUTE_MS)).toBe(true);
  expect(await members.renew(fourth, MINUTE_MS)).toBe(false);
});

test('a join removes rows that have been lost or left for a day, and no others', async ({
  cluster: { db, members, statesOf, listedIds },
}) => {
  const [old, young, back, idle] = [member(), member(), member(), member()];
  for (const one of [old, young, back]) await members.leave(await members.join(one, MINUTE_MS));
  await members.join(idle, MINUTE_MS);
  await db
    .update(nodes)
    .set({ leaseUntil: sql`now() - interval '25 hours'` })
    .where(inArray(nodes.id, ids([old, back, idle])));
  expect(await members.join(back, MINUTE_MS)).toMatchObject({ epoch: 2 });
  expect(await statesOf([old.id, young.id, back.id])).toEqual([undefined, 'left', 'up']);
  expect(await listedIds()).toEqual([back.id, idle.id]);
});

test('a renewal writes no index', async ({ cluster: { db, members } }) => {
  const lives = await Promise.all(
    Array.from({ length: 20 }, () => members.join(member(), MINUTE_MS)),
  );
  const renewAll = () => Promise.all(lives.map((life) => members.renew(life, MINUTE_MS)));
  for (let round = 0; round < 20; round++) await renewAll();
  const counted = async () => {
    // A session tells what it did while it works, and only now and then.
    await renewAll();
    const [row] = await db.execute<{ all: number; hot: number }>(sql`
      select n_tup_upd::integer as all, n_tup_hot_upd::integer as hot
      from pg_stat_user_tables where relname = 'nodes'`);
    return row ?? { all: 0, hot: 0 };
  };
  await expect.poll(async () => (await counted()).all).toBeGreaterThan(400);
  const { all, hot } = await counted();
  expect(hot).toBe(all);
});

test('the runtimes of lost nodes fail, of all their organizations, and nothing else changes', async ({
  cluster,
  assertPlaces,
}) => {
  const { db, store, members, statesOf, insert, recordOf } = cluster;
  const owners = [
    await cluster.openOrganization(),
    await cluster.openOrganization(),
    await cluster.openOrganization(),
  ];
  const [gone, draining, empty, alive, unnamed] = await Promise.all(
    [OVER_MS, OVER_MS, OVER_MS, MINUTE_MS, OVER_MS].map((lease) => members.join(member(), lease)),
  );
  if (!gone || !draining || !empty || !alive || !unnamed) throw new Error('nobody joined');
  await members.drain(draining);
  const doomed: Runtime[] = [];
  const spared: Runtime[] = [];
  for (const [nth, owner] of owners.entries()) {
    for (let round = 0; round < 5 + nth; round++) {
      doomed.push(await insert(owner, gone.id, RUNNING), await insert(owner, draining.id));
      spared.push(await insert(owner, alive.id, RUNNING), await insert(owner, unnamed.id));
    }
    const stopping = await insert(owner, gone.id, RUNNING);
    doomed.push(stopping);
    await store.move(stopping, { to: 'stopping' });
    const over = await insert(owner, gone.id, RUNNING);
    spared.push(over);
    await store.move(over, STOPPED);
  }
  const usage = { bytesIn: 3, bytesOut: 4, connections: 5 };
  const [first] = doomed;
  if (!first) throw new Error('there are no runtimes');
  await store.recordActivity([{ ...first, lastActivityAt: new Date(), usage }]);
  const sparedRows = () =>
    db
      .select()
      .from(runtimes)
      .where(inArray(runtimes.id, ids(spared)))
      .orderBy(asc(runtimes.id));
  const before = await sparedRows();

  const asked = [gone, alive, empty, draining, { id: randomUUID() }].map(({ id }) => id);
  const lost = await members.declareLost(asked);
  expect(lost.nodeIds.toSorted()).toEqual(ids([gone, draining, empty]));
  expect(ids(lost.runtimes)).toEqual(ids(doomed));
  expect(lost.runtimes).toContainEqual({
    organizationId: first.organizationId,
    id: first.id,
    generation: 1,
  });
  expect(await statesOf([gone.id, draining.id, empty.id])).toEqual(['lost', 'lost', 'lost']);
  expect(await statesOf([alive.id, unnamed.id])).toEqual(['up', 'up']);
  expect(await sparedRows()).toEqual(before);
  for (const runtime of doomed) {
    const { organizationId, id } = runtime;
    expect(await recordOf(runtime)).toMatchObject({
      state: 'failed',
      failure: NODE_LOST,
      stoppedAt: expect.any(Date),
      currentDriver: undefined,
      defaultContextId: undefined,
      defaultPageId: undefined,
      browserDirectory: undefined,
      expiresAt: undefined,
    });
    const types = ['runtime.failed'] as const;
    const events = await store.listEvents(organizationId, id, { after: '0', types }, 10);
    expect(events.map(({ data }) => data)).toEqual([NODE_LOST]);
  }
  expect(await recordOf(first)).toMatchObject({ usage });
  await assertPlaces(owners);
  expect(await members.declareLost(asked)).toEqual({ nodeIds: [], runtimes: [] });
  expect(await members.renew(gone, MINUTE_MS)).toBe(false);
  await assertPlaces(owners);
});

test('of two that declare nodes lost at once, each loss and each end is told to one', async ({
  cluster: { members, openOrganization, insert },
  assertPlaces,
}) => {
  const owners = await Promise.all(Array.from({ length: 4 }, openOrganization));
  for (let round = 0; round < 20; round++) {
    const lives = await Promise.all(
      Array.from({ length: 4 }, () => members.join(member(), OVER_MS)),
    );
    const made = await Promise.all(
      lives.flatMap(({ id }) => owners.map((owner) => insert(owner, id))),
    );
    const asked = lives.map(({ id }) => id);
    const told = await Promise.all([
      members.declareLost(asked),
      members.declareLost(asked.toReversed()),
      members.declareLost(asked.slice(2)),
    ]);
    expect(told.flatMap(({ nodeIds }) => nodeIds).toSorted()).toEqual(ids(lives));
    expect(ids(told.flatMap((one) => one.runtimes))).toEqual(ids(made));
  }
  await assertPlaces(owners);
});

test('a node that renews its lease while others declare it lost keeps its runtimes', async ({
  cluster: { db, members, statesOf, openOrganization, insert, recordOf },
}) => {
  const life = await members.join(member(), OVER_MS);
  const runtime = await insert(await openOrganization(), life.id, RUNNING);
  const waiting = await db.transaction(async (tx) => {
    await tx
      .update(nodes)
      .set({ leaseUntil: sql`now() + interval '1 minute'` })
      .where(eq(nodes.id, life.id));
    const declared = members.declareLost([life.id]);
    await expect.poll(() => countWaiting(db)).toBe(1);
    return { declared };
  });
  expect(await waiting.declared).toEqual({ nodeIds: [], runtimes: [] });
  expect(await statesOf([life.id])).toEqual(['up']);
  expect(await recordOf(runtime)).toMatchObject({ state: 'running' });
});

test('of a renewal and a declaration at once, one is carried out', async ({
  cluster: { members, openOrganization, insert, recordOf },
}) => {
  const owner = await openOrganization();
  for (let round = 0; round < 40; round++) {
    const life = await members.join(member(), OVER_MS);
    const runtime = await insert(owner, life.id, RUNNING);
    const first = round % 2 ? members.renew(life, MINUTE_MS) : undefined;
    const declared = members.declareLost([life.id]);
    const isRenewed = await (first ?? members.renew(life, MINUTE_MS));
    expect((await declared).nodeIds).toEqual(isRenewed ? [] : [life.id]);
    expect((await recordOf(runtime))?.state).toBe(isRenewed ? 'running' : 'failed');
  }
});

test.for(['nodes', 'organizations'] as const)(
  'whoever locks %s in the order of their ids never deadlocks with a declaration',
  async (table, { cluster: { db, members, openOrganization, insert }, assertPlaces }) => {
    const owners = await Promise.all(Array.from({ length: 8 }, openOrganization));
    const lives = await Promise.all(
      Array.from({ length: 8 }, () => members.join(member(), OVER_MS)),
    );
    for (const { id } of lives) await Promise.all(owners.map((owner) => insert(owner, id)));
    const asked = lives.map(({ id }) => id);
    const locked = (table === 'nodes' ? asked : owners).toSorted();
    const waiting = await db.transaction(async (tx) => {
      const lock = (id: string) =>
        tx.execute(sql`select from ${sql.identifier(table)} where id = ${id} for no key update`);
      const [first = '', ...others] = locked;
      await lock(first);
      const declared = members.declareLost(asked);
      await expect.poll(() => countWaiting(db)).toBe(1);
      for (const id of others) await lock(id);
      return { declared };
    });
    expect((await waiting.declared).nodeIds.toSorted()).toEqual(ids(lives));
    await assertPlaces(owners);
  },
);

test('ends and begins of single runtimes meanwhile do not deadlock, and places stay exact', async ({
  cluster: { members, store, openOrganization, insert },
  assertPlaces,
}) => {
  const owners = await Promise.all(Array.from({ length: 6 }, openOrganization));
  const survivor = await members.join(member(), MINUTE_MS);
  for (let round = 0; round < 25; round++) {
    const lives = await Promise.all(
      Array.from({ length: 4 }, () => members.join(member(), OVER_MS)),
    );
    // The nodes have runtimes of the same organizations, each in another order.
    const made = await Promise.all(
      lives.flatMap(({ id }, nth) =>
        owners.map((_, at) => insert(owners[(at * (nth + 1) + nth) % owners.length] ?? '', id)),
      ),
    );
    const [moved] = await Promise.all([
      Promise.all(made.filter((_, nth) => nth % 2).map((one) => store.move(one, STOPPED))),
      ...lives.map(({ id }) => members.declareLost([id])),
      ...owners.map((owner) => insert(owner, survivor.id)),
      store.correctPlaces(),
    ]);
    for (const one of moved) expect([undefined, 'stopped']).toContain(one?.state);
    await assertPlaces(owners);
  }
});

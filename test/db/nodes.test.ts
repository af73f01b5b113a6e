/** Who is in the cluster, by Postgres' clock. */
import { setTimeout as delay } from 'node:timers/promises';
import { inArray, sql } from 'drizzle-orm';
import { afterEach, expect, vi } from 'vitest';
import { nodes } from '../../src/db/schema/index.ts';
import { insertRecord, newRecord, RUNNING } from '../support/records.ts';
import { idsOf, member, MINUTE_MS, OVER_MS, test } from '../support/cluster-test.ts';

afterEach(() => {
  vi.useRealTimers();
});

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
  expect(await members.renew(first, MINUTE_MS)).toBeUndefined();
  await members.drain(first);
  await members.leave(first);
  expect(await members.list()).toMatchObject([{ ...second, build: 'c', state: 'up' }]);
  expect(await members.renew(second, MINUTE_MS)).toBe('up');
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
    // Of those that came within one millisecond, any may be the first.
    await delay(2).then(() => members.join(member(), MINUTE_MS)),
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
  expect(await members.renew(second, MINUTE_MS)).toBe('draining');
  expect(await members.renew(fourth, MINUTE_MS)).toBeUndefined();
});

test('a join removes rows that have been lost or left for a day, and no others', async ({
  cluster: { db, members, statesOf },
}) => {
  const [old, young, back, idle] = [member(), member(), member(), member()];
  for (const one of [old, young, back]) await members.leave(await members.join(one, MINUTE_MS));
  await members.join(idle, MINUTE_MS);
  await db
    .update(nodes)
    .set({ leaseUntil: sql`now() - interval '25 hours'` })
    .where(inArray(nodes.id, idsOf([old, back, idle])));
  expect(await members.join(back, MINUTE_MS)).toMatchObject({ epoch: 2 });
  expect(await statesOf([old.id, young.id, back.id])).toEqual([undefined, 'left', 'up']);
  expect((await members.list()).map(({ id }) => id)).toEqual([back.id, idle.id]);
});

test('the figures of a cluster count nodes by their state, and active runtimes by their organizations', async ({
  cluster: { members, openOrganization, insert, store },
}) => {
  const [up, drained, gone] = [
    await members.join(member(), MINUTE_MS),
    await members.join(member(), MINUTE_MS),
    await members.join(member(), OVER_MS),
  ];
  await members.join({ ...member(), role: 'api', address: undefined }, MINUTE_MS);
  const [first, other] = [await openOrganization(), await openOrganization()];
  await insert(first, up.id, RUNNING);
  await insert(other, up.id);
  await insertRecord(store, other, newRecord({ nodeId: up.id, state: 'accepted', waits: true }));
  await store.move(await insert(other, up.id, RUNNING), { to: 'stopped', reason: 'drained' });
  await insert(other, gone.id);
  await members.drain(drained);
  await members.declareLost([gone.id]);
  expect(await members.figures()).toEqual({
    activeRuntimes: 2,
    waiting: 1,
    oldestWaitMs: expect.any(Number),
    nodes: { up: 1, draining: 1, lost: 1, left: 0 },
  });
});

test('renewals hardly ever write an index', async ({ cluster: { db, members } }) => {
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
  // A page is full now and then, while a session still sees what was there before.
  expect(hot / all).toBeGreaterThan(0.5);
});

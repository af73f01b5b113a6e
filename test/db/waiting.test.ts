/** The queue of a cluster: who comes out of it, in which order, and who decides. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import { expect } from 'vitest';
import { reconcile } from '../../src/runtime-manager/index.ts';
import type { NewRuntime, Runtime } from '../../src/runtime-manager/runtime/index.ts';
import { idsOf, test } from '../support/cluster-test.ts';
import { insertRecord, newRecord, present, RUNNING } from '../support/records.ts';

const log = pino({ level: 'silent' });
const STOPPED = { to: 'stopped', reason: 'requested' } as const;
const OVERDUE = {
  to: 'failed',
  failure: { code: 'runtime.no_capacity', message: 'Full.' },
} as const;
const NOBODY = { waiting: 0, oldestMs: 0 };

const queueTest = test.extend('queue', async ({ cluster }) => {
  const owner = await cluster.openOrganization();
  const api = randomUUID();
  const waits = { nodeId: api, state: 'accepted', waits: true } as const;
  const add = (differs: Partial<NewRuntime> = {}) =>
    insertRecord(cluster.store, owner, newRecord({ ...waits, ...differs }));
  const addAll = async (count: number) => {
    const added: Runtime[] = [];
    for (let nth = 0; nth < count; nth++) added.push(await add());
    return added;
  };
  const node = { id: randomUUID(), hasWebDriver: true };
  return { ...cluster, owner, api, waits, add, addAll, node };
});

queueTest('a node gets the oldest, whose record says so', async ({ queue }) => {
  const { store, addAll, node, api } = queue;
  const added = await addAll(3);
  expect(added[0]).toMatchObject({ state: 'accepted', nodeId: api, queuedAt: expect.any(Date) });
  for (const { id } of added) {
    const pulled = present(await store.pull(node));
    expect(pulled).toMatchObject({ id, state: 'launching', nodeId: node.id });
    expect(pulled.queuedAt).toBeUndefined();
    expect(await queue.recordOf(pulled)).toEqual(pulled);
    expect(await store.move(pulled, RUNNING)).toMatchObject({ state: 'running' });
  }
  expect(await store.pull(node)).toBeUndefined();
});

queueTest('a runtime that is started again waits from then on', async ({ queue }) => {
  const { store, add, insert, owner, waits, node } = queue;
  const old = await insert(owner, node.id, RUNNING);
  await store.move(old, STOPPED);
  const first = await add();
  const again = present(await store.revive(old, waits));
  expect(again).toMatchObject({ state: 'accepted', generation: 2, queuedAt: expect.any(Date) });
  expect((await store.pull(node))?.id).toBe(first.id);
  expect(await store.pull(node)).toMatchObject({ id: old.id, generation: 2 });
});

queueTest('nodes that pull at once get each runtime once, and none is left', async ({ queue }) => {
  const { store, addAll } = queue;
  const added = await addAll(60);
  const pullAll = async () => {
    const node = { id: randomUUID(), hasWebDriver: true };
    const pulled: Runtime[] = [];
    for (let missed = 0; missed < 3;) {
      const next = await store.pull(node);
      if (next) pulled.push(next);
      else missed++;
    }
    return pulled;
  };
  const pulled = (await Promise.all(Array.from({ length: 8 }, pullAll))).flat();
  expect(idsOf(pulled)).toEqual(idsOf(added));
  expect(await store.countWaiting(1)).toEqual(NOBODY);
});

queueTest('a node without WebDriver passes over those who need it', async ({ queue }) => {
  const { store, add, node } = queue;
  const selenium = await add({ driver: 'selenium' });
  const plain = await add();
  expect((await store.pull({ ...node, hasWebDriver: false }))?.id).toBe(plain.id);
  expect(await store.pull({ ...node, hasWebDriver: false })).toBeUndefined();
  expect((await store.pull(node))?.id).toBe(selenium.id);
});

queueTest(
  'of a pull, a withdrawal and a stop at once, one happens',
  async ({ queue: { store, add, node, recordOf, owner }, assertPlaces }) => {
    for (let round = 0; round < 100; round++) {
      const life = await add();
      const tries = [
        () => store.pull(node),
        () => store.withdraw(life, OVERDUE),
        () => store.withdraw(life, STOPPED),
      ];
      const turn = round % tries.length;
      const done = await Promise.all(
        [...tries.slice(turn), ...tries.slice(0, turn)].map((one) => one()),
      );
      const happened = done.filter((one) => one !== undefined);
      // A pull passes over a row that is being withdrawn.
      expect(happened).toHaveLength(1);
      expect(await recordOf(life)).toEqual(happened[0]);
      const [{ state } = life] = happened;
      if (state === 'launching') await store.move(life, STOPPED);
    }
    await assertPlaces([owner]);
  },
);

queueTest('what is over, or was pulled, is not withdrawn', async ({ queue }) => {
  const { store, add, node } = queue;
  const pulled = await add();
  await store.pull(node);
  expect(await store.withdraw(pulled, OVERDUE)).toBeUndefined();
  const other = await add();
  expect(await store.withdraw({ ...other, generation: 2 }, OVERDUE)).toBeUndefined();
  expect(await store.withdraw({ ...other, organizationId: randomUUID() }, STOPPED)).toBeUndefined();
  const over = present(await store.withdraw(other, OVERDUE));
  expect(over).toMatchObject({ state: 'failed', failure: OVERDUE.failure });
  expect(over.queuedAt).toBeUndefined();
  expect(await store.withdraw(other, STOPPED)).toBeUndefined();
  const types = ['runtime.failed'] as const;
  const events = await store.listEvents(queue.owner, other.id, { after: '0', types }, 9);
  expect(events.map(({ data }) => data)).toEqual([OVERDUE.failure]);
  expect(await store.pull(node)).toBeUndefined();
});

queueTest(
  'those who wait are counted up to a limit, with the age of the oldest',
  async ({ queue: { store, addAll, node, db } }) => {
    expect(await store.countWaiting(10)).toEqual(NOBODY);
    const [oldest] = await addAll(3);
    await delay(2);
    const { waiting, oldestMs } = await store.countWaiting(10);
    expect(waiting).toBe(3);
    expect(oldestMs).toBeGreaterThan(0);
    expect((await store.countWaiting(2)).waiting).toBe(2);
    expect((await store.countWaiting(0)).waiting).toBe(0);
    await db.execute(
      sql`update runtimes set queued_at = queued_at - interval '1 hour' where id = ${oldest?.id ?? ''}`,
    );
    expect((await store.countWaiting(1)).oldestMs).toBeGreaterThan(3_599_000);
    await store.pull(node);
    expect((await store.countWaiting(1)).oldestMs).toBeLessThan(3_599_000);
  },
);

queueTest('an end that knows nothing of the queue takes a runtime out of it', async ({ queue }) => {
  const { store, add, node } = queue;
  await store.move(await add(), STOPPED);
  expect(await store.countWaiting(1)).toEqual(NOBODY);
  expect(await store.pull(node)).toBeUndefined();
});

queueTest('a runtime is pulled while something is noted about it', async ({ queue }) => {
  const { store, add, node, db } = queue;
  const life = await add();
  const pulled = await db.transaction(async (tx) => {
    await tx.execute(sql`select from runtimes where id = ${life.id} for key share`);
    return store.pull(node);
  });
  expect(pulled?.id).toBe(life.id);
});

queueTest(
  'a node that was lost keeps what waits here, and a restarted one does not',
  async ({ queue: { store, add, insert, owner, api, recordOf } }) => {
    const waiting = await add();
    const launching = await insert(owner, api);
    await reconcile(store, api, log, 'runtime.node_lost');
    expect((await recordOf(launching))?.failure?.code).toBe('runtime.node_lost');
    expect(await recordOf(waiting)).toEqual(waiting);
    await reconcile(store, api, log);
    expect((await recordOf(waiting))?.failure?.code).toBe('runtime.service_restarted');
  },
);

/** What ends with a machine that is lost, and nothing else. */
import { randomUUID } from 'node:crypto';
import { asc, eq, inArray, sql } from 'drizzle-orm';
import { expect } from 'vitest';
import type { Db } from '../../src/db/client.ts';
import { createOperationStore } from '../../src/db/queries/operations.ts';
import { createFileStore } from '../../src/db/queries/files.ts';
import { nodes, runtimes } from '../../src/db/schema/index.ts';
import type { Runtime } from '../../src/runtime-manager/runtime/index.ts';
import { idsOf, member, MINUTE_MS, OVER_MS, test } from '../support/cluster-test.ts';
import { RUNNING } from '../support/records.ts';

const STOPPED = { to: 'stopped', reason: 'requested' } as const;
const NODE_LOST = {
  code: 'runtime.node_lost',
  message: 'The machine that held the runtime is gone.',
} as const;

/** How many statements wait for a row that another one has locked. */
async function countWaiting(db: Db): Promise<number> {
  const waiting = await db.execute(sql`
    select pid from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`);
  return waiting.length;
}

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
      .where(inArray(runtimes.id, idsOf(spared)))
      .orderBy(asc(runtimes.id));
  const before = await sparedRows();

  const asked = [gone, alive, empty, draining, { id: randomUUID() }].map(({ id }) => id);
  const lost = await members.declareLost(asked);
  expect(lost.nodeIds.toSorted()).toEqual(idsOf([gone, draining, empty]));
  expect(idsOf(lost.runtimes)).toEqual(idsOf(doomed));
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
  expect(await members.renew(gone, MINUTE_MS)).toBeUndefined();
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
    expect(told.flatMap(({ nodeIds }) => nodeIds).toSorted()).toEqual(idsOf(lives));
    expect(idsOf(told.flatMap((one) => one.runtimes))).toEqual(idsOf(made));
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
    expect((await waiting.declared).nodeIds.toSorted()).toEqual(idsOf(lives));
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

test('files that arrive and operations under way on nodes that are lost or have left fail, also when they began late', async ({
  cluster: { db, members, openOrganization, insert },
}) => {
  const organizationId = await openOrganization();
  const store = createFileStore(db);
  const operations = createOperationStore(db);
  const join = (leaseMs: number) => members.join(member(), leaseMs);
  const [gone, left, alive] = [await join(OVER_MS), await join(MINUTE_MS), await join(MINUTE_MS)];
  const arrive = async (nodeId: string) => {
    const { id: runtimeId, workspaceId } = await insert(organizationId, nodeId);
    const about = { path: 'a', contentType: 'text/plain', url: undefined, nodeId };
    const id: string = randomUUID();
    await store.beginDownload({ ...about, id, organizationId, runtimeId });
    const steps = { status: 'running', progress: { step: 1, totalSteps: 2 }, alias: 'a' } as const;
    await operations.insert({ ...steps, id, organizationId, workspaceId, runtimeId, nodeId });
    return id;
  };
  const stateOf = async (id: string) => {
    const operation = await operations.find(organizationId, id);
    const state = (await store.find(organizationId, id))?.state;
    expect(operation?.status).toBe(state === 'arriving' ? 'running' : 'failed');
    return state;
  };
  const [here, there, spared] = [
    await arrive(gone.id),
    await arrive(left.id),
    await arrive(alive.id),
  ];
  await members.failLate();
  expect(await Promise.all([here, there, spared].map(stateOf))).toEqual(
    Array.from({ length: 3 }, () => 'arriving'),
  );
  await members.leave(left);
  await members.declareLost([gone.id]);
  await members.failLate();
  expect(await Promise.all([here, there].map(stateOf))).toEqual(['failed', 'failed']);
  const late = await arrive(gone.id);
  await members.failLate();
  expect(await store.find(organizationId, late)).toMatchObject({ failure: 'download.cut_off' });
  expect(await operations.find(organizationId, late)).toMatchObject({
    error: { code: 'operation.interrupted' },
  });
  expect(await stateOf(spared)).toBe('arriving');
});

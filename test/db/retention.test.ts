import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import { expect, test as base } from 'vitest';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { createOperationStore } from '../../src/db/queries/operations.ts';
import { createRetentionStore } from '../../src/db/queries/retention.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { auditEntries } from '../../src/db/schema/index.ts';
import { Retention } from '../../src/runtime-manager/index.ts';
import type { KeptRecords, RetentionStore } from '../../src/runtime-manager/runtime/index.ts';
import { openTestDatabase, openTestSecrets } from '../support/database.ts';
import { insertRecord, newRecord } from '../support/records.ts';

const DAY_MS = 86_400_000;
const MONTH_MS = 30 * DAY_MS;
const KEEP: KeptRecords = {
  runtimesMs: MONTH_MS,
  events: { perRuntime: 1000, ageMs: 365 * DAY_MS },
  auditMs: MONTH_MS,
};

const test = base.extend('owner', async ({}, { onCleanup }) => {
  const database = await openTestDatabase();
  onCleanup(() => database[Symbol.asyncDispose]());
  const { db } = database;
  const { id: organizationId } = await insertOrganization(db, randomUUID());
  const options = { maxRuntimesPerOrganization: 5 };
  const secrets = await openTestSecrets({ db });
  const runtimes = createRuntimeStore(database, secrets, options);
  const records = createRetentionStore(db);
  const nodeId = randomUUID();
  const insert = () => insertRecord(runtimes, organizationId, newRecord({ nodeId }));
  /** A runtime that has been over for so long, with so many events besides its own. */
  const over = async (ageMs: number, events = 0) => {
    const runtime = await insert();
    const { id } = runtime;
    await runtimes.move(runtime, { to: 'stopped', reason: 'idle' });
    await db.execute(sql`update runtimes
      set stopped_at = now() - make_interval(secs => ${ageMs / 1000}) where id = ${id}`);
    await write(id, events);
    return id;
  };
  const write = (id: string, events: number) =>
    db.execute(sql`insert into runtime_events (organization_id, runtime_id, type, data)
      select ${organizationId}, ${id}, 'page.loaded', '{}' from generate_series(1, ${events})`);
  const left = async () => {
    const rows = await db.execute<{ id: string }>(sql`select id from runtimes order by stopped_at`);
    return rows.map(({ id }) => id);
  };
  const eventsOf = (id: string) => runtimes.listEvents(organizationId, id, { after: '0' }, 10_000);
  const tidy = async (keep = KEEP, store: RetentionStore = records) => {
    using retention = new Retention({ nodeId, store, keep, log: pino({ level: 'silent' }) });
    await retention.run();
  };
  return {
    db,
    organizationId,
    nodeId,
    runtimes,
    records,
    insert,
    over,
    write,
    left,
    eventsOf,
    tidy,
  };
});

test('only runtimes that are over for longer than they are kept are removed', async ({ owner }) => {
  const { over, insert, left, tidy, eventsOf } = owner;
  const old = await over(MONTH_MS + 60_000, 10);
  const young = await over(MONTH_MS - 60_000, 10);
  const active = await insert();
  await tidy();
  expect(await left()).toEqual([young, active.id]);
  expect(await eventsOf(old)).toEqual([]);
  expect(await eventsOf(young)).toHaveLength(12);
});

test('runtimes whose events are gone already are removed', async ({ owner }) => {
  const { db, over, left, tidy } = owner;
  const withEvents = await over(2 * MONTH_MS, 3);
  for (let n = 0; n < 3; n++) await over(3 * MONTH_MS);
  await db.execute(sql`delete from runtime_events where runtime_id <> ${withEvents}`);
  await tidy();
  expect(await left()).toEqual([]);
});

test('nothing that is to be kept for ever is removed', async ({ owner }) => {
  const { over, left, tidy } = owner;
  const old = await over(100 * MONTH_MS);
  await tidy({ ...KEEP, runtimesMs: 0 });
  expect(await left()).toEqual([old]);
});

test('no statement removes more than a batch of runtimes, or of events', async ({ owner }) => {
  const { db, over, left, records } = owner;
  for (const events of [0, 3, 25, 0, 8, 40, 1]) await over(2 * MONTH_MS, events);
  const counted = async (table: string) => {
    const rows = await db.execute<{ count: number }>(
      sql`select count(*)::integer as count from ${sql.identifier(table)}`,
    );
    return rows[0]?.count ?? 0;
  };
  let from: string | undefined = '-infinity';
  let removed = 0;
  for (let batches = 0; from !== undefined; batches++) {
    expect(batches).toBeLessThan(40);
    const [runtimes, events] = [await counted('runtimes'), await counted('runtime_events')];
    const end = await records.removeRuntimes(MONTH_MS, { from, limit: 5 });
    expect(runtimes - (await counted('runtimes'))).toBe(end.removed);
    expect(end.removed).toBeLessThanOrEqual(5);
    expect(events - (await counted('runtime_events'))).toBeLessThanOrEqual(5);
    removed += end.removed;
    from = end.next;
  }
  expect(removed).toBe(7);
  expect(await left()).toEqual([]);
  expect(await counted('runtime_events')).toBe(0);
});

test('a runtime that is started meanwhile stays, and nobody waits for it', async ({ owner }) => {
  const { db, organizationId, nodeId, runtimes, over, left, tidy } = owner;
  const started = await over(3 * MONTH_MS, 5);
  await over(2 * MONTH_MS);
  await db.transaction(async (tx) => {
    await tx.execute(
      sql`update runtimes set state = 'launching', stopped_at = null where id = ${started}`,
    );
    await tidy();
    expect(await left()).toEqual([started]);
  });
  await tidy();
  expect(await left()).toEqual([started]);

  // In many concurrent rounds, each runtime is either started or removed.
  const ids = await Promise.all(Array.from({ length: 5 }, () => over(2 * MONTH_MS)));
  const [begun] = await Promise.all([
    Promise.all(
      ids.map((id) =>
        runtimes
          .revive({ organizationId, id, generation: 1 }, { nodeId, state: 'launching' })
          .catch(() => undefined),
      ),
    ),
    tidy(),
  ]);
  await tidy();
  const living = begun.flatMap((runtime) => (runtime ? [runtime.id] : []));
  expect((await left()).toSorted()).toEqual([...living, started].toSorted());
});

test('services that do it at the same time share the work', async ({ owner }) => {
  const { over, left, tidy, eventsOf } = owner;
  for (let n = 0; n < 20; n++) await over(2 * MONTH_MS, 20);
  const young = await over(0, 3);
  await Promise.all(Array.from({ length: 4 }, () => tidy()));
  await tidy();
  expect(await left()).toEqual([young]);
  expect(await eventsOf(young)).toHaveLength(5);
});

test('old events are removed, and those beyond the limit of a runtime', async ({ owner }) => {
  const { db, insert, write, eventsOf, tidy, organizationId } = owner;
  const runtime = await insert();
  await write(runtime.id, 1500);
  const other = await insertRecord(owner.runtimes, organizationId, {
    ...runtime,
    id: randomUUID(),
    alias: 'other',
    workspace: 'default',
    nodeId: randomUUID(),
    state: 'launching',
  });
  await write(other.id, 20);
  const all = await eventsOf(runtime.id);
  await tidy({ ...KEEP, events: { perRuntime: 10, ageMs: DAY_MS } });
  expect(await eventsOf(runtime.id)).toEqual(all.slice(-10));
  // Each node counts the events of its own runtimes only.
  expect(await eventsOf(other.id)).toHaveLength(21);

  await db.execute(sql`update runtime_events set created_at = now() - interval '25 hours'
    where id <= ${all.at(-3)?.id ?? ''}`);
  await tidy({ ...KEEP, events: { perRuntime: 10, ageMs: DAY_MS } });
  expect(await eventsOf(runtime.id)).toEqual(all.slice(-2));
});

test('idempotency keys are removed after a day', async ({ owner: { db, tidy } }) => {
  await db.execute(sql`insert into idempotency_keys (id, request, node_id, created_at)
    select n::text, 'r', gen_random_uuid(), now() - make_interval(hours => 24, mins => n)
    from generate_series(-700, 700) n where n <> 0`);
  await tidy();
  const left = await db.execute<{ id: string }>(sql`select id from idempotency_keys`);
  expect(left.map(({ id }) => Number(id)).every((minutes) => minutes < 0)).toBe(true);
  expect(left).toHaveLength(700);
});

test('old operations are removed once they are over', async ({ owner }) => {
  const { db, organizationId, nodeId, insert, tidy } = owner;
  const { id: runtimeId, workspaceId } = await insert();
  const store = createOperationStore(db);
  const progress = { step: 0, totalSteps: 1 };
  const about = { organizationId, workspaceId, runtimeId, alias: 'a', nodeId, progress };
  const [old, late, young] = [randomUUID(), randomUUID(), randomUUID()];
  for (const id of [old, late, young]) await store.insert({ ...about, id, status: 'running' });
  const end = { status: 'succeeded', progress, result: undefined, error: undefined } as const;
  for (const id of [old, young]) await store.end(id, end);
  await db.execute(sql`update operations set created_at = now() - interval '366 days'
    where id in (${old}, ${late})`);
  await tidy();
  const left = await Promise.all([old, late, young].map((id) => store.find(organizationId, id)));
  expect(left.map((one) => one?.id)).toEqual([undefined, late, young]);
});

test('the audit is kept for as long as it is to be, and 0 means for ever', async ({ owner }) => {
  const { db, organizationId, tidy } = owner;
  await db.execute(sql`insert into audit_entries (id, organization_id, key_id, key_name, origin, verb,
      path, status, request_id, client_address, created_at)
    select gen_random_uuid(), ${organizationId}, gen_random_uuid(), 'k', 'api', 'v', 'minute ' || n,
      200, 'r', 'a', now() - make_interval(days => 30, mins => n)
    from generate_series(-600, 600) n where n <> 0`);
  await tidy({ ...KEEP, auditMs: 0 });
  expect(await db.$count(auditEntries)).toBe(1200);
  await tidy();
  const left = await db.select({ path: auditEntries.path }).from(auditEntries);
  expect(left).toHaveLength(600);
  expect(left.every(({ path }) => path.startsWith('minute -'))).toBe(true);
});

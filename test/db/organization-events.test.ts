/** Reading an organization's events while others are being written. */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { expect, test as base } from 'vitest';
import type { Db } from '../../src/db/client.ts';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { createWorkspaceStore } from '../../src/db/queries/workspaces.ts';
import { Sealing } from '../../src/db/sealing.ts';
import { OrganizationEvents } from '../../src/runtime-manager/events/organization-events.ts';
import { WakeUps } from '../../src/runtime-manager/events/wake-ups.ts';
import { systemActor } from '../../src/runtime-manager/runtime/index.ts';
import { openTestDatabase } from '../support/database.ts';
import { insertRecord, newRecord } from '../support/records.ts';

const test = base.extend('owner', async ({}, { onCleanup }) => {
  const database = await openTestDatabase();
  const { db } = database;
  const secrets = await Sealing.open(db, 'a key for tests');
  const store = createRuntimeStore(database, secrets, { maxRuntimesPerOrganization: 50 });
  const { id: organizationId } = await insertOrganization(db, randomUUID());
  const wakeUps = new WakeUps();
  const closed = new AbortController();
  onCleanup(async () => {
    closed.abort();
    await database[Symbol.asyncDispose]();
  });
  let questions = 0;
  const counted = {
    ...store,
    listEventWriters: () => {
      questions++;
      return store.listEventWriters();
    },
  };
  const events = new OrganizationEvents({ store: counted, wakeUps, closed: closed.signal });
  const actor = systemActor(organizationId);
  const insert = (workspace = 'default', of = organizationId) =>
    insertRecord(store, of, newRecord({ nodeId: randomUUID(), workspace }));
  /** Writes an event by a statement of its own, or as a part of a transaction. */
  const write = async (runtimeId: string, pageId: string, on: Pick<Db, 'execute'> = db) => {
    await on.execute(sql`insert into runtime_events (organization_id, runtime_id, type, page_id, data)
      select organization_id, id, 'page.loaded', ${pageId}, '{}' from runtimes where id = ${runtimeId}`);
    wakeUps.wake({ id: runtimeId, organizationId });
  };
  /** Collects the page ids of events, and positions; the first page is only a position. */
  const follow = async (filter: Parameters<typeof events.watch>[1] = {}, as = actor) => {
    const pages = events.watch(as, filter, []);
    const first = await pages.next();
    const seen: (string | undefined)[] = [];
    const positions = first.done ? [] : [first.value.position];
    const reading = (async () => {
      for await (const page of pages) {
        seen.push(...page.events.map(({ pageId }) => pageId));
        positions.push(page.position);
      }
    })();
    reading.catch(() => undefined);
    return { seen, positions };
  };
  /** How many times the reader has asked who is writing. */
  const asked = () => questions;
  return { db, store, actor, organizationId, insert, write, follow, asked };
});

test('an event that is committed late is not passed over', async ({ owner }) => {
  const { db, store, organizationId, insert, write, follow, asked } = owner;
  const readable = () => store.listEvents(organizationId, quick.id, { after: '0' }, 100);
  const [slow, quick] = [await insert(), await insert()];
  const { seen } = await follow();
  const wrote = Promise.withResolvers<void>();
  const mayCommit = Promise.withResolvers<void>();
  const late = db.transaction(async (tx) => {
    await write(slow.id, 'late', tx);
    wrote.resolve();
    await mayCommit.promise;
  });
  await wrote.promise;
  await write(quick.id, 'early');
  // The event could be read, and is held back until the one before it can be.
  const before = asked();
  await expect.poll(asked).toBeGreaterThan(before + 3);
  expect((await readable()).map(({ pageId }) => pageId)).toContain('early');
  expect(seen).toEqual([]);
  mayCommit.resolve();
  await late;
  await expect.poll(() => seen).toEqual(['late', 'early']);
});

test('the reader waits no longer for an event that was rolled back', async ({ owner }) => {
  const { db, insert, write, follow } = owner;
  const runtime = await insert();
  const { seen } = await follow();
  const givenUp = db.transaction(async (tx) => {
    await write(runtime.id, 'never', tx);
    await write(runtime.id, 'other');
    tx.rollback();
  });
  await expect(givenUp).rejects.toThrow();
  await expect.poll(() => seen).toEqual(['other']);
});

test('reading goes on from a position, whatever was written meanwhile', async ({ owner }) => {
  const { insert, write, follow } = owner;
  const runtime = await insert();
  const first = await follow();
  for (const pageId of ['a', 'b']) await write(runtime.id, pageId);
  await expect.poll(() => first.seen).toEqual(['a', 'b']);
  const after = first.positions.at(-1);
  for (const pageId of ['c', 'd']) await write(runtime.id, pageId);
  const again = await follow({ after });
  await expect.poll(() => again.seen).toEqual(['c', 'd']);
  const whole = await follow({ after: '0', types: ['page.loaded'] });
  await expect.poll(() => whole.seen).toEqual(['a', 'b', 'c', 'd']);
});

test('a position moves on past events that do not match', async ({ owner }) => {
  const { store, insert, write, follow, organizationId } = owner;
  const runtime = await insert();
  const { seen, positions } = await follow({ after: '0', types: ['captcha.detected'] });
  for (let n = 0; n < 250; n++) await write(runtime.id, `page ${n}`);
  const last = await store.lastEventId(organizationId, runtime.id);
  await expect.poll(() => positions.at(-1)).toBe(last);
  expect(seen).toEqual([]);
});

test('reading after an id that no event has yet starts from now', async ({ owner }) => {
  const { insert, write, follow } = owner;
  const runtime = await insert();
  const { seen } = await follow({ after: '999999999999' });
  await write(runtime.id, 'now');
  await expect.poll(() => seen).toEqual(['now']);
});

test('a reader gets only the events that it may see', async ({ owner }) => {
  const { db, actor, organizationId, insert, write, follow } = owner;
  const shown = await createWorkspaceStore(db).insert(organizationId, {
    name: 'shown',
    mounts: {},
  });
  const theirs = await insertOrganization(db, randomUUID());
  const hidden = await insert();
  const visible = await insert('shown');
  const foreign = await insert('default', theirs.id);
  const { seen } = await follow({}, { ...actor, workspaceIds: [shown?.id ?? ''] });
  await write(hidden.id, 'hidden');
  await write(foreign.id, 'foreign');
  await write(visible.id, 'visible');
  await expect.poll(() => seen).toEqual(['visible']);
});

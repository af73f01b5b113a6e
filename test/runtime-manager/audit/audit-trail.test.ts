import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { expect, test as base } from 'vitest';
import { openDatabase, type Db } from '../../../src/db/client.ts';
import { createAuditStore } from '../../../src/db/queries/audit-entries.ts';
import { isDatabaseUnavailable } from '../../../src/db/queries/database-errors.ts';
import { auditEntries } from '../../../src/db/schema/index.ts';
import { AuditTrail } from '../../../src/runtime-manager/index.ts';
import type { WaitingAuditEntry } from '../../../src/runtime-manager/runtime/index.ts';
import { openTestDatabase } from '../../support/database.ts';
import { newAuditEntry } from '../../support/every-audit-statement.ts';
import { forwardTcp } from '../../support/forward-tcp.ts';
import { embeddedAddress } from '../../../src/db/embedded.ts';
import { inject } from 'vitest';

const MOST_WAITING = 10_000;

/** A trail whose database can be away. */
const test = base.extend('subject', async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  const { db: present } = stack.use(await openTestDatabase());
  const away = await openAway(stack);
  const logged: string[] = [];
  const organizationId = randomUUID();
  const at: { db: Db; batches: number[]; lost: number } = { db: present, batches: [], lost: 0 };
  const insert = async (entries: readonly WaitingAuditEntry[]) => {
    at.batches.push(entries.length);
    await createAuditStore(at.db).insert(entries);
  };
  const trail = new AuditTrail({
    store: { ...createAuditStore(present), insert },
    isAway: isDatabaseUnavailable,
    metrics: { lost: (count) => (at.lost += count) },
    log: pino({ level: 'info' }, { write: (line: string) => logged.push(line) }),
  });
  stack.use(trail);
  return {
    at,
    trail,
    logged,
    leave: () => (at.db = away),
    comeBack: () => (at.db = present),
    record: (count: number, given: Partial<WaitingAuditEntry> = {}) => {
      for (let n = 0; n < count; n++) {
        const { id: _, ageMs: _age, ...entry } = newAuditEntry({ organizationId, ...given });
        trail.record(entry);
      }
    },
    written: () => present.$count(auditEntries),
  };
});

/** A database that nothing leads to any more. */
async function openAway(stack: AsyncDisposableStack): Promise<Db> {
  const { socketDir, user, database } = embeddedAddress(inject('postgresDataDir'));
  const forward = await forwardTcp(`${socketDir}/.s.PGSQL.5432`);
  const url = `postgres://${user}@127.0.0.1:${forward.port}/${database}`;
  const { db } = stack.use(await openDatabase({ url }, { connections: 2 }));
  await forward[Symbol.asyncDispose]();
  return db;
}

test('entries are written within a second, many by one statement', async ({ subject }) => {
  const { at, record, written } = subject;
  record(30);
  await expect.poll(written).toBe(30);
  expect(at.batches).toEqual([30]);
  record(250);
  await expect.poll(written).toBe(280);
  expect(at.batches).toEqual([30, 100, 100, 50]);
});

test('entries wait for a database that is away, and each is written once', async ({ subject }) => {
  const { at, record, written, leave, comeBack, logged } = subject;
  leave();
  record(120);
  await expect.poll(() => at.batches.length).toBeGreaterThan(2);
  expect(logged.filter((line) => line.includes('waits for the database'))).toHaveLength(1);
  record(5);
  comeBack();
  await expect.poll(written).toBe(125);
  expect(at.lost).toBe(0);
});

test('what is too much to wait is lost, which a log line and a metric tell', async ({
  subject,
}) => {
  const { at, record, written, leave, comeBack, logged } = subject;
  leave();
  record(MOST_WAITING + 7);
  expect(at.lost).toBe(7);
  expect(logged.filter((line) => line.includes('are lost'))).toHaveLength(1);
  comeBack();
  await expect.poll(written).toBe(MOST_WAITING);
  expect(logged.find((line) => line.includes('were lost'))).toContain('"lost":7');
});

test('a batch that the database refuses does not keep the others', async ({ subject }) => {
  const { at, record, written } = subject;
  record(1, { status: 1e9 });
  await expect.poll(() => at.lost).toBe(1);
  record(2);
  await expect.poll(written).toBe(2);
});

test('the end writes what waits, or does not wait for long', async ({ subject }) => {
  const { at, trail, record, written, leave } = subject;
  record(3);
  await trail[Symbol.asyncDispose]();
  expect(await written()).toBe(3);
  leave();
  record(2);
  await trail[Symbol.asyncDispose]();
  expect(at.lost).toBe(2);
});

/** What an organization is counted to have active is what it has, whatever happens meanwhile. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eq } from 'drizzle-orm';
import { expect, inject, onTestFinished, test } from 'vitest';
import { openDatabase, type Database } from '../../src/db/client.ts';
import { embeddedAddress, openEmbeddedPostgres } from '../../src/db/embedded.ts';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { organizations } from '../../src/db/schema/index.ts';
import {
  RuntimeError,
  type RunningMove,
  type Runtime,
} from '../../src/runtime-manager/runtime/index.ts';
import { copyCluster, openTestDatabase, openTestSecrets, TEMPLATE } from '../support/database.ts';
import { insertRecord, newRecord, RUNNING } from '../support/records.ts';
import { processesOf, sendSignal } from '../support/processes.ts';

const STOPPED = { to: 'stopped', reason: 'requested' } as const;
const MOST = 20;

/** An organization with a workspace, in a database that is closed in the end. */
async function openOwner(database: Database) {
  const { db } = database;
  const { id: organizationId } = await insertOrganization(db, randomUUID());
  const secrets = await openTestSecrets({ db });
  const store = createRuntimeStore(database, secrets, { maxRuntimesPerOrganization: MOST });
  const nodeId: string = randomUUID();
  const insert = (alias: string, running: RunningMove | undefined = RUNNING) =>
    insertRecord(store, organizationId, newRecord({ nodeId, alias, running }));
  return { database, organizationId, nodeId, store, insert };
}

async function openTestOwner() {
  const database = await openTestDatabase();
  onTestFinished(() => database[Symbol.asyncDispose]());
  return openOwner(database);
}

type Owner = Awaited<ReturnType<typeof openOwner>>;

async function countedPlaces({ database, organizationId }: Owner): Promise<number | undefined> {
  const [found] = await database.db
    .select({ places: organizations.activeRuntimes })
    .from(organizations)
    .where(eq(organizations.id, organizationId));
  return found?.places;
}

async function expectAgreement(owner: Owner): Promise<void> {
  const active = await owner.store.listActive(owner.nodeId);
  expect(await countedPlaces(owner)).toBe(active.length);
}

/** What concurrent use may be refused for: a deadlock or a broken law would be another error. */
function assertRefusal(error: unknown): void {
  if (error instanceof RuntimeError) return;
  throw error;
}

test('begins, ends and starts at once, under few aliases, are counted without a deadlock', async () => {
  const owner = await openTestOwner();
  const { store, nodeId, insert } = owner;
  const known: Runtime[] = [];
  const one = async (seed: number) => {
    for (let round = 0; round < 20; round++) {
      const other = known[(seed * 31 + round * 7) % Math.max(1, known.length)];
      const alias = `alias ${(seed + round) % 6}`;
      try {
        if (round % 3 === 0) known.push(await insert(alias, seed % 2 ? RUNNING : undefined));
        else if (other && round % 3 === 1) await store.move(other, STOPPED);
        else if (other) {
          const life = { nodeId, state: 'launching' } as const;
          const revived = await store.revive(other, life);
          if (revived) known.push(revived);
        }
      } catch (error) {
        assertRefusal(error);
      }
    }
  };
  await Promise.all(Array.from({ length: 24 }, (_, seed) => one(seed)));
  await expectAgreement(owner);
});

test('what is refused or ends twice takes and gives back no place', async () => {
  const owner = await openTestOwner();
  const { store, nodeId, insert } = owner;
  const first = await insert('a');
  await expect(insert('a')).rejects.toMatchObject({ code: 'runtime.alias_in_use' });
  const life = { nodeId, state: 'launching' } as const;
  expect(await store.revive(first, life)).toBeUndefined();
  expect(await countedPlaces(owner)).toBe(1);
  await Promise.all([store.move(first, STOPPED), store.move(first, STOPPED)]);
  expect(await countedPlaces(owner)).toBe(0);
});

test('a number that others made wrong is corrected, also while runtimes come and go', async () => {
  const owner = await openTestOwner();
  const { database, organizationId, store, insert } = owner;
  await insert('stays');
  const spoil = () =>
    database.db
      .update(organizations)
      .set({ activeRuntimes: 9 })
      .where(eq(organizations.id, organizationId));
  await spoil();
  expect(await store.correctPlaces()).toBe(1);
  await expectAgreement(owner);
  expect(await store.correctPlaces()).toBe(0);

  await spoil();
  const comeAndGo = async (alias: string) => {
    for (let round = 0; round < 10; round++) await store.move(await insert(alias), STOPPED);
  };
  const load = Promise.all(['b', 'c', 'd', 'e'].map(comeAndGo));
  await store.correctPlaces();
  await load;
  await expectAgreement(owner);
});

test('what was told is there after Postgres was killed, and is counted', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'bq-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  await copyCluster(inject('pristineDataDir'), dataDir);
  const address = { ...embeddedAddress(dataDir), database: TEMPLATE };
  const told = new Map<string, 'running' | 'stopped'>();
  const life = { organizationId: '', nodeId: '' };
  {
    await using _postgres = await openEmbeddedPostgres(dataDir);
    await using database = await openDatabase(address);
    const owner = await openOwner(database);
    life.organizationId = owner.organizationId;
    life.nodeId = owner.nodeId;
    // A server that is gone is started again, and whoever just waited would go on for ever.
    const killed = new AbortController();
    const load = Array.from({ length: MOST }, async (_, at) => {
      for (let round = 0; !killed.signal.aborted; round++) {
        const runtime = await owner.insert(`${at}`);
        told.set(runtime.id, 'running');
        if (round % 2 === at % 2) await delay(at);
        await owner.store.move(runtime, STOPPED);
        told.set(runtime.id, 'stopped');
      }
    });
    const over = Promise.allSettled(load);
    await expect.poll(() => told.size).toBeGreaterThan(200);
    killed.abort();
    // Together with its processes, so that none writes what was committed and not told.
    for (const { pid } of await processesOf(`${dataDir}/postgres`)) sendSignal(pid, 'SIGKILL');
    await over;
  }
  await using _again = await openEmbeddedPostgres(dataDir);
  await using database = await openDatabase(address);
  const owner = { ...(await openOwner(database)), ...life };
  for (const [id, state] of told) {
    const found = await owner.store.find(life.organizationId, 'default', id);
    // An end may have been carried out that nobody was told of.
    expect(state === 'running' ? ['running', 'stopped'] : ['stopped']).toContain(found?.state);
  }
  await expectAgreement(owner);
});

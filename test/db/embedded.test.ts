import { spawn } from 'node:child_process';
import { readFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { expect, inject, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { embeddedAddress, openEmbeddedPostgres } from '../../src/db/embedded.ts';
import { copyCluster } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

async function freshDataDir(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "bctrl it's "));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

/** As it is after a service ended in order. */
async function usedDataDir(): Promise<string> {
  const path = await freshDataDir();
  await copyCluster(inject('pristineDataDir'), path);
  return path;
}

async function query(dataDir: string, text: string) {
  await using database = await openDatabase(embeddedAddress(dataDir));
  return await database.db.execute(sql.raw(text));
}

test('data survives a restart, and a killed server', async () => {
  const dataDir = await usedDataDir();
  {
    await using _postgres = await openEmbeddedPostgres(dataDir);
    await query(dataDir, 'create table kept (n int); insert into kept values (7)');
    const pidFile = await readFile(join(dataDir, 'postgres/data/postmaster.pid'), 'utf8');
    const pid = Number(pidFile.split('\n')[0]);
    process.kill(pid, 'SIGKILL');
    await eventually(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'));
  }
  await using _again = await openEmbeddedPostgres(dataDir);
  expect(await query(dataDir, 'select n from kept')).toEqual([{ n: 7 }]);
});

test('one that a killed service left running is taken over', async () => {
  const dataDir = await usedDataDir();
  const abandoned = await openEmbeddedPostgres(dataDir);
  await query(dataDir, 'create table kept (n int)');
  await using _taken = await openEmbeddedPostgres(dataDir);
  expect(await query(dataDir, 'select n from kept')).toEqual([]);
  await abandoned[Symbol.asyncDispose]();
});

test('a process that has the id of a server that is gone is left alone', async () => {
  const dataDir = await usedDataDir();
  // Postgres believes in processes of its own user alone.
  const { uid, gid } = await stat(join(dataDir, 'postgres/data'));
  const innocent = spawn('sleep', ['100'], { uid, gid });
  onTestFinished(() => void innocent.kill());
  const lines = [
    innocent.pid,
    join(dataDir, 'postgres/data'),
    0,
    5432,
    join(dataDir, 'postgres'),
    '',
    '1 999999',
    'ready',
  ];
  await writeFile(join(dataDir, 'postgres/data/postmaster.pid'), lines.join('\n'));
  await writeFile(join(dataDir, 'postgres/.s.PGSQL.5432.lock'), `${innocent.pid}\n`);
  await using _postgres = await openEmbeddedPostgres(dataDir);
  expect(await query(dataDir, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(innocent.exitCode ?? innocent.signalCode).toBeNull();
});

test('nobody but the user reaches it: no network, a private directory', async () => {
  const dataDir = await freshDataDir();
  await using _postgres = await openEmbeddedPostgres(dataDir);
  expect(await query(dataDir, 'show listen_addresses')).toEqual([{ listen_addresses: '' }]);
  expect((await stat(join(dataDir, 'postgres'))).mode & 0o077).toBe(0);
});

test('data of another major version is refused with its name', async () => {
  const dataDir = await usedDataDir();
  await writeFile(join(dataDir, 'postgres/data/PG_VERSION'), '15\n');
  await expect(openEmbeddedPostgres(dataDir)).rejects.toThrow(/written by Postgres 15/);
});

test('a data directory whose path is too long is refused with the limit', async () => {
  const dataDir = join(await freshDataDir(), 'x'.repeat(100));
  await expect(openEmbeddedPostgres(dataDir)).rejects.toThrow(/BCTRL_DATA_DIR is too long/);
});

import { randomUUID } from 'node:crypto';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sql } from 'drizzle-orm';
import { expect, onTestFinished, test } from 'vitest';
import { runDoctor } from '../../../src/api/cli/run-doctor.ts';
import { loadConfig } from '../../../src/api/config/config.ts';
import { createFileStore } from '../../../src/db/queries/files.ts';
import { insertOrganization } from '../../../src/db/queries/organizations.ts';
import { commandEnvironment, runCommand } from '../../support/command-line.ts';
import { openTestDatabase } from '../../support/database.ts';

const LONG_AGO = new Date(Date.now() - 30 * 86_400_000);

interface Asked {
  isToFix?: boolean;
  isToAdopt?: boolean;
  BCTRL_RETENTION_DAYS?: string;
}

/** A database with a runtime that ended 31 days ago, and the doctor beside it. */
async function openDoctor() {
  const database = await openTestDatabase();
  onTestFinished(() => database[Symbol.asyncDispose]());
  const { db } = database;
  const { id } = await insertOrganization(db, 'one');
  await db.execute(sql`insert into runtimes (id, organization_id, workspace_id, node_id, alias, kind,
      driver, launch, state, stopped_at)
    select gen_random_uuid(), ${id}, id, gen_random_uuid(), 'old', 'browser', 'playwright',
      '{"mode":"ephemeral"}', 'stopped', now() - interval '31 days' from workspaces`);
  const env = {
    ...(await commandEnvironment(database)),
    BCTRL_ENCRYPTION_KEY: 'a key that tests have',
  };
  /** As the command does, in this process. */
  const ask = async ({ isToFix = false, isToAdopt = false, ...more }: Asked = {}) => {
    let stdout = '';
    const print = (text: string) => void (stdout += `${text}\n`);
    const config = loadConfig({ ...env, ...more });
    return { code: await runDoctor(config, { isToFix, isToAdopt, print }), stdout };
  };
  return { objects: join(env.BCTRL_DATA_DIR, 'objects'), ask, env, db, organizationId: id };
}

test('the doctor shows what is old enough to be removed, and removes nothing', async () => {
  const { ask } = await openDoctor();
  const old = { code: 0, stdout: expect.stringContaining('1 runtimes, 0 events, 0 archives') };
  expect(await ask()).toMatchObject(old);
  expect(await ask({ isToFix: true })).toMatchObject(old);
  expect(await ask()).toMatchObject(old);
  expect(await ask({ BCTRL_RETENTION_DAYS: '0' })).toMatchObject({
    stdout: expect.stringContaining('0 runtimes'),
  });
});

test('archives without an owner are a finding, until a person claims them', async () => {
  const { ask, objects } = await openDoctor();
  const key = `profiles/${randomUUID()}/${randomUUID()}.tar.zst`;
  const file = join(objects, key);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, 'state');
  await utimes(file, LONG_AGO, LONG_AGO);
  // An archive that a service is writing meanwhile.
  await mkdir(join(objects, '.unfinished'));
  await writeFile(join(objects, '.unfinished/one'), 'half of it');

  const found = await ask({ isToFix: true });
  expect(found.code).toBe(1);
  expect(found.stdout).toContain('--adopt-storage');
  expect(found.stdout).toContain('1 archives without a record');
  expect(found.stdout).toContain(key);
  expect(await ask({ isToAdopt: true })).toMatchObject({ code: 0 });
  const after = await ask();
  expect(after).toMatchObject({ code: 0, stdout: expect.not.stringContaining('--adopt-storage') });
  expect(after.stdout).toContain(`5 bytes of archives:\n    ${key}`);
  expect(await readdir(objects, { recursive: true })).toEqual(
    expect.arrayContaining([key, '.unfinished/one']),
  );
});

test('files without content and wrong numbers of bytes are findings; the numbers are corrected', async () => {
  const { ask, db, organizationId } = await openDoctor();
  expect(await ask({ isToAdopt: true })).toMatchObject({ code: 0 });
  const store = createFileStore(db);
  const { id: namespaceId } = await store.ensureNamespace(organizationId, 'main');
  const about = { organizationId, namespaceId, path: 'a', source: 'upload' } as const;
  const content = { key: `files/${organizationId}/one`, sizeBytes: 5, sha256: 'ab' };
  const file = { id: randomUUID(), ...about, ...content, contentType: 'text/plain' };
  await store.insert(file, { isReplacing: false, mostBytes: 10 });
  await db.execute(sql`update organizations set storage_bytes = 9`);
  const found = await ask();
  expect(found.code).toBe(1);
  expect(found.stdout).toContain('1 files, 1 with missing or wrong content.');
  const lost = `  file ${file.id} of organization ${organizationId} should have 5 bytes, but there is nothing at ${file.key}`;
  expect(found.stdout).toContain(lost);
  const wrong = 'is recorded to have 9 bytes of files, but has 5';
  expect(found.stdout).toContain(wrong);
  expect(await ask({ isToFix: true })).toMatchObject({ code: 1 });
  const after = await ask();
  expect(after).toMatchObject({ code: 1, stdout: expect.stringContaining(lost) });
  expect(after.stdout).not.toContain(wrong);
  await store.remove(organizationId, file.id);
  expect(await ask()).toMatchObject({ code: 0 });
});

test('npm run doctor exits with what it tells', async () => {
  const { env, objects } = await openDoctor();
  const run = (...args: string[]) => runCommand('cli/doctor', args, env);
  const key = `profiles/${randomUUID()}/${randomUUID()}.tar.zst`;
  await mkdir(dirname(join(objects, key)), { recursive: true });
  await writeFile(join(objects, key), 'state');
  await expect(run('--fix')).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('npm run doctor -- --adopt-storage'),
  });
  expect(await run('--adopt-storage')).toMatchObject({
    stdout: expect.stringContaining('The storage now belongs to this database.'),
  });
});

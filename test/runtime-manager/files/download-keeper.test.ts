/** What is complete is stored, also when the database is away for a while. */
import { randomUUID } from 'node:crypto';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { DownloadKeeper } from '../../../src/runtime-manager/index.ts';
import { openFiles, ROOM } from '../../support/files.ts';
import { freshDirectory, STORAGES } from '../../support/storages.ts';

const TEXT = 'all of it';

async function openKeeper() {
  const owner = await openFiles();
  const storage = await STORAGES['a directory']();
  const { store, database, organizationId, nodeId } = owner;
  const runtime = await owner.startRuntime();
  const path = join(await freshDirectory(), 'report.txt');
  await writeFile(path, TEXT);
  const limits = { fileBytes: ROOM, organizationBytes: ROOM };
  const about = { organizationId, runtimeId: runtime.id, nodeId, path: 'report.txt' };
  return {
    ...owner,
    storage,
    runtime,
    keeperWith: (differs: Partial<typeof store> = {}) =>
      new DownloadKeeper({
        store: { ...store, ...differs },
        storage,
        limits,
        log: pino({ level: 'silent' }),
      }),
    complete: async () => {
      const id = randomUUID();
      const record = () =>
        store.beginDownload({ id, ...about, contentType: 'text/plain', url: undefined });
      const begun = record();
      begun.catch(() => undefined);
      return { id, runtime, name: 'report.txt', record, begun, content: await open(path) };
    },
    /** Has every statement about files fail until it is called with true. */
    setThere: (isThere: boolean) =>
      database.db.execute(
        isThere ? sql`alter table away rename to files` : sql`alter table files rename to away`,
      ),
  };
}

test('a download whose beginning could not be recorded is stored all the same', async () => {
  const { keeperWith, complete, setThere, rows } = await openKeeper();
  await using keeper = keeperWith();
  await setThere(false);
  const download = await complete();
  await expect(download.begun).rejects.toThrow('files');
  await setThere(true);
  expect(await keeper.keep(download)).toMatchObject({ state: 'stored', sizeBytes: TEXT.length });
  expect(await rows()).toMatchObject([{ id: download.id, state: 'stored' }]);
});

test('a download that ends while the database is away is stored when that is back', async () => {
  const { keeperWith, complete, setThere, rows } = await openKeeper();
  await using keeper = keeperWith();
  const download = await complete();
  await download.begun;
  await setThere(false);
  const kept = keeper.keep(download);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await setThere(true);
  expect(await kept).toMatchObject({ state: 'stored' });
  expect(await rows()).toMatchObject([{ state: 'stored' }]);
});

test('a download is stored once, and keeps its content, when the answer of the database is lost', async () => {
  const { store, storage, keeperWith, complete, usedBytes } = await openKeeper();
  let lost = 0;
  await using keeper = keeperWith({
    finishDownload: async (...args) => {
      const finished = await store.finishDownload(...args);
      if (lost++ === 0) throw new Error('the connection broke');
      return finished;
    },
  });
  const kept = await keeper.keep(await complete());
  if (typeof kept === 'string') throw new Error(kept);
  expect(await storage.size(kept.key ?? '')).toBe(TEXT.length);
  expect(await usedBytes()).toBe(TEXT.length);
});

test('what has no room is not stored first', async () => {
  const { keeperWith, complete, limit, storage, rows } = await openKeeper();
  await using keeper = keeperWith();
  await limit(TEXT.length - 1);
  const put = vi.spyOn(storage, 'put');
  expect(await keeper.keep(await complete())).toBe('storage.quota_exceeded');
  expect(put).not.toHaveBeenCalled();
  expect(await rows()).toMatchObject([{ state: 'failed', failure: 'storage.quota_exceeded' }]);
});

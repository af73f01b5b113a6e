/** What a process makes of the files that an earlier life left, and what it tells of files. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { openService } from '../../src/api/service.ts';
import { caller } from '../support/http.ts';
import { content, openFiles, ROOM } from '../support/files.ts';
import { openFakeNode } from '../support/open-fake-node.ts';
import { configFor } from '../support/settings.ts';
import { freshDirectory } from '../support/storages.ts';

async function openBeside({ database, nodeId }: Awaited<ReturnType<typeof openFiles>>) {
  const [dataDir, browserDir] = [await freshDirectory(), await freshDirectory()];
  await writeFile(join(dataDir, 'node-id'), nodeId);
  const log = pino({ level: 'silent' });
  return openService(configFor({ dataDir, browserDir }), { log, database, openNode: openFakeNode });
}

test('what arrived when the process ended has failed once it is back', async () => {
  const owner = await openFiles();
  const { store, organizationId, begin, startRuntime } = owner;
  const { id: runtimeId } = await startRuntime();
  const id = await begin(runtimeId);
  const theirs = randomUUID();
  const about = { organizationId, runtimeId, path: 'a', contentType: 'text/plain', url: undefined };
  await store.beginDownload({ ...about, id: theirs, nodeId: randomUUID() });
  await using _service = await openBeside(owner);
  const failed = { state: 'failed', failure: 'download.cut_off' };
  expect(await store.find(organizationId, id)).toMatchObject(failed);
  expect(await store.find(organizationId, theirs)).toMatchObject({ state: 'arriving' });
});

test('a scrape tells how many bytes all organizations have, and may have', async () => {
  const owner = await openFiles();
  const { organizationId, namespace } = await owner.openOwner();
  await owner.add('a', content(5));
  await owner.add('a', { organizationId, namespaceId: namespace.id, ...content(7) });
  await owner.database.db.execute(sql`update organizations set max_storage_bytes = ${ROOM}`);
  await using service = await openBeside(owner);
  // The service has made an organization with the limit of all.
  const { text } = await caller(service.url, 'none')('GET', '/metrics');
  const figure = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
  expect(figure('bctrl_storage_bytes')).toBe(12);
  const organizations = await owner.database.db.query.organizations.findMany();
  const unlimited = organizations.filter(({ maxStorageBytes }) => maxStorageBytes === null).length;
  const { organizationBytes } = configFor({}).fileLimits;
  expect(figure('bctrl_storage_limit_bytes')).toBe(2 * ROOM + unlimited * organizationBytes);
});

/** Which stored files the pages of a runtime can be given, and for whom the others do not exist. */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { expect } from 'vitest';
import { createFileStore } from '../../src/db/queries/files.ts';
import { test } from '../support/api-test.ts';
import { createNamespace, put } from '../support/file-requests.ts';
import { caller } from '../support/http.ts';
import { addKey } from '../support/keys.ts';

test('what a key does not see is as what is not there, by any id', async ({ service }) => {
  const { call, database } = service;
  const newWorkspace = async () =>
    (await call('POST', '/v1/workspaces', { name: randomUUID().slice(0, 8) })).json.id;
  const [own, other] = [await newWorkspace(), await newWorkspace()];
  const start = async (workspace: string) =>
    (await call('POST', `/v1/workspaces/${workspace}/runtimes`, { alias: 'a', kind: 'browser' }))
      .json;
  const [runtime, theirs] = [await start(own), await start(other)];
  const { json: shared } = await put(service, await createNamespace(service), 'a.txt');
  const [kept] = await database.db.execute<{ id: string; organizationId: string }>(sql`
    select gen_random_uuid() as id, organization_id as "organizationId"
    from runtimes where id = ${theirs.id}`);
  if (!kept) throw new Error('there is no runtime');
  const about = { nodeId: randomUUID(), path: 'b', contentType: 'text/plain', url: undefined };
  await createFileStore(database.db).beginDownload({ ...kept, ...about, runtimeId: theirs.id });

  const limited = caller(service.url, await addKey(database, { workspaceIds: [own] }));
  const notFound = { status: 404, json: { code: 'file.not_found' } };
  const stage = `/v1/workspaces/${own}/runtimes/${runtime.alias}/files`;
  for (const fileId of [shared.id, kept.id, randomUUID()]) {
    expect(await limited('POST', stage, { fileId })).toMatchObject(notFound);
  }
  expect(await call('POST', stage, { fileId: kept.id })).toMatchObject(notFound);
});

import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { expect } from 'vitest';
import { createNodeStore } from '../../src/db/queries/nodes.ts';
import { idempotencyKeys } from '../../src/db/schema/index.ts';
import { test } from '../support/api-test.ts';

test('a create that another process began, which is gone, is answered with its runtime', async ({
  service,
  workspace,
}) => {
  const { db } = service.database;
  const key = randomUUID();
  const post = async () => {
    const response = await fetch(service.url + workspace.runtimes, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${service.apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify({ alias: 'once', kind: 'browser' }),
    });
    const { status, headers } = response;
    return { status, replayed: headers.get('idempotency-replayed'), json: await response.json() };
  };
  const first = await post();
  expect(first).toMatchObject({ status: 200 });
  const [row] = await db.select().from(idempotencyKeys);
  expect(first.json).toMatchObject({ id: row?.runtimeId });

  const gone = await createNodeStore(service.database).join(
    { id: randomUUID(), role: 'api', address: undefined, build: 'b', protocol: 1 },
    -1,
  );
  await db
    .update(idempotencyKeys)
    .set({ nodeId: gone.id, answer: null })
    .where(eq(idempotencyKeys.id, row?.id ?? ''));
  expect(await post()).toMatchObject({
    status: 200,
    replayed: null,
    json: { id: row?.runtimeId, status: 'active' },
  });
});

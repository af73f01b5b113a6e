import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { expect } from 'vitest';
import { IdempotentAnswers } from '../../src/api/http/idempotent-answers.ts';
import { pino } from 'pino';
import { addKey } from '../support/keys.ts';
import type { TestService } from '../support/service.ts';
import { test } from '../support/test.ts';

async function post(
  service: Pick<TestService, 'url' | 'apiKey'>,
  path: string,
  key: string,
  body?: object,
) {
  const response = await fetch(service.url + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${service.apiKey}`,
      'idempotency-key': key,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const { status, headers } = response;
  // oxlint-disable-next-line typescript/no-explicit-any
  const json: any = await response.json();
  return { status, replayed: headers.get('idempotency-replayed'), json };
}

const fresh = () => ({ alias: `i-${randomUUID().slice(0, 8)}`, kind: 'browser' });

test('the same request with the same key is carried out once', async ({ service, workspace }) => {
  const [key, body] = [randomUUID(), fresh()];
  const [one, two] = await Promise.all([
    post(service, workspace.runtimes, key, body),
    post(service, workspace.runtimes, key, body),
  ]);
  expect([one?.status, two?.status]).toEqual([200, 200]);
  expect(one?.json).toEqual(two?.json);
  const later = await post(service, workspace.runtimes, key, body);
  expect(later).toEqual({ status: 200, replayed: 'true', json: one?.json });
  const { json } = await service.call('GET', workspace.runtimes);
  expect(json.runtimes).toHaveLength(1);
});

test('a different request with the same key is refused', async ({ service, workspace }) => {
  const key = randomUUID();
  const { json } = await post(service, workspace.runtimes, key, fresh());
  for (const [path, body] of [
    [workspace.runtimes, fresh()],
    [`${workspace.runtimes}/${json.id}/stop`, undefined],
  ] as const) {
    expect(await post(service, path, key, body)).toMatchObject({
      status: 409,
      json: { code: 'idempotency.mismatch' },
    });
  }
});

test('a repeated start or stop gets the first answer again', async ({ service, workspace }) => {
  const { id } = await workspace.create();
  const [stopKey, startKey] = [randomUUID(), randomUUID()];
  const stopped = await post(service, `${workspace.runtimes}/${id}/stop`, stopKey);
  const started = await post(service, `${workspace.runtimes}/${id}/start`, startKey);
  expect(started.json.generation).toBe(2);
  const again = await post(service, `${workspace.runtimes}/${id}/stop`, stopKey);
  expect(again).toMatchObject({ replayed: 'true', json: stopped.json });
  expect(await service.call('GET', `${workspace.runtimes}/${id}`)).toMatchObject({
    json: { status: 'active' },
  });
});

test('a refusal is repeated like any answer', async ({ service, workspace }) => {
  const { alias } = await workspace.create();
  const key = randomUUID();
  const body = { alias, kind: 'browser' };
  const refused = await post(service, workspace.runtimes, key, body);
  expect(refused).toMatchObject({ status: 409, json: { code: 'runtime.alias_in_use' } });
  await workspace.stop(alias);
  expect(await post(service, workspace.runtimes, key, body)).toEqual({
    ...refused,
    replayed: 'true',
  });
});

test('a key belongs to its caller', async ({ service, workspace }) => {
  const [key, body] = [randomUUID(), fresh()];
  await post(service, workspace.runtimes, key, body);
  const other = await addKey(service.database);
  expect(
    await post({ url: service.url, apiKey: other }, workspace.runtimes, key, body),
  ).toMatchObject({
    status: 409,
    json: { code: 'runtime.alias_in_use' },
  });
});

test('invalid keys are refused', async ({ service, workspace }) => {
  for (const key of ['', 'with space', 'x'.repeat(256)]) {
    expect(await post(service, workspace.runtimes, key, fresh())).toMatchObject({
      status: 400,
      json: { details: { issues: [{ in: 'header', path: 'idempotency-key' }] } },
    });
  }
});

test('neither keys nor answers can be read in the database', async ({ service, workspace }) => {
  const key = `known-${randomUUID()}`;
  const { json } = await post(service, workspace.runtimes, key, fresh());
  const rows = JSON.stringify(await service.database.db.query.idempotencyKeys.findMany());
  expect(rows).not.toContain(key);
  const stored = (await service.database.db.query.idempotencyKeys.findMany())
    .map(({ answer }) => answer?.toString('latin1'))
    .join('');
  expect(stored).not.toContain(json.id);
  expect(stored).not.toContain('connection');
});

test('a key is free after a day, and an unfinished request may be tried again', async ({
  service,
  workspace,
}) => {
  const { db } = service.database;
  const [key, body] = [randomUUID(), fresh()];
  await post(service, workspace.runtimes, key, body);
  await db.execute(sql`update idempotency_keys set created_at = now() - interval '25 hours'`);
  expect(await post(service, workspace.runtimes, key, body)).toMatchObject({
    status: 409,
    json: { code: 'runtime.alias_in_use' },
  });

  await db.execute(sql`update idempotency_keys set answer = null`);
  const [unfinished] = await db.query.idempotencyKeys.findMany();
  await IdempotentAnswers.open(db, unfinished?.nodeId ?? '', pino({ level: 'silent' }));
  expect(await db.query.idempotencyKeys.findMany()).toEqual([]);
});

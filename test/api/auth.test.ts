import { expect } from 'vitest';
import { bootstrap } from '../../src/db/bootstrap.ts';
import { caller } from '../support/http.ts';
import { test } from '../support/api-test.ts';

test('no key, a wrong key and another scheme are answered alike', async ({ service }) => {
  for (const authorization of ['', 'Bearer nope', `Basic ${service.apiKey}`, service.apiKey]) {
    const response = await fetch(`${service.url}/v1/workspaces`, { headers: { authorization } });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await response.json()).toMatchObject({ code: 'auth.required' });
  }
});

test('a key from the environment replaces the one before it', async ({ service }) => {
  const [before, after] = ['environment-key-1', 'environment-key-2'];
  await bootstrap(service.database, before);
  expect(await caller(service.url, before)('GET', '/v1/workspaces')).toMatchObject({ status: 200 });
  await bootstrap(service.database, after);
  expect(await caller(service.url, before)('GET', '/v1/workspaces')).toMatchObject({ status: 401 });
  expect(await caller(service.url, after)('GET', '/v1/workspaces')).toMatchObject({ status: 200 });
  await bootstrap(service.database, before);
  expect(await caller(service.url, before)('GET', '/v1/workspaces')).toMatchObject({ status: 200 });
});

test('no key is stored or logged in clear', async ({ service }) => {
  await service.call('GET', '/v1/workspaces');
  const rows = await service.database.db.query.apiKeys.findMany();
  expect(JSON.stringify(rows)).not.toContain(service.apiKey);
  expect(service.logged.join()).not.toContain(service.apiKey);
});

test('health needs no key', async ({ service }) => {
  const anonymous = caller(service.url, undefined);
  expect(await anonymous('GET', '/healthz')).toMatchObject({ status: 200 });
  expect(await anonymous('GET', '/readyz')).toMatchObject({
    status: 200,
    json: { status: 'ready', checks: { database: true, chromium: true } },
  });
});

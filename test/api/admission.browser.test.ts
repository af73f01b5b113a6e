import { request } from 'node:http';
import { expect } from 'vitest';
import { contention } from '../support/contention.ts';
import { eventually } from '../support/eventually.ts';
import { marker } from '../support/packages.ts';
import { chromiumsOf } from '../support/processes.ts';
import { openTestService, type TestService } from '../support/service.ts';
import { NO_WARM } from '../support/settings.ts';
import { createWorkspace, test } from '../support/test.ts';

const browsersOf = async (service: TestService) => {
  return chromiumsOf(service.browserRoot);
};

test('a burst of 100 creates on a machine for 5 gives 5 runtimes and 95 clear refusals', async () => {
  const queueTimeoutMs = 20_000;
  await using service = await openTestService({
    admission: { maxRuntimes: 5, maxQueue: 60, queueTimeoutMs },
    warm: NO_WARM,
  });
  const { runtimes } = await createWorkspace(service);
  const burst = await Promise.all(
    Array.from({ length: 100 }, (_, number) =>
      service.call('POST', runtimes, { alias: `b-${number}`, kind: 'browser' }),
    ),
  );
  const refused = burst.filter(({ status }) => status !== 200);
  expect(burst.filter(({ status }) => status === 200)).toHaveLength(5);
  expect(refused).toHaveLength(95);
  for (const answer of refused) {
    expect(answer).toMatchObject({ status: 503, json: { code: 'runtime.no_capacity' } });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  const requests = service.logged.map((line) => JSON.parse(line));
  const times = requests.flatMap(({ status, ms }) => (status === 503 ? [Number(ms)] : []));
  times.sort((a, b) => a - b);
  expect(times).toHaveLength(95);
  expect(times[Math.floor(times.length * 0.95)]).toBeLessThan(queueTimeoutMs + 2000 * contention());
  expect(await browsersOf(service)).toHaveLength(5);
  const { json } = await service.call('GET', `${runtimes}?status=active`);
  expect(json.runtimes).toHaveLength(5);
});

test('whoever waits gets the place of whoever leaves, in the order of arrival', async () => {
  await using service = await openTestService({ admission: { maxRuntimes: 1 } });
  const workspace = await createWorkspace(service);
  const create = (alias: string) =>
    service.call('POST', workspace.runtimes, { alias, kind: 'browser' });
  await workspace.create({ alias: 'first' });
  const stateOf = async (alias: string) =>
    (await service.call('GET', `${workspace.runtimes}/${alias}`)).json;
  const second = create('second');
  await eventually(async () => expect(await stateOf('second')).toMatchObject({ status: 'active' }));
  expect(await stateOf('second')).toMatchObject({ summary: { browserRunning: false } });
  const third = create('third');
  await eventually(async () => expect(await stateOf('third')).toMatchObject({ status: 'active' }));
  await workspace.stop('first');
  expect(await second).toMatchObject({ status: 200 });
  expect(await stateOf('third')).toMatchObject({ summary: { browserRunning: false } });
  await workspace.stop('second');
  expect(await third).toMatchObject({ status: 200 });
});

test('a runtime that waits can be stopped', async () => {
  await using service = await openTestService({ admission: { maxRuntimes: 1 } });
  const workspace = await createWorkspace(service);
  await workspace.create();
  const body = { alias: 'waiting', kind: 'browser' };
  const waiting = service.call('POST', workspace.runtimes, body);
  await eventually(async () => expect((await workspace.stop('waiting')).status).toBe(200));
  expect(await waiting).toMatchObject({ status: 409, json: { code: 'runtime.stopped' } });
});

test('a client that hangs up leaves the queue, and a browser launched for it is closed', async () => {
  await using service = await openTestService({ admission: { maxRuntimes: 1 }, warm: NO_WARM });
  const workspace = await createWorkspace(service);
  const { url, apiKey } = service;
  const hangUpWhen = async (alias: string, state: string) => {
    const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
    const asked = request(url + workspace.runtimes, { method: 'POST', headers });
    asked.on('error', () => undefined);
    asked.end(JSON.stringify({ alias, kind: 'browser' }));
    const { runtimes } = service.database.db.query;
    await eventually(
      async () =>
        expect(await runtimes.findMany()).toContainEqual(expect.objectContaining({ alias, state })),
      { interval: 5 },
    );
    asked.destroy();
    await eventually(async () =>
      expect(await service.call('GET', `${workspace.runtimes}/${alias}`)).toMatchObject({
        json: { status: 'failed', failure: { code: 'runtime.abandoned' } },
      }),
    );
  };
  await hangUpWhen('launching', 'launching');
  await expect.poll(() => browsersOf(service)).toEqual([]);
  const { id } = await workspace.create();
  await hangUpWhen('queued', 'accepted');
  expect(service.node.load.waiting).toBe(0);
  await workspace.stop(id);
  expect(await workspace.create()).toMatchObject({ status: 'active' });
});

test('memory that is to stay free stays free', async () => {
  await using service = await openTestService({
    memoryFloorBytes: 1024 ** 5,
    admission: { queueTimeoutMs: 300 },
  });
  const { runtimes } = await createWorkspace(service);
  const body = { alias: 'a', kind: 'browser' };
  expect(await service.call('POST', runtimes, body)).toMatchObject({
    status: 503,
    json: { code: 'runtime.no_capacity' },
  });
});

test('an organization gets no more active runtimes than its limit', async () => {
  await using service = await openTestService({ maxRuntimesPerOrganization: 2 });
  const workspace = await createWorkspace(service);
  const create = (n: number) =>
    service.call('POST', workspace.runtimes, { alias: `q-${n}`, kind: 'browser' });
  const answers = await Promise.all([1, 2, 3, 4].map(create));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(2);
  for (const { json, headers } of refused) {
    expect(json.code).toBe('runtime.quota_exceeded');
    expect(headers.get('retry-after')).toMatch(/^\d+$/);
  }
  const other = await service.callAsOther('POST', '/v1/workspaces/default/runtimes', {
    alias: 'theirs',
    kind: 'browser',
  });
  expect(other.status).toBe(200);
});

test('an upload to a full machine is answered 503, and is tried out once there is room', async () => {
  await using service = await openTestService({
    warm: NO_WARM,
    admission: { maxRuntimes: 1, queueTimeoutMs: 500 },
  });
  const workspace = await createWorkspace(service);
  const { id } = await workspace.create();
  const bytes = new Uint8Array(await marker('Tried'));
  const upload = () => {
    const body = new FormData();
    body.set('file', new Blob([bytes]), 'package');
    const headers = { authorization: `Bearer ${service.apiKey}` };
    return fetch(`${service.url}/v1/browser-extensions/upload`, { method: 'POST', headers, body });
  };
  const refused = await upload();
  expect(refused.status).toBe(503);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ code: 'runtime.no_capacity' });
  await workspace.stop(id);
  await expect.poll(async () => (await upload()).status, { timeout: 60_000 }).toBeLessThan(300);
});

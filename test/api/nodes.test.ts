import { expect } from 'vitest';
import { test } from '../support/api-test.ts';

const NODES = '/v1/nodes';

test('a service that is one process has one node, which drains and takes runtimes again', async ({
  service: { call },
  workspace,
}) => {
  const { json } = await call('GET', NODES);
  const [{ id }] = json.nodes;
  expect(json).toEqual({
    nodes: [
      {
        id: expect.any(String),
        role: 'all',
        state: 'up',
        build: expect.any(String),
        startedAt: expect.any(String),
        load: { slots: 100, active: 0, waiting: 0, free: 100, warm: 0 },
      },
    ],
  });
  const runtime = await workspace.create();
  for (const _ of ['once', 'again']) {
    expect(await call('POST', `${NODES}/${id}/drain`)).toMatchObject({
      status: 200,
      json: { id, state: 'draining', load: { active: 1, free: 0 } },
    });
  }
  expect(await call('GET', NODES)).toMatchObject({ json: { nodes: [{ id, state: 'draining' }] } });
  const refused = await call('POST', workspace.runtimes, { alias: 'late', kind: 'browser' });
  expect(refused).toMatchObject({ status: 503, json: { code: 'service.shutting_down' } });
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await call('GET', '/readyz')).toMatchObject({ status: 503 });
  expect(await call('GET', `${workspace.runtimes}/${runtime.id}`)).toMatchObject({
    json: { status: 'active' },
  });
  expect(await call('POST', `${NODES}/${id}/undrain`)).toMatchObject({
    status: 200,
    json: { id, state: 'up' },
  });
  expect(await call('GET', '/readyz')).toMatchObject({ status: 200 });
  await workspace.create({ alias: 'late' });
});

test('a node that does not exist is not found', async ({ service: { call } }) => {
  for (const verb of ['drain', 'undrain']) {
    for (const id of ['2f0f3a0e-8f0e-4c6e-9d1a-3f2b8a3c4d5e', 'nonsense']) {
      expect(await call('POST', `${NODES}/${id}/${verb}`)).toMatchObject({
        status: 404,
        json: { code: 'node.not_found' },
      });
    }
  }
});

test('the capacity is told as it is now, with the samples after a time', async ({
  service: { call },
  workspace,
}) => {
  await workspace.create();
  const { status, json } = await call('GET', '/v1/capacity');
  expect(status).toBe(200);
  expect(json).toMatchObject({
    now: {
      total: {
        slots: 100,
        active: 1,
        free: 99,
        pool: { warm: 0, launching: 0 },
        queue: { length: 0, oldestSeconds: 0 },
      },
      nodes: [{ nodeId: expect.any(String), capacity: json.now.total }],
    },
    samples: expect.any(Array),
  });
  await expect
    .poll(async () => (await call('GET', '/v1/capacity')).json.samples.length, { interval: 1000 })
    .toBeGreaterThan(0);
  const [{ at }] = (await call('GET', '/v1/capacity')).json.samples.slice(-1);
  expect((await call('GET', `/v1/capacity?since=${at}`)).json.samples).toEqual([]);
  expect(await call('GET', '/v1/capacity?since=yesterday')).toMatchObject({
    status: 400,
    json: { code: 'request.invalid' },
  });
});

test('a service that is one process has no metrics of a cluster', async ({ service: { call } }) => {
  const { text } = await call('GET', '/metrics');
  expect(text).toContain('bctrl_build_info');
  expect(text).not.toMatch(/bctrl_(?:cluster|node|placements|lease)_/);
});

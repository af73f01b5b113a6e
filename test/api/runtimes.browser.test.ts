import { expect } from 'vitest';
import { contention } from '../support/contention.ts';
import { eventually } from '../support/eventually.ts';
import { openCdp } from '../support/cdp.ts';
import { test } from '../support/test.ts';

test('a runtime is a running browser, recorded with its ids', async ({ service, workspace }) => {
  const alias = 'TestBrowser01';
  const created = await service.call('POST', workspace.runtimes, { alias, kind: 'browser' });
  expect(created).toMatchObject({
    status: 200,
    json: {
      alias,
      kind: 'browser',
      driver: 'playwright',
      status: 'active',
      workspaceId: workspace.id,
      summary: {
        browserRunning: true,
        currentDriver: 'playwright',
        defaultContextId: expect.any(String),
        defaultPageId: expect.any(String),
        launchMode: 'ephemeral',
        profileId: null,
        storageWorkspace: null,
      },
      connection: { cdpUrl: expect.stringMatching(/^ws:/), expiresAt: expect.any(String) },
    },
  });
  const { runtimes } = service.database.db.query;
  expect(await runtimes.findMany()).toContainEqual(
    expect.objectContaining({
      id: created.json.id,
      state: 'running',
      driver: 'playwright',
      launch: { mode: 'ephemeral' },
      defaultContextId: created.json.summary.defaultContextId,
      defaultPageId: created.json.summary.defaultPageId,
    }),
  );
  const { connection, ...rest } = created.json;
  for (const ref of [alias, created.json.id]) {
    const got = await service.call('GET', `${workspace.runtimes}/${ref}`);
    expect(got.json).toMatchObject(rest);
  }
  expect(connection.cdpUrl).toContain(new URL(service.url).host);
});

test('a stopped runtime holds nothing, and stopping it again changes nothing', async ({
  service,
  workspace,
}) => {
  const { id, alias } = await workspace.create();
  const stopped = await workspace.stop(alias);
  expect(stopped).toMatchObject({
    status: 200,
    json: {
      id,
      status: 'stopped',
      summary: {
        browserRunning: false,
        currentDriver: null,
        defaultContextId: null,
        defaultPageId: null,
      },
    },
  });
  expect(stopped.json.connection).toBeUndefined();
  expect((await workspace.stop(id)).json).toEqual(stopped.json);
  expect((await service.call('GET', `${workspace.runtimes}/${id}`)).json).toEqual(stopped.json);
});

test('many stops at once all answer the stopped runtime', async ({ workspace }) => {
  const { id } = await workspace.create();
  const answers = await Promise.all(Array.from({ length: 5 }, () => workspace.stop(id)));
  for (const answer of answers) {
    expect(answer).toMatchObject({ status: 200, json: { id, status: 'stopped' } });
  }
});

test('an alias is taken while its runtime is active, and free again after', async ({
  service,
  workspace,
}) => {
  const first = await workspace.create({ alias: 'one' });
  const body = { alias: 'one', kind: 'browser' };
  expect(await service.call('POST', workspace.runtimes, body)).toMatchObject({
    status: 409,
    json: {
      code: 'runtime.alias_in_use',
      error: expect.stringMatching(`${first.id}.* stop it`),
      details: { runtimeId: first.id, alias: 'one', since: first.createdAt },
    },
  });
  await workspace.stop('one');
  const second = await workspace.create({ alias: 'one' });
  expect(second.id).not.toBe(first.id);
  const newest = await service.call('GET', `${workspace.runtimes}/one`);
  expect(newest.json.id).toBe(second.id);
  const older = await service.call('GET', `${workspace.runtimes}/${first.id}`);
  expect(older.json).toMatchObject({ id: first.id, status: 'stopped' });
});

test('of concurrent creates of one alias exactly one wins', async ({ service, workspace }) => {
  const body = { alias: 'contested', kind: 'browser' };
  const all = await Promise.all(
    Array.from({ length: 8 }, () => service.call('POST', workspace.runtimes, body)),
  );
  const statuses = all.map(({ status }) => status);
  expect(statuses.toSorted((a, b) => a - b)).toEqual([200, ...Array(7).fill(409)]);
});

test('a stop while the browser is launching ends the launch', async ({ service, workspace }) => {
  const body = { alias: 'early', kind: 'browser' };
  const creating = service.call('POST', workspace.runtimes, body);
  await eventually(async () =>
    expect(await service.call('GET', `${workspace.runtimes}/early`)).toMatchObject({ status: 200 }),
  );
  const [created, stopped] = await Promise.all([creating, workspace.stop('early')]);
  expect(stopped).toMatchObject({ status: 200, json: { status: 'stopped' } });
  // The create may have been answered just before the stop.
  if (created.status !== 200) {
    expect(created).toMatchObject({ status: 409, json: { code: 'runtime.stopped' } });
  }
});

test('lists can be filtered by status', async ({ service, workspace }) => {
  const over = await workspace.create();
  await workspace.stop(over.id);
  const live = await workspace.create();
  const ids = async (query: string) => {
    const { json } = await service.call('GET', `${workspace.runtimes}${query}`);
    return json.runtimes.map((runtime: { id: string }) => runtime.id);
  };
  expect(await ids('')).toEqual([live.id, over.id]);
  expect(await ids('?status=active')).toEqual([live.id]);
  expect(await ids('?status=stopped')).toEqual([over.id]);
  expect(await ids('?status=failed')).toEqual([]);
});

test('a record can be deleted once the runtime is over', async ({ service, workspace }) => {
  const { id } = await workspace.create();
  const path = `${workspace.runtimes}/${id}`;
  expect(await service.call('DELETE', path)).toMatchObject({
    status: 409,
    json: { code: 'runtime.active' },
  });
  await workspace.stop(id);
  expect(await service.call('DELETE', path)).toMatchObject({ status: 200, json: { id } });
  expect(await service.call('GET', path)).toMatchObject({ status: 404 });
});

test('a workspace with active runtimes is deleted only by force', async ({
  service,
  workspace,
}) => {
  const { connection } = await workspace.create();
  using client = await openCdp(connection.cdpUrl);
  const closed = new Promise((resolve) => client.socket.once('close', resolve));
  const path = `/v1/workspaces/${workspace.id}`;
  expect(await service.call('DELETE', path)).toMatchObject({
    status: 409,
    json: { code: 'workspace.has_active_runtimes' },
  });
  expect(await service.call('DELETE', `${path}?force=true`)).toMatchObject({ status: 200 });
  await closed;
  expect(await service.call('GET', path)).toMatchObject({ status: 404 });
});

test('the storage a workspace mounts is named in its runtimes', async ({ service, workspace }) => {
  const mounts = { storage: { workspace: 'shared' } };
  await service.call('PATCH', `/v1/workspaces/${workspace.id}`, { mounts });
  expect(await workspace.create()).toMatchObject({ summary: { storageWorkspace: 'shared' } });
});

test('a config may switch features off with null and false', async ({ workspace }) => {
  const config = { proxy: null, humanize: false, solveCaptchas: false };
  await workspace.create({ launch: { mode: 'ephemeral', config, extensionIds: [] } });
});

test('a runtime whose browser exits by itself fails within a second', async ({
  service,
  workspace,
}) => {
  const { id, connection } = await workspace.create();
  using client = await openCdp(connection.cdpUrl);
  client.send('Browser.crash').catch(() => undefined);
  const crashed = performance.now();
  await eventually(
    async () => {
      const { json } = await service.call('GET', `${workspace.runtimes}/${id}`);
      expect(json).toMatchObject({
        status: 'failed',
        summary: { browserRunning: false, defaultPageId: null },
        failure: { code: 'runtime.browser_exited', message: expect.stringContaining('SIG') },
      });
      expect(json.connection).toBeUndefined();
    },
    { interval: 20 },
  );
  expect(performance.now() - crashed).toBeLessThan(1000 * contention());
});

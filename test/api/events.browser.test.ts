import { expect } from 'vitest';
import { openCdp } from '../support/cdp.ts';
import { followEvents } from '../support/event-stream.ts';
import { openSite } from '../support/site.ts';
import { test } from '../support/test.ts';

test('events of a runtime are kept in order, and can be read from a cursor on', async ({
  service,
  workspace,
}) => {
  const { id, connection } = await workspace.create();
  const client = await openCdp(connection.cdpUrl);
  client[Symbol.dispose]();
  const path = `${workspace.runtimes}/${id}/events`;
  await expect
    .poll(async () => (await service.call('GET', path)).json.events.length)
    .toBeGreaterThan(3);
  await workspace.stop(id);
  const { json } = await service.call('GET', path);
  expect(json.events.map(({ type }: { type: string }) => type)).toEqual([
    'runtime.created',
    'runtime.launched',
    'runtime.connected',
    'runtime.disconnected',
    'runtime.stopped',
  ]);
  expect(json.events[2]).toMatchObject({ runtimeId: id, data: { protocol: 'cdp' }, pageId: null });
  const first = await service.call('GET', `${path}?limit=2`);
  expect(first.json).toEqual({ events: json.events.slice(0, 2), nextCursor: json.events[1].id });
  const rest = await service.call('GET', `${path}?after=${first.json.nextCursor}`);
  expect(rest.json).toEqual({ events: json.events.slice(2) });
  for (const body of [{ contextId: '\0' }, { pageId: 'x'.repeat(200) }]) {
    expect(await service.call('POST', `${path}/wait`, body)).toMatchObject({ status: 400 });
  }
  for (const query of ['after=x', 'after=-1', 'limit=0', 'limit=9999', 'since=1']) {
    expect(await service.call('GET', `${path}?${query}`)).toMatchObject({ status: 400 });
  }
});

test('a wait answers with the event as it happens, or with null when time is up', async ({
  service,
  workspace,
}) => {
  const { id, connection, summary } = await workspace.create();
  const wait = (body: object) =>
    service.call('POST', `${workspace.runtimes}/${id}/events/wait`, body);
  expect((await wait({ timeoutMs: 50 })).json).toEqual({ event: null });
  expect(await wait({ eventTypes: ['no.such'] })).toMatchObject({ status: 400 });
  expect(await wait({ timeoutMs: 1e9 })).toMatchObject({ status: 400 });

  using client = await openCdp(connection.cdpUrl);
  const known = await service.call('GET', `${workspace.runtimes}/${id}/events`);
  const after = known.json.events.at(-1).id;
  const next = (eventTypes: string[], more = {}) => wait({ after, eventTypes, ...more });
  const opened = next(['page.opened'], { contextId: summary.defaultContextId });
  const said = next(['console.message']);
  const failed = next(['page.error']);
  const lost = next(['page.request_failed']);
  const site = await openSite(
    '<script>console.warn("low", 7, {a: 1}); setTimeout(() => { throw new Error("broken") })</script><img src="http://127.0.0.1:9/lost.png">',
  );
  const { targetId } = await client.send('Target.createTarget', { url: site });
  expect((await opened).json.event).toMatchObject({ type: 'page.opened', pageId: targetId });
  expect((await said).json.event).toMatchObject({
    pageId: targetId,
    contextId: summary.defaultContextId,
    data: { level: 'warning', text: 'low 7 Object' },
  });
  expect((await failed).json.event).toMatchObject({
    data: { message: expect.stringContaining('Error: broken') },
  });
  expect((await lost).json.event).toMatchObject({
    pageId: targetId,
    data: { url: 'http://127.0.0.1:9/lost.png', message: expect.stringContaining('net::') },
  });
  const loaded = await next(['page.loaded'], { pageId: targetId });
  expect(loaded.json.event).toMatchObject({ type: 'page.loaded', pageId: targetId });

  const stopped = next(['runtime.stopped']);
  await workspace.stop(id);
  expect((await stopped).json.event).toMatchObject({ data: { reason: 'requested' } });
});

test('pages are observed after a restart too, and their odd texts are kept', async ({
  service,
  workspace,
}) => {
  const { id } = await workspace.create();
  const path = `${workspace.runtimes}/${id}`;
  const known = await service.call('GET', `${path}/events`);
  const after = known.json.events.at(-1).id;
  const waiting = service.call('POST', `${path}/events/wait`, {
    after,
    eventTypes: ['console.message'],
    timeoutMs: 20_000,
  });
  const restarted = await service.call('POST', `${path}/restart`);
  using client = await openCdp(restarted.json.connection.cdpUrl);
  const site = await openSite(
    `<script>console.log('a'.repeat(3999) + '\\u{1f600}' + '\\ud83d' + '\\0')</script>`,
  );
  await client.send('Target.createTarget', { url: site });
  expect((await waiting).json.event).toMatchObject({
    type: 'console.message',
    data: { text: `${'a'.repeat(3999)}\ufffd` },
  });
});

test('a HEAD request for a stream ends at once', async ({ service, workspace }) => {
  const { id } = await workspace.create();
  const response = await fetch(`${service.url}${workspace.runtimes}/${id}/events/stream`, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${service.apiKey}` },
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
});

test('page events are recorded only on request', async ({ service, workspace }) => {
  const { id, connection } = await workspace.create();
  using client = await openCdp(connection.cdpUrl);
  await client.send('Target.createTarget', {
    url: await openSite('<script>console.log(1)</script>'),
  });
  await workspace.stop(id);
  const { json } = await service.call('GET', `${workspace.runtimes}/${id}/events`);
  const types: string[] = json.events.map(({ type }: { type: string }) => type);
  expect(types.filter((type) => !type.startsWith('runtime.'))).toEqual([]);
});

test('events are streamed, and a client that comes back misses nothing', async ({
  service,
  workspace,
}) => {
  const { id, alias } = await workspace.create();
  const path = `${workspace.runtimes}/${id}/events/stream`;
  const follow = async (query: string, after: string | undefined, until: string) => {
    const { events } = await followEvents(service, { path: path + query, after, until });
    for (const event of events) expect(event).toMatchObject({ runtimeId: id });
    return events;
  };
  const before = await follow('?after=0', undefined, 'runtime.launched');
  expect(before.map(({ type }) => type)).toEqual(['runtime.created', 'runtime.launched']);
  await workspace.stop(alias);
  const missed = await follow('', before[0]?.id, 'runtime.stopped');
  expect(missed.map(({ type }) => type)).toEqual(['runtime.launched', 'runtime.stopped']);
  const some = await follow('?after=0&eventTypes=runtime.stopped', undefined, 'runtime.stopped');
  expect(some.map(({ type }) => type)).toEqual(['runtime.stopped']);
});

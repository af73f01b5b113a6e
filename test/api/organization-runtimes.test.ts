import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { expect } from 'vitest';
import { test } from '../support/api-test.ts';
import { caller } from '../support/http.ts';
import { followEvents } from '../support/event-stream.ts';
import { addKey } from '../support/keys.ts';
import type { TestService } from '../support/service.ts';
import { createWorkspace } from '../support/test.ts';

const PATH = '/v1/runtimes';

/** The record of a runtime that was up for a minute and is over. */
async function record(
  { database: { db } }: TestService,
  workspaceId: string,
  state: 'stopped' | 'failed' = 'stopped',
): Promise<string> {
  const id = randomUUID();
  // Records of one millisecond are in the order of their ids.
  await delay(2);
  await db.execute(sql`insert into runtimes (id, organization_id, workspace_id, node_id, alias, kind,
      driver, launch, state, created_at, started_at, stopped_at, bytes_in, bytes_out, connections)
    select ${id}::uuid, organization_id, id, gen_random_uuid(), ${`r-${id}`}, 'browser', 'playwright',
      '{"mode":"ephemeral"}', ${state}::runtime_state, clock_timestamp(), now() - interval '60 s', now(), 700, 80, 9
    from workspaces where id = ${workspaceId}`);
  return id;
}

async function note({ database: { db } }: TestService, runtimeId: string, type: string) {
  await db.execute(sql`insert into runtime_events (organization_id, runtime_id, type, data)
    select organization_id, id, ${type}, '{}' from runtimes where id = ${runtimeId}`);
}

test('runtimes of all workspaces are listed in pages, newest first', async ({ service }) => {
  const [one, other] = [await createWorkspace(service), await createWorkspace(service)];
  const made = [];
  for (const { id } of [one, other, one, other, one]) made.push(await record(service, id));
  const seen: string[] = [];
  let query = '?limit=2';
  for (;;) {
    const { json } = await service.call('GET', PATH + query);
    seen.push(...json.runtimes.map(({ id }: { id: string }) => id));
    if (json.nextCursor === undefined) break;
    query = `?limit=2&cursor=${json.nextCursor}`;
  }
  expect(seen.slice(0, 5)).toEqual(made.toReversed());
  expect(new Set(seen).size).toBe(seen.length);
  const failed = await record(service, other.id, 'failed');
  const { json } = await service.call('GET', `${PATH}?status=failed`);
  expect(json.runtimes).toMatchObject([{ id: failed, workspaceId: other.id, status: 'failed' }]);
  expect((await service.callAsOther('GET', PATH)).json).toEqual({ runtimes: [] });
});

test('a key that is limited to workspaces lists only their runtimes', async ({ service }) => {
  const spaces = [];
  for (let n = 0; n < 3; n++) spaces.push(await createWorkspace(service));
  const made = [];
  for (const { id } of spaces) made.push(await record(service, id));
  const workspaceIds = spaces.slice(0, 2).map(({ id }) => id);
  const call = caller(service.url, await addKey(service.database, { workspaceIds }));
  const first = await call('GET', `${PATH}?limit=1`);
  const next = await call('GET', `${PATH}?limit=1&cursor=${first.json.nextCursor}`);
  expect([...first.json.runtimes, ...next.json.runtimes].map(({ id }) => id)).toEqual([
    made[1],
    made[0],
  ]);
  expect(next.json.nextCursor).toBeUndefined();
});

test.for(['status=done', 'limit=0', 'cursor=nonsense', 'workspace=default'])(
  'a list with %s is refused',
  async (query, { service }) => {
    expect(await service.call('GET', `${PATH}?${query}`)).toMatchObject({
      status: 400,
      json: { details: { issues: [{ in: 'query', path: query.split('=')[0] }] } },
    });
  },
);

test('the usage of a runtime is that of its last life', async ({ service, workspace }) => {
  const id = await record(service, workspace.id);
  const path = `${workspace.runtimes}/${id}/usage`;
  expect(await service.call('GET', path)).toMatchObject({
    status: 200,
    json: {
      runtimeId: id,
      generation: 1,
      durationMs: 60_000,
      bytesIn: 700,
      bytesOut: 80,
      connections: 9,
    },
  });
  const { db } = service.database;
  await db.execute(sql`update runtimes set started_at = null, stopped_at = null where id = ${id}`);
  expect(await service.call('GET', path)).toMatchObject({
    json: { startedAt: null, stoppedAt: null, durationMs: 0 },
  });
  await db.execute(sql`update runtimes set started_at = now() - interval '5 s' where id = ${id}`);
  const { json } = await service.call('GET', path);
  expect(json.durationMs).toBeGreaterThanOrEqual(5000);
  expect(await service.call('GET', `${workspace.runtimes}/nobody/usage`)).toMatchObject({
    status: 404,
    json: { code: 'runtime.not_found' },
  });
});

test('events of all runtimes are streamed, and a client that comes back misses nothing', async ({
  service,
}) => {
  const [one, other] = [await createWorkspace(service), await createWorkspace(service)];
  const [mine, theirs] = [await record(service, one.id), await record(service, other.id)];
  const path = '/v1/events/stream';
  const types = ['runtime.created', 'runtime.launched', 'runtime.stopped'];
  for (const type of types) await note(service, type === 'runtime.launched' ? theirs : mine, type);
  const whole = { path: `${path}?after=0`, until: 'runtime.stopped' };
  const { events } = await followEvents(service, whole);
  const ours = events.filter(({ runtimeId }) => [mine, theirs].includes(runtimeId));
  expect(ours.map(({ type }) => type)).toEqual(types);

  const rest = await followEvents(service, { path, after: ours[0]?.id, until: 'runtime.stopped' });
  expect(rest.start).toBe(ours[0]?.id);
  expect(rest.events).toEqual(ours.slice(1));
  const apiKey = await addKey(service.database, { workspaceIds: [one.id] });
  const few = await followEvents(service, { ...whole, apiKey });
  expect(few.events).toEqual([ours[0], ours[2]]);
});

test('a HEAD request for the stream of all events ends at once', async ({ service }) => {
  const response = await fetch(`${service.url}/v1/events/stream`, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${service.apiKey}` },
  });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  expect(await service.call('GET', '/v1/events/stream?after=x')).toMatchObject({ status: 400 });
});

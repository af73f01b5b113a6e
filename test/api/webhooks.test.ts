import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { Webhook as Verifier } from 'standardwebhooks';
import { expect } from 'vitest';
import { appendEvents } from '../../src/db/queries/runtime-events.ts';
import type { NewEvent } from '../../src/runtime-manager/runtime/index.ts';
import { test as base } from '../support/api-test.ts';
import { eventually } from '../support/eventually.ts';
import { caller } from '../support/http.ts';
import { addKey } from '../support/keys.ts';
import { answering, Receiver, type Received } from '../support/receiver.ts';
import type { TestService } from '../support/service.ts';
import { createWorkspace, type TestWorkspace } from '../support/test.ts';

const PATH = '/v1/webhooks';
const test = base.extend('receiver', async ({}, { onCleanup }) => {
  const receiver = await Receiver.open();
  onCleanup(() => receiver[Symbol.asyncDispose]());
  return receiver;
});

/** Only events of a workspace of one's own, so that tests do not see each other's. */
async function createWebhook(
  { call }: TestService,
  { id: workspaceId }: TestWorkspace,
  values: Record<string, unknown>,
) {
  const made = await call('POST', PATH, { events: ['*'], workspaceId, ...values });
  expect(made, made.text).toMatchObject({ status: 200 });
  return made.json;
}

interface Alive {
  id: string;
  organizationId: string;
  /** Has events happen, numbered in their data. */
  happens: (type: NewEvent['type'], ...numbers: number[]) => Promise<void>;
}

async function aliveIn({ database }: TestService, workspace: TestWorkspace): Promise<Alive> {
  const { id } = await workspace.create();
  const [row] = await database.db.execute<{ organization: string }>(
    sql`select organization_id as organization from runtimes where id = ${id}`,
  );
  const organizationId = row?.organization ?? '';
  const happens = async (type: NewEvent['type'], ...numbers: number[]) => {
    const events = numbers.map((nth) => ({ type, data: { nth } }));
    await appendEvents(database.db, { organizationId, id, generation: 1 }, events);
  };
  return { id, organizationId, happens };
}

function numbersOf(messages: Received[]) {
  return messages.flatMap(({ event }) => ('nth' in event.data ? [event.data['nth']] : []));
}

async function webhookOf({ call }: TestService, id: string) {
  return (await call('GET', `${PATH}/${id}`)).json;
}

async function deliveriesOf({ call }: TestService, id: string, query = '') {
  const answer = await call('GET', `${PATH}/${id}/deliveries${query}`);
  expect(answer, answer.text).toMatchObject({ status: 200 });
  return answer.json.deliveries;
}

/** As if so much time had passed since everything about a webhook. */
async function pass({ database: { db } }: TestService, id: string, hours: number) {
  const ago = sql`make_interval(hours => ${hours})`;
  await db.execute(sql`update webhooks set paused_until = null,
    failing_since = failing_since - ${ago} where id = ${id}`);
  await db.execute(sql`update webhook_deliveries set first_attempt_at = first_attempt_at - ${ago},
    next_attempt_at = next_attempt_at - ${ago} where webhook_id = ${id}`);
}

test('a receiver gets what happens, signed as Standard Webhooks says', async ({
  service,
  workspace,
  receiver,
}) => {
  const { secret, ...made } = await createWebhook(service, workspace, {
    url: receiver.url,
    events: ['runtime.*'],
    description: 'billing',
  });
  expect(made).toMatchObject({ status: 'enabled', workspaceId: workspace.id });
  expect(await webhookOf(service, made.id)).toEqual(made);
  const runtime = await workspace.create();
  await workspace.stop(runtime.id);
  await eventually(() => expect(receiver.of('runtime.stopped')).toHaveLength(1));
  const [message] = receiver.of('runtime.stopped');
  expect(new Verifier(secret).verify(message?.body ?? '', message?.headers ?? {})).toEqual(
    message?.event,
  );
  expect(message).toMatchObject({
    id: `msg_${made.id.replaceAll('-', '')}_${message?.event.id}`,
    headers: { 'content-type': 'application/json' },
    event: {
      type: 'runtime.stopped',
      timestamp: expect.any(String),
      runtimeId: runtime.id,
      workspaceId: workspace.id,
      alias: runtime.alias,
      data: { reason: 'requested' },
    },
  });
  await eventually(async () =>
    expect(await deliveriesOf(service, made.id, '?status=delivered&limit=1')).toMatchObject([
      { eventType: 'runtime.stopped', messageId: message?.id, attempts: 1, responseStatus: 204 },
    ]),
  );
});

test('a receiver gets only the events that its webhook names', async ({
  service,
  workspace,
  receiver,
}) => {
  const events = ['download.*', 'runtime.expired'];
  await createWebhook(service, workspace, { url: receiver.url, events });
  const { happens } = await aliveIn(service, workspace);
  await happens('download.started', 1);
  await happens('page.opened', 2);
  await happens('runtime.expired', 3);
  await eventually(() => expect(numbersOf(receiver.received)).toEqual([1, 3]));
  expect(receiver.received).toHaveLength(2);
});

test('what fails is tried again under the same id, and what follows in the runtime waits', async ({
  service,
  workspace,
  receiver,
}) => {
  const { id } = await createWebhook(service, workspace, {
    url: receiver.url,
    events: ['download.*'],
  });
  const [broken, sound] = [await aliveIn(service, workspace), await aliveIn(service, workspace)];
  receiver.answer = (message, response) =>
    answering(message.event.runtimeId === broken.id ? 500 : 204)(message, response);
  await broken.happens('download.started', 1, 2);
  await sound.happens('download.started', 1, 2);
  await eventually(async () =>
    expect(await deliveriesOf(service, id, '?status=pending')).toHaveLength(2),
  );
  await broken.happens('download.finished', 3);
  await sound.happens('download.finished', 3);
  await eventually(() => expect(numbersOf(receiver.of(sound.id))).toEqual([1, 2, 3]));
  expect(numbersOf(receiver.of(broken.id))).toEqual([1]);
  await eventually(async () =>
    expect(await deliveriesOf(service, id, '?status=pending')).toMatchObject([
      { attempts: 0, nextAttemptAt: null },
      { attempts: 0, nextAttemptAt: null },
      { attempts: 1, responseStatus: 500, error: 'status', nextAttemptAt: expect.any(String) },
    ]),
  );
  receiver.answer = answering(200);
  await eventually(() => expect(numbersOf(receiver.of(broken.id))).toEqual([1, 1, 2, 3]));
  const [first, again] = receiver.of(broken.id);
  expect(again).toMatchObject({ id: first?.id, body: first?.body });
  await eventually(async () =>
    expect(await deliveriesOf(service, id, '?status=pending')).toEqual([]),
  );
});

test('a receiver that says when to come back is left alone until then', async ({
  service,
  workspace,
  receiver,
}) => {
  receiver.answer = answering(429, { 'retry-after': '3000' });
  const { id } = await createWebhook(service, workspace, { url: receiver.url });
  const { happens } = await aliveIn(service, workspace);
  await happens('download.started', 1);
  const [failed] = await eventually(async () => {
    const failures = (await deliveriesOf(service, id)).filter(
      ({ attempts }: { attempts: number }) => attempts > 0,
    );
    expect(failures).toMatchObject([{ status: 'pending', responseStatus: 429 }]);
    return failures;
  });
  const inMs = Date.parse(failed.nextAttemptAt) - Date.parse(failed.lastAttemptAt);
  expect(inMs).toBeGreaterThanOrEqual(2_900_000);
  expect(inMs).toBeLessThan(3_600_000);
});

test('a delivery is given up after a day, and the next one of the runtime comes', async ({
  service,
  workspace,
  receiver,
}) => {
  receiver.answer = ({ event }, response) =>
    void response.writeHead(event.data['nth'] === 1 ? 500 : 204).end();
  const { id } = await createWebhook(service, workspace, {
    url: receiver.url,
    events: ['download.*'],
  });
  const { happens } = await aliveIn(service, workspace);
  await happens('download.started', 1, 2);
  await eventually(async () =>
    expect(await deliveriesOf(service, id, '?status=pending')).toHaveLength(2),
  );
  await pass(service, id, 25);
  await eventually(() => expect(numbersOf(receiver.received).at(-1)).toBe(2));
  await eventually(async () =>
    expect(await deliveriesOf(service, id)).toMatchObject([
      { status: 'delivered' },
      { status: 'failed', attempts: 2, error: 'status', nextAttemptAt: null },
    ]),
  );
});

test('a receiver that is gone gets nothing more', async ({ service, workspace, receiver }) => {
  receiver.answer = answering(410);
  const { id } = await createWebhook(service, workspace, { url: receiver.url });
  const { happens } = await aliveIn(service, workspace);
  await eventually(async () =>
    expect(await webhookOf(service, id)).toMatchObject({
      status: 'disabled',
      disabledReason: 'gone',
    }),
  );
  const before = receiver.received.length;
  await happens('download.started', 1);
  const enabled = await service.call('PATCH', `${PATH}/${id}`, { status: 'enabled' });
  expect(enabled.json).toMatchObject({ status: 'enabled', disabledReason: null });
  receiver.answer = answering(204);
  await happens('download.finished', 2);
  await eventually(() => expect(numbersOf(receiver.received.slice(before))).toEqual([2]));
});

test('a webhook that failed for a week is disabled', async ({ service, workspace, receiver }) => {
  receiver.answer = answering(503);
  const { id } = await createWebhook(service, workspace, { url: receiver.url });
  const runtime = await aliveIn(service, workspace);
  await eventually(async () =>
    expect(await webhookOf(service, id)).toMatchObject({ failingSince: expect.any(String) }),
  );
  await eventually(async () => {
    await pass(service, id, 169);
    expect(await webhookOf(service, id)).toMatchObject({
      status: 'disabled',
      disabledReason: 'failing',
    });
  });
  expect(await deliveriesOf(service, id, '?status=pending')).toEqual([]);
  const told = await service.call('GET', `${workspace.runtimes}/${runtime.id}/events`);
  expect(told.json.events).toContainEqual(
    expect.objectContaining({
      type: 'webhook.disabled',
      data: { webhookId: id, reason: 'failing' },
    }),
  );
});

test('after a rotation messages have the signatures of both secrets, for a day', async ({
  service,
  workspace,
  receiver,
}) => {
  const made = await createWebhook(service, workspace, {
    url: receiver.url,
    events: ['download.*'],
  });
  const rotated = (await service.call('POST', `${PATH}/${made.id}/rotate-secret`)).json;
  expect(rotated.secret).not.toBe(made.secret);
  const { happens } = await aliveIn(service, workspace);
  await happens('download.started', 1);
  await eventually(() => expect(receiver.received).toHaveLength(1));
  const [message] = receiver.received;
  for (const { secret } of [made, rotated]) {
    new Verifier(secret).verify(message?.body ?? '', message?.headers ?? {});
  }
  // Whoever delivers for it now goes on with what it was when that began.
  await eventually(async () => {
    const free = await service.database.db.execute(
      sql`update webhooks set previous_until = now()
        where id = ${made.id} and leased_by is null returning id`,
    );
    expect(free).toHaveLength(1);
  });
  await happens('download.finished', 2);
  await eventually(() => expect(receiver.received).toHaveLength(2));
  const later = receiver.received[1];
  new Verifier(rotated.secret).verify(later?.body ?? '', later?.headers ?? {});
  expect(() => new Verifier(made.secret).verify(later?.body ?? '', later?.headers ?? {})).toThrow(
    'No matching signature found',
  );
});

test('a test message tells how it went', async ({ service, workspace, receiver }) => {
  const { id, secret } = await createWebhook(service, workspace, { url: receiver.url });
  const tried = () => service.call('POST', `${PATH}/${id}/test`);
  expect(await tried()).toMatchObject({
    status: 200,
    json: { delivered: true, responseStatus: 204, error: null },
  });
  const [message] = receiver.of('webhook.test');
  new Verifier(secret).verify(message?.body ?? '', message?.headers ?? {});
  receiver.answer = answering(301, { location: `${receiver.url}/elsewhere` });
  expect((await tried()).json).toMatchObject({
    delivered: false,
    responseStatus: 301,
    error: 'redirect',
  });
  expect(receiver.received).toHaveLength(2);
  await receiver[Symbol.asyncDispose]();
  expect((await tried()).json).toMatchObject({
    delivered: false,
    responseStatus: null,
    error: 'connection_refused',
  });
});

test('what a deleted runtime did last is told all the same', async ({
  service,
  workspace,
  receiver,
}) => {
  const { id } = await createWebhook(service, workspace, {
    url: receiver.url,
    events: ['runtime.stopped'],
  });
  await service.database.db.execute(
    sql`update webhooks set paused_until = now() + interval '1 hour' where id = ${id}`,
  );
  const [one, other] = [await workspace.create(), await workspace.create()];
  await workspace.stop(one.id);
  await workspace.stop(other.id);
  await service.call('DELETE', `${workspace.runtimes}/${one.id}`);
  expect(await deliveriesOf(service, id)).toMatchObject([
    { status: 'pending', attempts: 0, nextAttemptAt: expect.any(String) },
  ]);
  await pass(service, id, 0);
  await eventually(() => expect(receiver.received).toHaveLength(2));
  expect(receiver.of(one.id)).toMatchObject([{ event: { alias: one.alias } }]);
});

test('a webhook of all workspaces is told when a workspace is deleted', async ({
  service,
  receiver,
}) => {
  const made = await service.call('POST', PATH, { url: receiver.url, events: ['runtime.stopped'] });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => service.call('DELETE', `${PATH}/${made.json.id}`).then(() => undefined));
  const workspace = await createWorkspace(service);
  const runtime = await workspace.create();
  await service.call('DELETE', `/v1/workspaces/${workspace.id}?force=true`);
  await eventually(() => expect(receiver.of(runtime.id)).toHaveLength(1));
});

test('an url that leads into the network of the service is refused', async ({
  service,
  workspace,
}) => {
  const { port } = new URL(service.url);
  for (const host of ['169.254.169.254', '[::ffff:a9fe:a9fe]', '2852039166', '0xA9FEA9FE']) {
    const refused = await service.call('POST', PATH, {
      url: `http://${host}/`,
      events: ['*'],
      workspaceId: workspace.id,
    });
    expect(refused, host).toMatchObject({
      status: 422,
      json: { code: 'webhook.url_not_allowed', details: { reason: 'forbidden_address' } },
    });
  }
  const own = await service.call('POST', PATH, {
    url: `http://localhost:${port}/v1/webhooks`,
    events: ['*'],
  });
  expect(own).toMatchObject({ status: 422, json: { details: { reason: 'own_port' } } });
  const mail = { url: 'https://example.com:25/', events: ['*'] };
  expect(await service.call('POST', PATH, mail)).toMatchObject({
    status: 422,
    json: { code: 'webhook.url_not_allowed', details: { reason: 'unusual_port' } },
  });
});

test('a request that is not valid is refused, and told what would be', async ({ service }) => {
  const url = 'https://example.com/';
  const refused: [object, string, string][] = [
    [{ url: 'ftp://example.com', events: ['*'] }, 'url', 'Must be an http:// or https:// URL'],
    [
      { url: 'https://a:b@example.com', events: ['*'] },
      'url',
      'Must not contain a user or password',
    ],
    [{ url: `${url}#there`, events: ['*'] }, 'url', 'Must not have a fragment'],
    [{ url, events: [] }, 'events', 'Must not be empty'],
    [{ url, events: ['runtime.stoped'] }, 'events.0', 'Did you mean "runtime.stopped"?'],
    [{ url, events: ['runtimes.*'] }, 'events.0', 'Did you mean "runtime.*"?'],
    [{ url, events: ['run*'] }, 'events.0', 'Groups are runtime.*, page.*'],
  ];
  for (const [body, path, message] of refused) {
    const answer = await service.call('POST', PATH, body);
    expect(answer, answer.text).toMatchObject({
      status: 400,
      json: {
        code: 'request.invalid',
        details: { issues: [{ in: 'body', path, message: expect.stringContaining(message) }] },
      },
    });
  }
});

test("another organization's webhooks are not found, nor those of other workspaces", async ({
  service,
  workspace,
  receiver,
}) => {
  const { id } = await createWebhook(service, workspace, { url: receiver.url });
  const other = await createWorkspace(service);
  const limited = caller(service.url, await addKey(service.database, { workspaceIds: [other.id] }));
  for (const call of [service.callAsOther, limited]) {
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { description: 'mine' }],
      ['POST', '/test', undefined],
      ['POST', '/rotate-secret', undefined],
      ['GET', '/deliveries', undefined],
      ['DELETE', '', undefined],
    ] as const) {
      expect(await call(method, `${PATH}/${id}${path}`, body), path).toMatchObject({
        status: 404,
        json: { code: 'webhook.not_found' },
      });
    }
    expect((await call('GET', PATH)).json.webhooks).toEqual([]);
  }
  const everywhere = { url: receiver.url, events: ['*'] };
  expect(await limited('POST', PATH, everywhere)).toMatchObject({
    status: 403,
    json: { code: 'auth.forbidden' },
  });
  const own = await limited('POST', PATH, { ...everywhere, workspaceId: other.name });
  expect(own.json).toMatchObject({ workspaceId: other.id });
  expect((await limited('GET', PATH)).json.webhooks).toHaveLength(1);
  expect(await service.call('GET', `${PATH}/${randomUUID()}`)).toMatchObject({ status: 404 });
  expect(await service.call('GET', `${PATH}/nothing`)).toMatchObject({ status: 404 });
});

test('a webhook goes with its workspace, and when it is deleted', async ({ service, receiver }) => {
  const workspace = await createWorkspace(service);
  const [one, other] = [
    await createWebhook(service, workspace, { url: receiver.url }),
    await createWebhook(service, workspace, { url: receiver.url }),
  ];
  expect((await service.call('DELETE', `${PATH}/${one.id}`)).json).toMatchObject({ id: one.id });
  expect(await service.call('GET', `${PATH}/${one.id}`)).toMatchObject({ status: 404 });
  await service.call('DELETE', `/v1/workspaces/${workspace.id}`);
  expect(await service.call('GET', `${PATH}/${other.id}`)).toMatchObject({ status: 404 });
});

test('an organization has no more than 100 webhooks, also of those that come together', async ({
  service,
}) => {
  const create = () =>
    service.callAsOther('POST', PATH, { url: 'http://127.0.0.1:8080/', events: ['captcha.*'] });
  const first = await create();
  await service.database.db.execute(sql`
    insert into webhooks (organization_id, url, events, secrets, position)
    select organization_id, url, events, secrets, position from webhooks, generate_series(1, 98)
    where id = ${first.json.id}`);
  const answers = await Promise.all([create(), create(), create()]);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.find(({ status }) => status !== 200)).toMatchObject({
    status: 409,
    json: { code: 'webhook.too_many' },
  });
});

test('secrets are sealed, and neither logs nor errors have them', async ({
  service,
  workspace,
  receiver,
}) => {
  receiver.answer = answering(500);
  const { id, secret } = await createWebhook(service, workspace, { url: receiver.url });
  await aliveIn(service, workspace);
  await eventually(() => expect(receiver.received.length).toBeGreaterThan(0));
  const [row] = await service.database.db.execute<{ text: string }>(
    sql`select webhooks::text as text from webhooks where id = ${id}`,
  );
  const core = secret.replace('whsec_', '');
  expect(row?.text).toContain('sealed:');
  for (const text of [row?.text ?? '', ...service.logged]) expect(text).not.toContain(core);
});

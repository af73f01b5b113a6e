/** Several processes that deliver, and receivers that do not answer. */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import { expect, test as base } from 'vitest';
import { insertOrganization } from '../../../src/db/queries/organizations.ts';
import { createRuntimeStore } from '../../../src/db/queries/runtimes.ts';
import { createDeliveryStore } from '../../../src/db/queries/webhook-deliveries.ts';
import { createWebhookStore } from '../../../src/db/queries/webhooks.ts';
import { EgressPolicy } from '../../../src/runtime-manager/egress/egress-policy.ts';
import { ReservedPorts } from '../../../src/runtime-manager/egress/reserved-ports.ts';
import { WakeUps } from '../../../src/runtime-manager/events/wake-ups.ts';
import { Dispatcher } from '../../../src/runtime-manager/webhooks/dispatcher.ts';
import { generateWebhookSecret } from '../../../src/runtime-manager/webhooks/message.ts';
import { Sender } from '../../../src/runtime-manager/webhooks/sender.ts';
import { openTestDatabase, openTestSecrets } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { Receiver } from '../../support/receiver.ts';
import { insertRecord, newRecord } from '../../support/records.ts';

const MANY = 100;
/** Nothing else is under way. */
const giveWay = () => Promise.resolve();

const test = base.extend('ground', async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  const database = stack.use(await openTestDatabase());
  const secrets = await openTestSecrets(database);
  const { db } = database;
  const events = createRuntimeStore(database, secrets, { maxRuntimesPerOrganization: 100 });
  const webhooks = createWebhookStore(db, secrets);
  const store = createDeliveryStore(database, secrets);
  const { id: organizationId } = await insertOrganization(db, randomUUID());
  const policy = new EgressPolicy({ allow: ['*'], reservedPorts: new ReservedPorts([]) });
  const log = pino({ enabled: false });
  const metrics = { delivered: () => undefined, failed: () => undefined };
  /** A process that delivers. */
  const openDispatcher = () => {
    const sender = stack.use(new Sender({ policy, version: '1' }));
    const wakeUps = stack.use(new WakeUps());
    return stack.use(new Dispatcher({ store, events, wakeUps, sender, metrics, log, giveWay }));
  };
  const openReceiver = async () => stack.use(await Receiver.open());
  const createWebhook = async (url: string) => {
    const made = await webhooks.insert(
      organizationId,
      {
        url,
        events: ['download.*'],
        workspaceId: undefined,
        description: undefined,
        secret: generateWebhookSecret(),
      },
      MANY,
    );
    return made?.id ?? '';
  };
  const createRuntime = () =>
    insertRecord(events, organizationId, newRecord({ nodeId: randomUUID() }));
  /** Numbered events of all these runtimes in turn, each committed on its own. */
  const write = async (runtimes: readonly { id: string }[], from: number, to: number) => {
    for (let nth = from; nth <= to; nth++) {
      for (const { id } of runtimes) {
        const life = { organizationId, id, generation: 1 };
        await events.appendEvents(life, [{ type: 'download.started', data: { nth } }]);
      }
    }
  };
  return { db, store, openDispatcher, openReceiver, createWebhook, createRuntime, write };
});

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, nth) => nth + 1);
}

test('two processes deliver each event once, and in order within a runtime', async ({ ground }) => {
  const receivers = await Promise.all([1, 2, 3, 4].map(() => ground.openReceiver()));
  for (const { url } of receivers) await ground.createWebhook(url);
  const runtimes = await Promise.all([1, 2, 3].map(() => ground.createRuntime()));
  ground.openDispatcher();
  await ground.write(runtimes, 1, 10);
  ground.openDispatcher();
  await ground.write(runtimes, 11, 40);
  for (const receiver of receivers) {
    await eventually(() => expect(receiver.received).toHaveLength(40 * runtimes.length));
    for (const { id } of runtimes) {
      expect(receiver.of(id).map(({ event }) => event.data['nth'])).toEqual(upTo(40));
    }
  }
});

test('a receiver that does not answer delays no other', async ({ ground }) => {
  const [hanging, sound] = [await ground.openReceiver(), await ground.openReceiver()];
  hanging.answer = () => undefined;
  const runtimes = await Promise.all([1, 2, 3].map(() => ground.createRuntime()));
  for (let nth = 0; nth < 20; nth++) await ground.createWebhook(hanging.url);
  await ground.createWebhook(sound.url);
  ground.openDispatcher();
  await ground.write(runtimes, 1, 5);
  await eventually(() => expect(hanging.received.length).toBeGreaterThanOrEqual(20));
  await ground.write(runtimes, 6, 10);
  await eventually(() => expect(sound.received).toHaveLength(30));
  // Of no hanging one is the first request over: nobody waited for it.
  expect(hanging.received).toHaveLength(20 * runtimes.length);
});

test('what a process had begun when it died is delivered by another', async ({ ground }) => {
  const receiver = await ground.openReceiver();
  const webhookId = await ground.createWebhook(receiver.url);
  const runtime = await ground.createRuntime();
  await ground.write([runtime], 1, 3);
  const dead = { by: randomUUID(), forMs: 3000 };
  const [claimed] = await ground.store.claim(dead, { of: undefined, limit: 1 });
  expect(claimed).toMatchObject({ id: webhookId });
  ground.openDispatcher();
  await eventually(() => expect(receiver.received).toHaveLength(3));
  // It comes to life again, and what it says does not count any more.
  const turn = {
    position: '999999',
    records: [],
    failures: 0,
    failingSince: undefined,
    pauseMs: 0,
    hurries: false,
    disabled: undefined,
  };
  expect(await ground.store.renew(webhookId, dead)).toBe(false);
  expect(await ground.store.record(webhookId, dead, turn)).toBeUndefined();
});

test('a process that is shut down gives back what is under way', async ({ ground }) => {
  const receiver = await ground.openReceiver();
  receiver.answer = () => undefined;
  await ground.createWebhook(receiver.url);
  const runtime = await ground.createRuntime();
  const first = ground.openDispatcher();
  await ground.write([runtime], 1, 2);
  await eventually(() => expect(receiver.received).toHaveLength(1));
  await first[Symbol.asyncDispose]();
  receiver.answer = (_message, response) => void response.writeHead(204).end();
  ground.openDispatcher();
  await eventually(() =>
    expect(receiver.of(runtime.id).map(({ event }) => event.data['nth'])).toEqual([1, 1, 2]),
  );
});

test('a webhook that is deleted or disabled meanwhile gets nothing more', async ({ ground }) => {
  const receiver = await ground.openReceiver();
  const webhookId = await ground.createWebhook(receiver.url);
  const answers: (() => void)[] = [];
  receiver.answer = (_message, response) => void answers.push(() => response.writeHead(204).end());
  const runtime = await ground.createRuntime();
  ground.openDispatcher();
  await ground.write([runtime], 1, 1);
  await eventually(() => expect(answers).toHaveLength(1));
  await ground.write([runtime], 2, 3);
  await ground.db.execute(sql`delete from webhooks where id = ${webhookId}`);
  for (const answer of answers) answer();
  const control = await ground.openReceiver();
  await ground.createWebhook(control.url);
  await ground.write([runtime], 4, 4);
  await eventually(() => expect(control.received).toHaveLength(1));
  expect(receiver.received).toHaveLength(1);
});

test('a dead receiver does not fill the database, and gets everything once it is back', async ({
  ground,
}) => {
  const receiver = await ground.openReceiver();
  receiver.answer = (_message, response) => void response.writeHead(500).end();
  const webhookId = await ground.createWebhook(receiver.url);
  const runtimes = await Promise.all([1, 2].map(() => ground.createRuntime()));
  ground.openDispatcher();
  await ground.write(runtimes, 1, 150);
  await eventually(async () => {
    await ground.db.execute(sql`update webhook_deliveries set next_attempt_at = now()
      where next_attempt_at is not null`);
    const [row] = await ground.db.execute<{ failures: number }>(
      sql`select failures from webhooks where id = ${webhookId}`,
    );
    expect(row?.failures).toBeGreaterThanOrEqual(5);
  });
  receiver.received.length = 0;
  receiver.answer = (_message, response) => void response.writeHead(204).end();
  await ground.db.execute(sql`update webhooks set paused_until = null,
    failing_since = now() - interval '1 hour'`);
  for (const { id } of runtimes) {
    await eventually(() =>
      expect(receiver.of(id).map(({ event }) => event.data['nth'])).toEqual(upTo(150)),
    );
  }
  await eventually(async () => {
    const [kept] = await ground.db.execute<{ waiting: number }>(sql`
      select count(*)::integer as waiting from webhook_deliveries where status = 'pending'`);
    expect(kept).toEqual({ waiting: 0 });
  });
});

import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { pino } from 'pino';
import { expect, test as base } from 'vitest';
import { DeliveryThread } from '../../src/api/webhooks/delivery-thread.ts';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { createDeliveryStore } from '../../src/db/queries/webhook-deliveries.ts';
import { createWebhookStore } from '../../src/db/queries/webhooks.ts';
import { EgressPolicy } from '../../src/runtime-manager/egress/egress-policy.ts';
import { ReservedPorts } from '../../src/runtime-manager/egress/reserved-ports.ts';
import { Precedence } from '../../src/runtime-manager/timing/precedence.ts';
import { WakeUps } from '../../src/runtime-manager/events/wake-ups.ts';
import { generateWebhookSecret } from '../../src/runtime-manager/webhooks/message.ts';
import { openTestDatabase, openTestSecrets } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { Receiver } from '../support/receiver.ts';
import { insertRecord, newRecord } from '../support/records.ts';

const NOWHERE = { url: 'postgres://nobody@127.0.0.1:1/none' };

const test = base.extend('ground', async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  const database = stack.use(await openTestDatabase());
  const secrets = await openTestSecrets(database);
  const events = createRuntimeStore(database, secrets, { maxRuntimesPerOrganization: 10 });
  const webhooks = createWebhookStore(database.db, secrets);
  const { id: organizationId } = await insertOrganization(database.db, randomUUID());
  const receiver = stack.use(await Receiver.open());
  const wakeUps = stack.use(new WakeUps());
  const precedence = new Precedence();
  const logged: string[] = [];
  const counted: string[] = [];
  /** Those addresses of the database are told in turn, then its own. */
  const open = (...addresses: { url: string }[]) =>
    stack.use(
      new DeliveryThread({
        get parts() {
          const address = addresses.shift() ?? database.address;
          return {
            address,
            keys: secrets.openingKeys,
            precedence: precedence.shared,
            version: '1',
          };
        },
        store: createDeliveryStore(database, secrets),
        policy: new EgressPolicy({ allow: ['*'], reservedPorts: new ReservedPorts([]) }),
        wakeUps,
        metrics: {
          delivered: () => counted.push('delivered'),
          failed: (outcome) => counted.push(outcome),
        },
        log: pino({}, { write: (line: string) => logged.push(line) }),
      }),
    );
  const createWebhook = async (url = receiver.url) => {
    const values = { url, events: ['*'], workspaceId: undefined, description: undefined };
    await webhooks.insert(organizationId, { ...values, secret: generateWebhookSecret() }, 10);
  };
  const runtime = await insertRecord(events, organizationId, newRecord({ nodeId: randomUUID() }));
  const happens = async () => {
    const life = { organizationId, id: runtime.id, generation: 1 };
    await events.appendEvents(life, [{ type: 'download.started', data: {} }]);
    wakeUps.wake(runtime);
  };
  return { open, createWebhook, happens, receiver, logged, counted };
});

/** How many threads of this process let others go first. */
async function yieldingThreads(): Promise<number> {
  const ids = await readdir('/proc/self/task');
  const stats = await Promise.all(
    ids.map((id) => readFile(`/proc/self/task/${id}/stat`, 'utf8').catch(() => '')),
  );
  // The 19th field, counted from behind the name, which may have spaces.
  return stats.filter((stat) => Number(stat.split(') ').at(-1)?.split(' ')[16]) > 0).length;
}

test('there is a thread from the first webhook on, and it yields to others', async ({ ground }) => {
  const before = await yieldingThreads();
  const thread = ground.open();
  await ground.happens();
  expect(await yieldingThreads()).toBe(before);
  await ground.createWebhook();
  await ground.happens();
  await eventually(() => expect(ground.receiver.received).toHaveLength(1));
  expect(await yieldingThreads()).toBe(before + 1);
  await eventually(() => expect(ground.counted).toEqual(['delivered']));
  await thread[Symbol.asyncDispose]();
  expect(await yieldingThreads()).toBe(before);
  expect(ground.logged).toEqual([]);
});

test('a thread that fails is told of, and replaced', async ({ ground }) => {
  await ground.createWebhook();
  ground.open(NOWHERE);
  await ground.happens();
  await eventually(() => expect(ground.receiver.received).toHaveLength(1));
  expect(ground.logged).toEqual([
    expect.stringContaining('the thread that delivers to webhooks has ended'),
  ]);
});

test('the policy of the service is that of the thread', async ({ ground }) => {
  ground.open();
  await ground.createWebhook('http://169.254.169.254/');
  await ground.createWebhook('http://nowhere.invalid/');
  await ground.happens();
  await eventually(() => expect(ground.counted).toEqual(['retried', 'retried']));
});

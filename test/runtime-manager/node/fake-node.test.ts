import { present } from '../../support/records.ts';
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { expect, inject, onTestFinished, test } from 'vitest';
import { insertOrganization } from '../../../src/db/queries/organizations.ts';
import { createRuntimeStore } from '../../../src/db/queries/runtimes.ts';
import { Locales } from '../../../src/runtime-manager/browser/locales.ts';
import { WakeUps } from '../../../src/runtime-manager/events/wake-ups.ts';
import { openTestDatabase, openTestSecrets } from '../../support/database.ts';
import { FakeNode } from '../../support/fake-node.ts';
import {
  bodyOf,
  connectTo,
  orderOf,
  requestOf,
  ticketOf,
  type NodeUnderTest,
} from '../../support/node-under-test.ts';
import { testRuntimeNode } from './runtime-node.contract.ts';

const MEGABYTE = 1_000_000;

async function openFakeNode(): Promise<NodeUnderTest> {
  const database = await openTestDatabase();
  const secrets = await openTestSecrets(database);
  const store = createRuntimeStore(database, secrets, { maxRuntimesPerOrganization: 100 });
  const node = new FakeNode({
    nodeId: randomUUID(),
    store,
    wakeUps: new WakeUps(),
    locales: await Locales.read(inject('chromiumPath')),
    log: pino({ level: 'silent' }),
  });
  return {
    node,
    database,
    store,
    openEcho: async () => ({ ask: (text) => text, heard: (message) => message }),
    openLargeRequest: async (_, bytes) => {
      const chunks = chunksOf(bytes);
      return {
        method: 'POST',
        path: '/anything',
        chunks,
        check: async (response) => {
          const got = Buffer.from(await response.arrayBuffer());
          if (!got.equals(Buffer.concat(chunks))) throw new Error('it is not what was sent');
        },
      };
    },
    [Symbol.asyncDispose]: async () => {
      await node[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

function chunksOf(bytes: number): Buffer[] {
  return Array.from({ length: bytes / MEGABYTE }, (_, nth) => Buffer.alloc(MEGABYTE, nth));
}

testRuntimeNode(openFakeNode);

async function openRuntime() {
  const subject = await openFakeNode();
  onTestFinished(() => subject[Symbol.asyncDispose]());
  const { id } = await insertOrganization(subject.database.db, randomUUID());
  return { node: subject.node, runtime: present(await subject.node.create(orderOf(id), {})) };
}

test('a body is taken no faster than what comes back is read', async () => {
  const { node, runtime } = await openRuntime();
  const sent = bodyOf(chunksOf(50 * MEGABYTE));
  const response = await node.answer(ticketOf(runtime), requestOf({ body: sent.body }));
  expect(sent.taken).toBeLessThanOrEqual(1);
  let read = 0;
  for await (const chunk of response.body ?? []) {
    read++;
    expect(chunk).toHaveLength(MEGABYTE);
    expect(sent.taken - read).toBeLessThanOrEqual(1);
  }
  expect(read).toBe(50);
});

test('a client that reads nothing cannot send on and on', async () => {
  const { node, runtime } = await openRuntime();
  const { socket, opened } = await connectTo(node, ticketOf(runtime));
  await opened;
  socket.pause();
  const message = Buffer.alloc(MEGABYTE);
  const messages = 100;
  let taken = 0;
  for (let nth = 0; nth < messages; nth++) socket.send(message, () => void taken++);
  // What is taken fits into the buffers of the sockets; the rest waits here.
  let before = -1;
  await expect
    .poll(
      () => {
        const isStill = taken === before;
        before = taken;
        return isStill;
      },
      { interval: 250 },
    )
    .toBe(true);
  expect(taken).toBeLessThan(messages / 2);
  let heard = 0;
  const all = new Promise<void>((resolve) => {
    socket.on('message', () => ++heard === messages && resolve());
  });
  socket.resume();
  await all;
  expect(taken).toBe(messages);
});

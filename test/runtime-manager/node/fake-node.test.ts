import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { insertOrganization } from '../../../src/db/queries/organizations.ts';
import { chunksOf, openFakeNodeUnderTest } from '../../support/fake-node-under-test.ts';
import { nodeTest } from '../../support/node-test.ts';
import { bodyOf, connectTo, orderOf, requestOf, ticketOf } from '../../support/node-under-test.ts';
import { present } from '../../support/records.ts';
import { testRuntimeNode } from './runtime-node.contract.ts';

const MEGABYTE = 1_000_000;

testRuntimeNode(nodeTest(openFakeNodeUnderTest));

async function openRuntime() {
  const subject = await openFakeNodeUnderTest();
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

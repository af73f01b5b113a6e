import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { insertOrganization } from '../../../src/db/queries/organizations.ts';
import { LocalBus } from '../../../src/runtime-manager/cluster/local-bus.ts';
import { NodeServer } from '../../../src/runtime-manager/cluster/node-server.ts';
import { RemoteNode } from '../../../src/runtime-manager/cluster/remote-node.ts';
import { openFakeNodeUnderTest } from '../../support/fake-node-under-test.ts';
import { orderOf, type NodeUnderTest } from '../../support/node-under-test.ts';
import { testRuntimeNode } from '../node/runtime-node.contract.ts';

const log = pino({ level: 'silent' });

interface RemoteNodeUnderTest extends NodeUnderTest {
  bus: LocalBus;
  /** Any node, by its id. */
  open: (id: string) => RemoteNode;
}

/** A node as another process sees it. */
async function openRemoteNode(): Promise<RemoteNodeUnderTest> {
  const subject = await openFakeNodeUnderTest();
  const { own, store } = subject;
  const bus = new LocalBus();
  const server = new NodeServer({ bus, node: own, log });
  const open = (id: string) =>
    new RemoteNode({
      id,
      bus,
      store,
      placeMs: 60_000,
      gone: new AbortController().signal,
      plane: {
        connect: (_, ticket, asked) => own.connect(ticket, asked),
        answer: (_, ticket, asked) => own.answer(ticket, asked),
      },
    });
  const end = () => subject.node[Symbol.asyncDispose]();
  return {
    ...subject,
    bus,
    open,
    node: Object.assign(open(own.id), { [Symbol.asyncDispose]: end }),
    [Symbol.asyncDispose]: async () => {
      server[Symbol.dispose]();
      await subject[Symbol.asyncDispose]();
    },
  };
}

testRuntimeNode(openRemoteNode);

async function openTenant() {
  const subject = await openRemoteNode();
  onTestFinished(() => subject[Symbol.asyncDispose]());
  const { id } = await insertOrganization(subject.database.db, 'an organization');
  return { ...subject, order: orderOf(id), organizationId: id };
}

test('a runtime whose answer does not reach the asker is ended', async () => {
  const { bus, node, order, store, organizationId } = await openTenant();
  const made = node.create(order, {});
  bus.isConnected = false;
  await expect(made).rejects.toMatchObject({ code: 'service.unavailable' });
  await expect
    .poll(() => store.find(organizationId, 'default', order.runtime.id))
    .toMatchObject({ state: 'failed', failure: { code: 'runtime.abandoned' } });
});

test('a node that nobody serves is out of reach at once, and one without a bus is not known', async () => {
  const { bus, node, order, open } = await openTenant();
  const absent = open(randomUUID());
  await expect(absent.create(order, {})).rejects.toMatchObject({ code: 'runtime.unreachable' });
  bus.isConnected = false;
  await expect(node.create(order, {})).rejects.toMatchObject({ code: 'service.unavailable' });
});

import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { insertOrganization } from '../../../src/db/queries/organizations.ts';
import { orderOf } from '../../support/node-under-test.ts';
import { testRuntimeNode } from '../node/runtime-node.contract.ts';
import { openRemoteNode } from './open-remote-node.ts';

testRuntimeNode(() => openRemoteNode());

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

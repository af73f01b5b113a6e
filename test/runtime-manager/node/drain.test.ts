import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { insertOrganization } from '../../../src/db/queries/organizations.ts';
import { Drain } from '../../../src/runtime-manager/node/drain.ts';
import { openFakeNodeUnderTest } from '../../support/fake-node-under-test.ts';
import { orderOf } from '../../support/node-under-test.ts';
import { present } from '../../support/records.ts';

const REQUESTED = { to: 'stopped', reason: 'requested' } as const;

async function openDrain(limitMs: number) {
  const subject = await openFakeNodeUnderTest();
  onTestFinished(() => subject[Symbol.asyncDispose]());
  const { node, store, database } = subject;
  const drain = new Drain({ node, limitMs, log: pino({ level: 'silent' }) });
  onTestFinished(() => drain[Symbol.dispose]());
  const { id } = await insertOrganization(database.db, 'an organization');
  return {
    node,
    drain,
    create: async () => present(await node.create(orderOf(id), {})),
    endOf: async (runtimeId: string) => (await store.find(id, 'default', runtimeId))?.stopReason,
  };
}

test('a drain for good is over with the last runtime, and nobody undoes it', async () => {
  const { node, drain, create, endOf } = await openDrain(0);
  const [first, second] = [await create(), await create()];
  let isOver = false;
  const finished = drain.finish().then(() => (isOver = true));
  expect(drain.undo()).toBe(false);
  await expect(create()).rejects.toMatchObject({ code: 'service.shutting_down' });
  await node.stop(first, REQUESTED);
  expect(isOver).toBe(false);
  await node.stop(second, REQUESTED);
  await finished;
  expect(await endOf(second.id)).toBe('requested');
});

test('what is left when the limit is over is stopped as drained', async () => {
  const { drain, create, endOf } = await openDrain(200);
  const runtime = await create();
  await drain.finish();
  await expect.poll(() => endOf(runtime.id)).toBe('drained');
});

test('a drain that was undone stops nothing', async () => {
  const { drain, create, endOf } = await openDrain(200);
  const runtime = await create();
  const changes = [drain.begin(), drain.begin(), drain.undo(), drain.undo()];
  expect(changes).toEqual([true, false, true, false]);
  await delay(400);
  expect(await endOf(runtime.id)).toBeUndefined();
  expect(await create()).toMatchObject({ state: 'running' });
});

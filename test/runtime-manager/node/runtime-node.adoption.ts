import { randomUUID } from 'node:crypto';
import { expect, vi } from 'vitest';
import type { NodeTest, Tenant } from '../../support/node-test.ts';
import { orderOf } from '../../support/node-under-test.ts';
import { insertRecord } from '../../support/records.ts';

const REQUESTED = { to: 'stopped', reason: 'requested' } as const;

/** A runtime that waits for any node; the process of its client holds it meanwhile. */
function queue({ organizationId, store }: Tenant) {
  const { runtime } = orderOf(organizationId);
  const waits = { nodeId: randomUUID(), state: 'accepted', waits: true } as const;
  return insertRecord(store, organizationId, { ...runtime, ...waits });
}

/** The browsers of tests before may be on their way out. */
async function untilEmpty(own: Tenant['own']): Promise<void> {
  await expect.poll(() => own.load.active).toBe(0);
}

/** How a node takes runtimes that wait for any. */
export function testAdoption(test: NodeTest): void {
  test('a runtime that waits for any node is adopted, and runs for whoever waited', async ({
    tenant,
  }) => {
    const { own, node, store } = tenant;
    await untilEmpty(own);
    const queued = await queue(tenant);
    expect(await own.adopt(() => store.pull(own))).toBe('adopted');
    const joined = await tenant.start(queued);
    expect(joined).toMatchObject({ id: queued.id, nodeId: node.id, state: 'running' });
    expect(own.load.active).toBe(1);
    expect(await tenant.find(queued)).toEqual(joined);
    expect(await node.stop(joined, REQUESTED)).toMatchObject({ state: 'stopped' });
  });

  test('a node that finds nobody who waits is as it was', async ({ tenant: { own, store } }) => {
    await untilEmpty(own);
    const load = own.load;
    const look = vi.fn();
    using _looks = own.onRoom(look);
    expect(await own.adopt(() => store.pull(own))).toBe('nobody_waits');
    expect(own.load).toMatchObject({ active: load.active, free: load.free });
    expect(look).not.toHaveBeenCalled();
  });

  test('a node that drains, or is taken for lost, adopts nothing', async ({ tenant }) => {
    const { own, store } = tenant;
    const queued = await queue(tenant);
    const adopt = () => own.adopt(() => store.pull(own));
    own.drain();
    expect(await adopt()).toBe('no_room');
    own.undrain();
    await own.fence();
    expect(await adopt()).toBe('no_room');
    own.resume();
    expect(await tenant.find(queued)).toMatchObject({ state: 'accepted' });
    expect(await adopt()).toBe('adopted');
    await tenant.start(queued);
  });

  test('a pull that fails leaves its place', async ({ tenant: { own } }) => {
    await untilEmpty(own);
    const failing = own.adopt(async () => {
      throw new Error('the database is away');
    });
    await expect(failing).rejects.toThrow('the database is away');
    expect(own.load.active).toBe(0);
  });

  test('whoever comes while a runtime is being adopted joins it, or stops it', async ({
    tenant,
  }) => {
    const { own, store, node } = tenant;
    for (const come of ['start', 'stop'] as const) {
      const queued = await queue(tenant);
      const pulled = Promise.withResolvers<void>();
      const gate = Promise.withResolvers<void>();
      const adopted = own.adopt(async () => {
        const runtime = await store.pull(own);
        pulled.resolve();
        await gate.promise;
        return runtime;
      });
      await pulled.promise;
      const came = come === 'start' ? tenant.start(queued) : node.stop(queued, REQUESTED);
      gate.resolve();
      expect(await came).toMatchObject({ state: come === 'start' ? 'running' : 'stopped' });
      expect(await adopted).toBe('adopted');
      await node.stop(queued, REQUESTED);
    }
  });

  test('an adopted runtime that nobody comes for is given up', async ({ tenant }) => {
    const { own, store } = tenant;
    const queued = await queue(tenant);
    await own.adopt(() => store.pull(own));
    await expect.poll(() => tenant.find(queued)).toMatchObject({ state: 'running' });
    await expect
      .poll(() => tenant.find(queued))
      .toMatchObject({ state: 'failed', failure: { code: 'runtime.abandoned' } });
  });

  test('while others wait, orders that may not wait are declined, and what runs is joined', async ({
    tenant,
  }) => {
    const { own } = tenant;
    const runtime = await tenant.create();
    own.othersWait = true;
    await expect(tenant.create({}, { mayWait: false })).rejects.toMatchObject({
      code: 'runtime.no_capacity',
    });
    expect(await tenant.start(runtime, { mayWait: false })).toMatchObject({ id: runtime.id });
    own.othersWait = false;
    expect(await tenant.create({}, { mayWait: false })).toMatchObject({ state: 'running' });
  });

  test('a node tells when there may be room again', async ({ tenant }) => {
    const { own, node } = tenant;
    const runtime = await tenant.create();
    const free = own.load.free;
    const room = Promise.withResolvers<void>();
    using _looks = own.onRoom(() => own.load.free > free && room.resolve());
    await node.stop(runtime, REQUESTED);
    await room.promise;
  });
}

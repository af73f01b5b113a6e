import { expect, onTestFinished } from 'vitest';
import type { NodeTest } from '../../support/node-test.ts';
import { testAdoption } from './runtime-node.adoption.ts';
import { testConnections } from './runtime-node.connections.ts';
import { testLives } from './runtime-node.lives.ts';
import { testStreams } from './runtime-node.streams.ts';

const CDP = {
  protocol: 'cdp',
  access: 'control',
  expiresAt: new Date(Date.now() + 60_000),
} as const;

/** Registers what every implementation of `RuntimeNode` has to do. */
export function testRuntimeNode(test: NodeTest): void {
  testLives(test);
  testAdoption(test);
  testConnections(test);
  testStreams(test);

  test('a node that drains refuses new runtimes, and those that it has go on', async ({
    tenant,
  }) => {
    const { own, node } = tenant;
    const [runtime, over] = [await tenant.create(), await tenant.create()];
    await node.stop(over, { to: 'stopped', reason: 'requested' });
    own.drain();
    onTestFinished(() => own.undrain());
    expect(own).toMatchObject({ isDraining: true, load: { free: 0, warm: 0 } });
    expect(await own.isReady()).toBe(false);
    const refusal = { code: 'service.shutting_down' };
    await expect(tenant.create()).rejects.toMatchObject(refusal);
    await expect(tenant.start({ ...over, generation: 2 })).rejects.toMatchObject(refusal);
    expect(await tenant.start(runtime)).toMatchObject({ id: runtime.id, state: 'running' });
    expect(await node.createConnection(runtime, CDP)).toMatchObject({ protocol: 'cdp' });
    own.undrain();
    expect(await tenant.create()).toMatchObject({ state: 'running' });
  });

  // The last one, since the node takes nothing more then.
  test('a node that ends stops its runtimes, and refuses more', async ({ tenant }) => {
    const runtime = await tenant.create();
    const ended = tenant.node[Symbol.asyncDispose]();
    await expect(tenant.create()).rejects.toMatchObject({ code: 'service.shutting_down' });
    await ended;
    expect(await tenant.find(runtime)).toMatchObject({ state: 'stopped', stopReason: 'shutdown' });
    expect(await tenant.store.listActive(tenant.node.id)).toEqual([]);
    expect(await tenant.own.isReady()).toBe(false);
    expect(await tenant.own.adopt(() => tenant.store.pull(tenant.own))).toBe('no_room');
  });
}

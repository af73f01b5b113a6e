import { expect } from 'vitest';
import { nodeTest } from '../../support/node-test.ts';
import type { NodeUnderTest } from '../../support/node-under-test.ts';
import { testAdoption } from './runtime-node.adoption.ts';
import { testConnections } from './runtime-node.connections.ts';
import { testLives } from './runtime-node.lives.ts';
import { testStreams } from './runtime-node.streams.ts';

/** Registers what every implementation of `RuntimeNode` has to do. */
export function testRuntimeNode(open: () => Promise<NodeUnderTest>): void {
  const test = nodeTest(open);
  testLives(test);
  testAdoption(test);
  testConnections(test);
  testStreams(test);

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

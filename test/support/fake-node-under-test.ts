import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { inject } from 'vitest';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { readLanguages } from '../../src/runtime-manager/browser/locales.ts';
import { WakeUps } from '../../src/runtime-manager/events/wake-ups.ts';
import { openTestDatabase, openTestSecrets } from './database.ts';
import { FakeNode, type FakeNodeParts } from './fake-node.ts';
import type { NodeUnderTest } from './node-under-test.ts';

const MEGABYTE = 1_000_000;

export interface FakeNodeUnderTest extends NodeUnderTest {
  node: FakeNode;
}

/** A node without browsers over a database of its own; what is sent to it comes back. */
export async function openFakeNodeUnderTest(
  differs: Partial<FakeNodeParts> = {},
): Promise<FakeNodeUnderTest> {
  const database = await openTestDatabase();
  const secrets = await openTestSecrets(database);
  const store = createRuntimeStore(database, secrets, { maxRuntimesPerOrganization: 100 });
  const node = new FakeNode({
    nodeId: randomUUID(),
    store,
    wakeUps: new WakeUps(),
    languages: await readLanguages(inject('chromiumPath')),
    log: pino({ level: 'silent' }),
    ...differs,
  });
  return {
    node,
    own: node,
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

export function chunksOf(bytes: number): Buffer[] {
  return Array.from({ length: bytes / MEGABYTE }, (_, nth) => Buffer.alloc(MEGABYTE, nth));
}

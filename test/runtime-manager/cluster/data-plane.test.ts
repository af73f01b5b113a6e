import { describe } from 'vitest';
import type { RuntimeNode } from '../../../src/runtime-manager/node/runtime-node.ts';
import {
  openFakeNodeUnderTest,
  type FakeNodeUnderTest,
} from '../../support/fake-node-under-test.ts';
import { nodeTest } from '../../support/node-test.ts';
import { testConnections } from '../node/runtime-node.connections.ts';
import { testStreams } from '../node/runtime-node.streams.ts';
import { makeCertificates, openPlane, type Certificates } from './data-plane-support.ts';

/** A node whose clients come over the data plane; everything else is asked of it directly. */
async function openFarNode(certificates?: Certificates): Promise<FakeNodeUnderTest> {
  const subject = await openFakeNodeUnderTest();
  const { client, target, close } = await openPlane(subject.node, { certificates });
  const streams: Pick<RuntimeNode, 'connect' | 'answer'> = {
    connect: (ticket, asked) => client.connect(target, ticket, asked),
    answer: (ticket, asked) => client.answer(target, ticket, asked),
  };
  const node = new Proxy(subject.node, {
    get: (near, name) => {
      const value: unknown = Reflect.get(name in streams ? streams : near, name);
      return typeof value === 'function' ? value.bind(near) : value;
    },
  });
  return {
    ...subject,
    node,
    [Symbol.asyncDispose]: async () => {
      await close();
      await subject[Symbol.asyncDispose]();
    },
  };
}

async function openFarNodeOverTls(): Promise<FakeNodeUnderTest> {
  // They are read when the two ends are opened.
  await using certificates = await makeCertificates();
  return await openFarNode(certificates);
}

const plain = nodeTest(() => openFarNode());
const secured = nodeTest(openFarNodeOverTls);

describe('over plain TCP', () => {
  testConnections(plain);
  testStreams(plain);
});

describe('over TLS', () => {
  testConnections(secured);
  testStreams(secured);
});

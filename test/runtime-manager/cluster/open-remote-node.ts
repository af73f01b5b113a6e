import { pino } from 'pino';
import type { Bus } from '../../../src/runtime-manager/cluster/bus.ts';
import { LocalBus } from '../../../src/runtime-manager/cluster/local-bus.ts';
import { LineServer } from '../../../src/runtime-manager/cluster/lines/line-server.ts';
import { NodeServer } from '../../../src/runtime-manager/cluster/node-server.ts';
import { RemoteNode } from '../../../src/runtime-manager/cluster/remote-node.ts';
import type { FakeNodeParts } from '../../support/fake-node.ts';
import { openFakeNodeUnderTest } from '../../support/fake-node-under-test.ts';
import type { NodeUnderTest } from '../../support/node-under-test.ts';

const log = pino({ level: 'silent' });

export interface RemoteNodeUnderTest extends NodeUnderTest {
  bus: LocalBus;
  /** Any node, by its id. */
  open: (id: string) => RemoteNode;
}

/** How the two ends speak, where one is of another version, and so of another build. */
export interface Ends {
  asker?: (bus: Bus) => Bus;
  node?: (bus: Bus) => Bus;
}

const OURS = 'ours';

/** A node as another process sees it. */
export async function openRemoteNode(
  { asker = same, node = same }: Ends = {},
  differs: Partial<FakeNodeParts> = {},
): Promise<RemoteNodeUnderTest> {
  const subject = await openFakeNodeUnderTest(differs);
  const { own, store } = subject;
  const bus = new LocalBus();
  const server = new NodeServer({
    bus: node(bus),
    lines: new LineServer(log),
    node: own,
    build: node === same ? OURS : 'another',
    log,
  });
  const open = (id: string) =>
    new RemoteNode({
      id,
      bus: asker(bus),
      orders: asker(bus),
      store,
      build: asker === same ? OURS : 'another',
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

function same(bus: Bus): Bus {
  return bus;
}
